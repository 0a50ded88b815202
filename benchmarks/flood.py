"""The officer at the bench while a handheld floods: how long a scan takes, beside the same scan with nobody else there.

    ./run bench flood [--seconds 20] [--rogues 1] [--senders 12]

A real `sekisho serve`. The officer scans one code after another from the box itself; each rogue is another address
(127.0.0.x) that sends pictures, codes and half requests from `--senders` connections as fast as it is answered or
refused: first at another station, then at the officer's own. A station takes one arrival at a time, so there the
officer waits for the picture that is being read and for no other: what one picture takes is measured in the same run.

The run ends with exit code 1 when a scan of the officer is refused, or its median in the flood is over what it is alone
and one picture together.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import socket
import statistics
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from benchmarks.limits import Limits
from benchmarks.processes import pss_mb, served
from benchmarks.throughput import demonstrated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OK = 200  # HTTP
_REST_S = 0.05  # of an officer between two scans


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rogues", type=int, default=1, help="addresses that flood")
    parser.add_argument("--senders", type=int, default=12, help="connections of each")
    options = parser.parse_args()
    limits = Limits()
    with tempfile.TemporaryDirectory(prefix="flood-") as name:
        load = demonstrated(Path(name))
        pictures = [picture for _, picture in load.parcels]
        with served(Path(name), load.edition, stations=2, workers=2) as (url, pid):
            picture_s = _pictures(url, pictures)
            print(f"one picture, alone: median {picture_s * 1e3:.0f} ms", flush=True)
            alone, refused = _officer(url, options.seconds)
            _said("alone", alone)
            limit_s = statistics.median(alone) + picture_s
            for where, station in (("at another station", "2"), ("at the same station", "1")):
                got: Counter[str] = Counter()
                with _flood(url, pictures, station, options, got):
                    flooded, more = _officer(url, options.seconds)
                    memory_mb = pss_mb(pid)
                refused += more
                _said(f"flood {where}", flooded)
                told = ", ".join(f"{times:,} {status}" for status, times in got.most_common())
                print(f"  the rogue got: {told}; memory {memory_mb:.0f} MB")
                print(f"  median: {limits.judged(where, statistics.median(flooded), limit_s, 's')}", flush=True)
    limits.require("no scan of the officer is refused", kept=not refused)
    limits.end()


@contextlib.contextmanager
def _flood(
    url: str, pictures: Sequence[bytes], station: str, options: argparse.Namespace, got: Counter[str]
) -> Iterator[None]:
    stop = threading.Event()
    rogues = [
        threading.Thread(target=_rogue, args=(url, f"127.0.0.{66 + number}", station, pictures, stop, got))
        for number in range(options.rogues)
        for _ in range(options.senders)
    ]
    for rogue in rogues:
        rogue.start()
    try:
        yield
    finally:
        stop.set()
        for rogue in rogues:
            rogue.join()


def _pictures(url: str, pictures: Sequence[bytes]) -> float:
    """Median seconds of one picture with nobody else there."""
    taken = []
    with httpx.Client(base_url=url, timeout=60) as client:
        for picture in pictures[:8]:
            began = time.monotonic()
            client.post("/api/v1/stations/2/scans", files=[("capture", ("a.jpg", picture, "image/jpeg"))])
            taken.append(time.monotonic() - began)
            client.post("/api/v1/stations/2/next")
    return statistics.median(taken)


def _officer(url: str, seconds: float) -> tuple[list[float], int]:
    """Seconds of each scan at the bench, and how many were not answered with an assessment."""
    taken: list[float] = []
    refused = 0
    until = time.monotonic() + seconds
    with httpx.Client(base_url=url, timeout=60) as client:
        for number in itertools.count():
            began = time.monotonic()
            if began > until:
                break
            answer = client.post(
                "/api/v1/stations/1/scans", json={"codes": [{"text": f"0109521234543213{number:06d}"}]}
            )
            refused += answer.status_code != _OK
            taken.append(time.monotonic() - began)
            client.post("/api/v1/stations/1/next")
            time.sleep(_REST_S)
    return taken, refused


def _rogue(  # noqa: PLR0917 - of one thread
    url: str, address: str, station: str, pictures: Sequence[bytes], stop: threading.Event, got: Counter[str]
) -> None:
    """Send pictures, codes and half requests from one address, in turn, until told to stop."""
    turns = itertools.cycle(("picture", "code", "half"))
    chosen = itertools.cycle(pictures)
    with httpx.Client(base_url=url, timeout=60, transport=httpx.HTTPTransport(local_address=address)) as client:
        while not stop.is_set():
            turn = next(turns)
            try:
                if turn == "half":
                    _half(url, address)
                    status = "half requests"
                elif turn == "picture":
                    files = [("capture", ("a.jpg", next(chosen), "image/jpeg"))]
                    status = f"status {client.post(f'/api/v1/stations/{station}/scans', files=files).status_code}"
                else:
                    document = {"codes": [{"text": "of a rogue"}], "station": station, "joins": False}
                    status = f"status {client.post('/api/v1/inspections', json=document).status_code}"
            except (httpx.HTTPError, OSError) as error:
                status = type(error).__name__
            got[status] += 1


def _half(url: str, address: str) -> None:
    where = urlsplit(url)
    with socket.create_connection((where.hostname or "", where.port or 0), source_address=(address, 0)) as line:
        line.sendall(b"POST /api/v1/inspections HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n\r\n{")


def _said(who: str, taken: list[float]) -> None:
    middle, high, highest = statistics.median(taken), _share(taken, 0.95), _share(taken, 0.99)
    print(
        f"officer, {who}: {len(taken)} scans, median {middle * 1e3:.0f} ms, "
        f"p95 {high * 1e3:.0f} ms, p99 {highest * 1e3:.0f} ms",
        flush=True,
    )


def _share(taken: list[float], share: float) -> float:
    return sorted(taken)[min(len(taken) - 1, round(len(taken) * share))]


if __name__ == "__main__":
    main()
