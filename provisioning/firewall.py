"""The packet filter of a box as an nftables ruleset: what may be reached from outside, and nothing else.

Syntax of nft(8). Everything that comes in is dropped but answers to what the box asked, its own loopback, ICMP as far
as IP needs it (RFC 4890), and the openings named here. Multicast DNS is neither heard nor said. An opening has limits
per sender, kept by the kernel before a process of ours sees anything: connections at once, and new ones a second.

It writes text and touches no kernel; `sekisho-firewall.service` loads the file.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from edge.errors import RequestRefused

AT_ONCE = 64  # connections of one sender: a browser takes 6, a handheld 1 to 2, a proxy for all handhelds a few dozen
NEW_A_SECOND = 30  # of one sender; a busy handheld scans twice a second
_IPV6_SENDER = "ffff:ffff:ffff:ffff::"  # one host has a /64 of addresses to itself (RFC 4291, RFC 8981)
_OPENING = re.compile(r"(tcp|udp)/([0-9]{1,5})")
_ICMP = "destination-unreachable, time-exceeded, parameter-problem"
_ICMPV6 = "packet-too-big, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert"
_PORTS = range(1, 65_536)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Opening:
    """One port that may be reached."""

    protocol: Literal["tcp", "udp"]
    port: int

    @classmethod
    def parse(cls, text: str) -> Opening:
        """An opening such as "tcp/8080".

        Raises:
            RequestRefused: request_opening.
        """
        found = _OPENING.fullmatch(text)
        if found is None or int(found[2]) not in _PORTS:
            raise RequestRefused(
                "request_opening",
                f"An opening must be tcp/PORT or udp/PORT with a port of 1 to 65535, got {text[:80]!r}.",
                hint="For instance tcp/8080.",
            )
        return cls("tcp" if found[1] == "tcp" else "udp", int(found[2]))


def network(text: str) -> Network:
    """An IP network such as "192.0.2.0/24"; a lone address is a network of one.

    Raises:
        RequestRefused: request_network.
    """
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise RequestRefused(
            "request_network",
            f"A network must be an address and its prefix, got {text[:80]!r}: {error}.",
            hint="For instance 192.0.2.0/24.",
        ) from error


def ruleset(openings: tuple[Opening, ...], senders: tuple[Network, ...] = ()) -> str:
    """The whole ruleset, to be loaded in one transaction; it replaces its own table only.

    `senders` may use the openings; without any, every address that reaches the box may.
    """
    rules = [rule for opening in openings for rule in _rules(opening, senders)]
    sets = [line for opening in openings for line in _sets(opening)]
    return "\n".join(
        [
            "#!/usr/sbin/nft -f",
            "# Written by `sekisho provision firewall`; the next run of it writes it again.",
            "table inet sekisho",
            "delete table inet sekisho",
            "table inet sekisho {",
            *(f"    {line}" for line in sets),
            "    chain input {",
            "        type filter hook input priority filter; policy drop;",
            '        iif "lo" accept',
            "        ct state established,related accept",
            "        ct state invalid drop",
            '        udp dport { 5353, 5355 } drop comment "multicast DNS and LLMNR are off"',
            f"        icmp type {{ {_ICMP}, echo-request }} limit rate 10/second accept",
            f"        icmpv6 type {{ {_ICMP}, {_ICMPV6} }} accept",
            "        icmpv6 type echo-request limit rate 10/second accept",
            '        udp sport 67 udp dport 68 accept comment "DHCP"',
            '        ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment "DHCPv6"',
            *(f"        {rule}" for rule in rules),
            "    }",
            "    chain forward {",
            "        type filter hook forward priority filter; policy drop;",
            "    }",
            "    chain output {",
            "        type filter hook output priority filter; policy accept;",
            '        udp dport { 5353, 5355 } drop comment "multicast DNS and LLMNR are off"',
            "    }",
            "}",
            "",
        ]
    )


def _sets(opening: Opening) -> tuple[str, ...]:
    name = f"{opening.protocol}_{opening.port}"
    made = []
    for family in ("ip", "ip6"):
        kind = "ipv4_addr" if family == "ip" else "ipv6_addr"
        limits = ("at_once", "new") if opening.protocol == "tcp" else ("new",)
        for limit in limits:
            ends = "" if limit == "at_once" else " timeout 10s;"
            made.append(f"set {name}_{limit}_{family} {{ type {kind}; size 4096; flags dynamic;{ends} }}")
    return tuple(made)


def _rules(opening: Opening, senders: tuple[Network, ...]) -> tuple[str, ...]:
    name, told = f"{opening.protocol}_{opening.port}", f"{opening.protocol} dport {opening.port}"
    made = []
    for version, family in ((4, "ip"), (6, "ip6")):
        mine = [str(sender) for sender in senders if sender.version == version]
        if senders and not mine:
            continue
        which = f"{family} saddr {{ {', '.join(mine)} }} " if mine else f"meta nfproto ipv{version} "
        who = "ip saddr" if version == 4 else f"ip6 saddr & {_IPV6_SENDER}"  # noqa: PLR2004 - of IP
        if opening.protocol == "tcp":
            made.append(
                f"{which}{told} ct state new add @{name}_at_once_{family} {{ {who} ct count over {AT_ONCE} }} drop"
            )
        made.append(
            f"{which}{told} ct state new update @{name}_new_{family}"
            f" {{ {who} limit rate over {NEW_A_SECOND}/second burst {2 * NEW_A_SECOND} packets }} drop"
        )
        made.append(f"{which}{told} accept")
    return tuple(made)
