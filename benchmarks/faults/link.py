"""A bad link: a TCP relay on loopback that delays, throttles, cuts, resets, stalls and partitions, drawn from a seed.

It also does harm to whole HTTP requests: they arrive twice, later than others that were asked after them, or both.

with link.bad(("127.0.0.1", port), Weather(delay_s=0.6, bytes_per_s=8_000, cut=0.2), seed=7) as relay:
    ...                          # talk to relay.port instead
    relay.weather = CLEAR        # the weather may change at any time
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.faults.requests import Reader, Requests, Waiting

_BLOCK = 4_096


@dataclass(frozen=True, slots=True)
class Weather:
    """What a link does now. Shares are of connections."""

    delay_s: float = 0.0  # one way
    bytes_per_s: float = 0.0  # 0: no limit
    cut: float = 0.0  # closed after a drawn number of bytes
    reset: float = 0.0  # the same with a TCP reset
    stall: float = 0.0  # goes silent after a drawn number of bytes, and stays open
    within: int = 65_536  # bytes: where in what is answered a cut, reset or stall falls, at most
    partition: bool = False  # nothing comes through, old connections included
    repeated: float = 0.0  # of whole requests: arrives once more, after a drawn number of later ones
    late: float = 0.0  # of whole requests: its connection ends, and it arrives after a drawn number of later ones


CLEAR = Weather()


class Relay:
    """One running relay. `weather` may be changed from any thread; it counts what passed towards the client."""

    def __init__(self, upstream: tuple[str, int], weather: Weather, seed: int) -> None:
        self.weather = weather
        self.port = 0
        self.connections = 0
        self.bytes_down = 0
        self.bytes_up = 0
        self._upstream = upstream
        self._draw = random.Random(seed)
        self._waiting = Waiting(upstream, self._draw)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bad-link", daemon=True)

    def start(self) -> None:
        """Listen on a free port of loopback."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Drop every connection and stop listening."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._client, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        weather = self.weather
        luck = self._draw.random()
        after = self._draw.randrange(weather.within)
        fate = ""
        for name, share in (("cut", weather.cut), ("reset", weather.reset), ("stall", weather.stall)):
            if luck < share:
                fate = name
                break
            luck -= share
        ends = [writer]
        try:
            if weather.partition:
                await asyncio.sleep(3_600)
            up_reader, up_writer = await asyncio.open_connection(*self._upstream)
            ends.append(up_writer)
            asked: Reader = reader
            if weather.repeated or weather.late or self._waiting:
                asked = Requests(reader, self._waiting, self._draw, weather.repeated, weather.late)
            up = asyncio.ensure_future(self._pump(asked, up_writer, "", 0, down=False))
            down = asyncio.ensure_future(self._pump(up_reader, writer, fate, after, down=True))
            _done, waiting = await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            if down in waiting and fate != "stall":
                await down
            for task in waiting:
                task.cancel()
        except (OSError, asyncio.CancelledError):
            pass  # the relay stops, or an end is gone: that is weather too
        finally:
            for end in ends:
                end.close()

    async def _pump(self, reader: Reader, writer: asyncio.StreamWriter, fate: str, after: int, *, down: bool) -> None:
        passed = 0
        last = -1e9
        with contextlib.suppress(OSError):
            while block := await reader.read(_BLOCK):
                weather = self.weather
                while self.weather.partition:  # noqa: ASYNC110 - the weather is changed from other threads
                    await asyncio.sleep(0.05)
                if self._loop.time() - last > weather.delay_s:  # blocks in flight follow each other
                    await asyncio.sleep(weather.delay_s)
                if weather.bytes_per_s:
                    await asyncio.sleep(len(block) / weather.bytes_per_s)
                last = self._loop.time()  # after the sleep: on a thin line every block would wait for the delay again
                passed += len(block)
                if fate and passed > after:
                    await self._meet(fate, writer)
                    return
                if down:
                    self.bytes_down += len(block)
                else:
                    self.bytes_up += len(block)
                writer.write(block)
                await writer.drain()
            with contextlib.suppress(OSError):
                writer.write_eof()

    async def _meet(self, fate: str, writer: asyncio.StreamWriter) -> None:
        if fate == "stall":
            await asyncio.sleep(3_600)
        if fate == "reset":
            plug = writer.get_extra_info("socket")
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


@contextlib.contextmanager
def bad(upstream: tuple[str, int], weather: Weather = CLEAR, seed: int = 0) -> Iterator[Relay]:
    """Relay to `upstream` in such weather for the length of the block."""
    relay = Relay(upstream, weather, seed)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
