"""One POST to a port system: where it may go, and what its answer means.

The address is resolved once, judged, and then connected to: a name that is told differently the next moment leads
nowhere else. Redirects are never followed. TLS is asked for everywhere but on loopback.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import urllib3

from edge.errors import InputError

_CONNECT_S, _SILENCE_S = 5.0, 10.0
_WHOLE_S = 20.0  # for one POST with its answer, however slowly it trickles in
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_MOST_BYTES = 200  # of an answer that is told
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_BUSY = frozenset({408, 425, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: `status` 0 means nothing did."""

    status: int
    detail: str = ""

    @property
    def taken(self) -> bool:
        """The receiver has it."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP

    @property
    def refused(self) -> bool:
        """The receiver answered, and does not want this one; silence and business are no refusal."""
        return self.status != 0 and not self.taken and self.status not in _BUSY

    def __str__(self) -> str:
        return f"status {self.status}" if self.status else self.detail


def checked(url: str, *, private: bool) -> SplitResult:
    """The parts of an address to which webhooks may be sent. Whether its host may be is judged at each connection.

    Raises:
        InputError: request_webhook.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    loopback = private and parts.scheme == "http" and _is_loopback(parts.hostname or "")
    plain = not (parts.username or parts.password or parts.fragment) and port != 0
    if not (parts.hostname and plain and (parts.scheme == "https" or loopback)):
        raise InputError(
            "request_webhook",
            f"Expected an address as https://HOST/PATH without user, password and fragment, got {url[:200]!r}.",
            hint="http is taken on loopback only, and only with --private.",
        )
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> Answer:
    """Send `body` to `url` once. Everything that goes wrong on the way is an answer with status 0.

    Raises:
        InputError: request_webhook: the address may not be used.
    """
    parts = checked(url, private=private)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = _address(host, port, private=private)
        if parts.scheme == "http" and not ipaddress.ip_address(address).is_loopback:
            return Answer(0, f"{host} is {address}, which is not loopback")
    except OSError as error:
        return Answer(0, f"{host}: {error}")
    timeout = urllib3.Timeout(connect=_CONNECT_S, read=_SILENCE_S)
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(address, port, timeout=timeout, server_hostname=host, assert_hostname=host)
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    told = {**headers, "Host": parts.netloc, "User-Agent": "sekisho"}
    with pool, _in_time(pool) as late:
        try:
            response = pool.urlopen(
                "POST", target, body, told, retries=False, redirect=False, preload_content=False, decode_content=False
            )
            detail = response.read(_MOST_BYTES).decode("utf-8", "replace")
            response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            what = f"nothing whole within {_WHOLE_S:.0f} s" if late() else f"{type(error).__name__}: {error}"
            return Answer(0, what[:200])
    return Answer(0, f"nothing whole within {_WHOLE_S:.0f} s") if late() else Answer(response.status, detail)


@contextlib.contextmanager
def _in_time(pool: urllib3.HTTPConnectionPool) -> Iterator[Callable[[], bool]]:
    """Hang up on what takes longer than `_WHOLE_S` within the block; the answer tells whether it did.

    The time limits of urllib3 are for one read each: an answer that comes a byte at a time would hold a
    worker for good.
    """
    base, lines, cut = pool.ConnectionCls, list[socket.socket](), threading.Event()

    class Kept(base):  # type: ignore[misc, valid-type]  # the pool's own kind of connection, over TLS or not
        def connect(self) -> None:
            super().connect()
            lines.append(self.sock)

    def hang_up() -> None:
        cut.set()
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    pool.ConnectionCls = Kept
    timer = threading.Timer(_WHOLE_S, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield cut.is_set
    finally:
        timer.cancel()


def _address(host: str, port: int, *, private: bool) -> str:
    """The first address of a host, when every one of them may be connected to.

    Raises:
        OSError: there is none, or one that may not.
    """
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for text in found:
        real = _meant(ipaddress.ip_address(text.partition("%")[0]))
        if isinstance(real, ipaddress.IPv6Address) and real.is_site_local:
            raise OSError(f"its address {text} is not public; a private one needs --private")
        if real.is_multicast or real.is_unspecified or not (real.is_global or private):
            raise OSError(f"its address {text} is not public; a private one needs --private")
    return found[0]


def _meant(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 one stands for (mapped, NAT64, 6to4, Teredo), or the address itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
