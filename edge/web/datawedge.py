"""Codes of handhelds that send them over the network by themselves: DataWedge IP output and the like, TCP or UDP.

The web process receives them on sockets that systemd holds (sekisho-datawedge.socket), because it has no network of its
own. Such a sender can show no token: it is known by its address alone, which the setting names with its station, and an
address can be forged. So these sockets are off until somebody switches them on, take nothing but codes and badges (no
decision: a desk card is refused here), and hear nobody whom the setting does not name.

A message ends with CR, LF or CRLF, or with its datagram (edge/devices/framing.py). Messages of a sender are taken in
their order. There is no answer in this protocol: a verdict is seen at the station, and a sender that must know uses
HTTP POST. A TCP sender that is too fast is read more slowly; a datagram beyond the bound is lost, and the log says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import uuid_utils
from starlette.concurrency import run_in_threadpool

from edge.arrival import Arrival
from edge.badge import badge_in
from edge.desk_card import card_in
from edge.devices.framing import MessageFramer
from edge.errors import BoxError, SekishoError, SettingsError
from edge.settings import Settings
from edge.steps.capture import RawCode
from edge.web.tasks import Work

LOG = logging.getLogger(__name__)
SOCKET = "datawedge"  # FileDescriptorName= of sekisho-datawedge.socket

_WAITING = 64  # messages of one station that wait for their turn
_RETRY_S = 2.0
_PIECE = 4_096
_IDLE_S = 3_600.0  # a TCP sender that is silent for so long is hung up on
_MOST_CONNECTIONS = 64

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Senders:
    """Whose codes are taken, and at which station they count."""

    networks: tuple[tuple[Network, str], ...]

    @classmethod
    def of(cls, settings: Settings) -> Senders:
        """From ADDRESS=STATION or NETWORK=STATION.

        Raises:
            SettingsError: settings_datawedge.
        """
        found = []
        for text in settings.datawedge:
            where, _, station = text.partition("=")
            try:
                network = ipaddress.ip_network(where.strip())
            except ValueError:
                network = None
            if network is None or station not in settings.stations:
                message = f"SEKISHO_DATAWEDGE: expected ADDRESS=STATION with a station of this box, got {text!r}."
                raise SettingsError("settings_datawedge", message, hint='E.g. ["192.0.2.31=1", "192.0.2.64/27=yard"].')
            found.append((network, station))
        return cls(tuple(sorted(found, key=lambda one: -one[0].prefixlen)))  # the narrowest first

    def station_of(self, address: str) -> str | None:
        """The station of a sender; None for one that is not heard."""
        known = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped:
            known = known.ipv4_mapped
        return next((station for network, station in self.networks if known in network), None)


class Receiver:
    """The sockets at work. For the event loop's thread."""

    def __init__(self, work: Work) -> None:
        """Nothing is open yet.

        Raises:
            SettingsError: settings_datawedge.
        """
        self._work = work
        self._senders = Senders.of(work.settings)
        self._queues: dict[str, asyncio.Queue[tuple[str, bytes]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._connections = 0

    async def open(self, sockets: Sequence[socket.socket]) -> None:
        """Listen on these."""
        loop = asyncio.get_running_loop()
        for one in sockets:
            one.setblocking(False)
            if one.type == socket.SOCK_DGRAM:
                transport, _ = await loop.create_datagram_endpoint(partial(_Datagrams, self), sock=one)
                self._datagrams.append(transport)
            else:
                self._servers.append(await asyncio.start_server(self._connected, sock=one))

    def close(self) -> None:
        """Hear nobody any more."""
        for server in self._servers:
            server.close()
        for transport in self._datagrams:
            transport.close()
        for task in tuple(self._tasks):
            task.cancel()

    def framer(self) -> MessageFramer:
        """What cuts a sender's bytes into messages."""
        return MessageFramer(self._work.settings.max_code_chars)

    def queue_of(self, address: str) -> asyncio.Queue[tuple[str, bytes]] | None:
        """Where messages of a sender wait; None, and a line in the log, for one that is not heard."""
        station = self._senders.station_of(address)
        if station is None:
            LOG.warning("%s sent a code, and SEKISHO_DATAWEDGE names no station for it.", address)
            return None
        if station not in self._queues:
            self._queues[station] = asyncio.Queue(_WAITING)
            self._begin(self._take_all(station, self._queues[station]))
        return self._queues[station]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str(writer.get_extra_info("peername")[0])
        waiting = self.queue_of(address) if self._connections < _MOST_CONNECTIONS else None
        self._connections += 1
        try:
            framer = self.framer()
            while waiting is not None:
                piece = await asyncio.wait_for(reader.read(_PIECE), _IDLE_S)
                for message in framer.feed(piece) if piece else filter(None, [framer.rest()]):
                    await waiting.put((address, message))
                if not piece:
                    break
        except (OSError, TimeoutError):
            LOG.info("%s went away.", address)
        finally:
            self._connections -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _begin(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]  # a coroutine of this class
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_all(self, station: str, waiting: asyncio.Queue[tuple[str, bytes]]) -> None:
        while True:
            address, message = await waiting.get()
            await self._take(station, address, message)

    async def _take(self, station: str, address: str, message: bytes) -> None:
        """One message; again and again while the box cannot do its part. What it refuses is logged without content."""
        bench, source, key = self._work.bench, f"datawedge:{address}", str(uuid_utils.uuid7())
        arrival = Arrival(station, codes=(RawCode(message, source),), key=key)
        badge = badge_in(message)
        if badge is None and card_in(message) is not None:
            LOG.warning("a desk card of %s: refused, a decision needs a sender that is known.", address)
            return
        while True:
            try:
                if badge is not None:
                    await run_in_threadpool(bench.badge, station, badge, source)
                else:
                    await self._work.take(partial(bench.inspect, arrival), client=address, station=station)
            except SekishoError as error:
                again = badge is None and (isinstance(error, BoxError) or error.code == "request_rate")
                LOG.warning("a code of %s: %s%s", address, error.code, ", tried again" if again else ", refused")
                if not again:
                    return
                await asyncio.sleep(_RETRY_S)
            else:
                return


class _Datagrams(asyncio.DatagramProtocol):
    """One datagram is one message or several whole ones."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        waiting = self._receiver.queue_of(addr[0])
        if waiting is None:
            return
        framer = self._receiver.framer()
        for message in filter(None, [*framer.feed(data), framer.rest()]):
            try:
                waiting.put_nowait((addr[0], message))
            except asyncio.QueueFull:
                LOG.warning("%s sends faster than its station works: a code was lost.", addr[0])
