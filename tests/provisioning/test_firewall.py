"""The packet filter: nft takes what is printed, and two hosts in network namespaces find the one port only."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.errors import RequestRefused
from provisioning.firewall import AT_ONCE, NEW_A_SECOND, Opening, network, ruleset
from sekisho import app

BENCH = Opening("tcp", 8080)
LAN = network("192.0.2.0/24")
NFT = shutil.which("nft") or "/usr/sbin/nft"


def _cannot_have_hosts() -> str:
    """Why no second host can be made on this machine; "" when one can."""
    if os.geteuid() != 0 or not Path(NFT).exists() or shutil.which("ip") is None:
        return "root, nft and ip"
    tried = subprocess.run(["unshare", "--net", NFT, "add", "table", "inet", "probe"], capture_output=True, check=False)
    return "a kernel with nf_tables and network namespaces" if tried.returncode else ""


needs_hosts = pytest.mark.skipif(
    bool(_cannot_have_hosts()), reason=f"the packet filter is not loaded; missing here: {_cannot_have_hosts()}"
)


@pytest.mark.parametrize("openings", [(), (BENCH,), (BENCH, Opening("udp", 9100))])
@pytest.mark.parametrize("senders", [(), (LAN,), (LAN, network("2001:db8::/32"), network("203.0.113.9"))])
@needs_hosts
def test_nft_takes_every_ruleset(openings: tuple[Opening, ...], senders: tuple[ipaddress.IPv4Network, ...]) -> None:
    command = ["unshare", "--net", NFT, "--check", "--file", "-"]
    done = subprocess.run(command, input=ruleset(openings, senders), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_an_opening_nothing_new_is_let_in() -> None:
    accepted = [
        line.strip() for line in ruleset(()).splitlines() if line.strip().endswith("accept") and "dport" in line
    ]
    assert accepted == []


def test_the_bench_on_loopback_opens_nothing_and_on_the_lan_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEKISHO_HOST", "127.0.0.1")
    assert CliRunner().invoke(app, ["provision", "firewall"]).output == ruleset(())
    monkeypatch.setenv("SEKISHO_HOST", "192.0.2.10")
    told = CliRunner().invoke(app, ["provision", "firewall", "--from", "192.0.2.0/24", "--open", "udp/9100"])
    assert told.output == ruleset((BENCH, Opening("udp", 9100)), (LAN,))


@pytest.mark.parametrize("text", ["8080", "tcp/0", "tcp/65536", "sctp/1", "tcp/80; flush ruleset"])
def test_an_opening_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        Opening.parse(text)
    expected = f"An opening must be tcp/PORT or udp/PORT with a port of 1 to 65535, got {text!r}."
    assert refused.value.message == expected


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(RequestRefused) as refused:
        network("192.0.2.7/24")
    expected = "A network must be an address and its prefix, got '192.0.2.7/24': 192.0.2.7/24 has host bits set."
    assert refused.value.message == expected


_LISTEN = """
import socket, sys
held = []
for kind, port in ((socket.SOCK_STREAM, 8080), (socket.SOCK_STREAM, 9999), (socket.SOCK_DGRAM, 5353)):
    one = socket.socket(socket.AF_INET, kind)
    one.bind(("0.0.0.0", port))
    if kind == socket.SOCK_STREAM:
        one.listen(200)
    held.append(one)
print("listening", flush=True)
held[2].settimeout({"y": 60, "n": 0}[sys.stdin.read(1)])  # whether a datagram is to come
try:
    print(held[2].recv(9), flush=True)
except BlockingIOError:
    print("no datagram", flush=True)
"""
_KNOCK = """
import json, select, socket, sys, time
def reached(port, expected):
    try:
        with socket.create_connection(("192.0.2.10", port), timeout=60 if expected else 1):
            return True
    except OSError:
        return False
began = time.monotonic()
told = {port: reached(int(port), expected) for port, expected in json.loads(sys.argv[1]).items()}
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"multicast", ("192.0.2.10", 5353))
held, kept = [], []
for _ in range(150):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("192.0.2.10", 8080))
    held.append(one)
told["at once"] = 0
while held and (ready := select.select([], held, [], 1.0)[1]):
    told["at once"] += sum(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0 for one in ready)
    held = [one for one in held if one not in ready]
    kept.append(ready)
told["took"] = time.monotonic() - began
print(json.dumps(told))
"""


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    """A box at 192.0.2.10 and a neighbour at 192.0.2.66, joined by a cable."""
    box, other = f"skb{os.getpid()}", f"sko{os.getpid()}"
    for name in (box, other):
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(
            ["ip", "link", "add", "eth0", "netns", box, "type", "veth", "peer", "name", "eth0", "netns", other],
            check=True,
        )
        for name, address in ((box, "192.0.2.10/24"), (other, "192.0.2.66/24")):
            subprocess.run(["ip", "-n", name, "address", "add", address, "dev", "eth0"], check=True)
            subprocess.run(["ip", "-n", name, "link", "set", "eth0", "up"], check=True)
        yield box, other
    finally:
        for name in (box, other):
            subprocess.run(["ip", "netns", "delete", name], check=True)


@needs_hosts
def test_a_neighbour_reaches_the_bench_and_nothing_else(hosts: tuple[str, str]) -> None:
    """Catches a rule that is loaded and lets everything through, which `nft --check` would pass."""
    box, other = (["ip", "netns", "exec", name] for name in hosts)
    for rules, seen, datagram in (
        ("", {"8080": True, "9999": True}, "b'multicast'"),
        (ruleset((BENCH,), (LAN,)), {"8080": True, "9999": False}, "no datagram"),
        (ruleset((BENCH,), (network("203.0.113.0/24"),)), {"8080": False, "9999": False}, "no datagram"),
        (ruleset(()), {"8080": False, "9999": False}, "no datagram"),
    ):
        subprocess.run([*box, NFT, "--file", "-"], input=rules, text=True, check=True)
        with subprocess.Popen(
            [*box, sys.executable, "-c", _LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as listening:
            assert listening.stdin
            assert listening.stdout
            assert listening.stdout.readline() == "listening\n"
            knocked = subprocess.run(
                [*other, sys.executable, "-c", _KNOCK, json.dumps(seen)], stdout=subprocess.PIPE, check=True
            )
            told = json.loads(knocked.stdout)
            listening.stdin.write("n" if datagram == "no datagram" else "y")
            listening.stdin.flush()
            assert listening.stdout.readline() == f"{datagram}\n"
        at_once, took_s = told.pop("at once"), told.pop("took")
        assert told == seen
        if not rules:
            assert at_once == 150
        else:
            assert at_once <= min(AT_ONCE, 2 * NEW_A_SECOND + NEW_A_SECOND * took_s)
