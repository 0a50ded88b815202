"""The demo at work: photographs are taken, two stations inspect the parcels at once, and what they said is kept.

It drives the bench as an officer's devices do (`Bench.inspect`, `Bench.next`) and knows nothing of what is inside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from edge.arrival import Arrival
from edge.bench import Bench
from edge.inspection import Assessment
from edge.ports import Frame
from edge.steps.capture import RawCode
from provisioning.demo.parcels import Parcel
from provisioning.demo.photographs import photographs

_PAINTERS = 2  # drawing lets go of Python's lock most of the time
_PATIENCE_S = 300.0  # for the parcel that has to come first

Pictures = Mapping[str, tuple[Frame, ...]]


@dataclass(frozen=True, slots=True)
class Visit:
    """One parcel's time on the bench: its last assessment, and how long all its answers took together."""

    parcel: Parcel
    frames: tuple[Frame, ...]
    assessment: Assessment
    answered_ms: float


def take(parcels: Sequence[Parcel], seed: int, taken: Callable[[Parcel], None]) -> Pictures:
    """Photograph every parcel; `taken` is told of each as soon as it is done."""
    with ThreadPoolExecutor(_PAINTERS, "painter") as painters:
        pending = [(parcel, painters.submit(photographs, parcel, seed)) for parcel in parcels]
        found = {}
        for parcel, future in pending:
            found[parcel.name] = future.result()
            taken(parcel)
    return found


def inspect(
    bench: Bench, parcels: Sequence[Parcel], pictures: Pictures, answered: Callable[[Visit], None]
) -> tuple[Visit, ...]:
    """Inspect the parcels, each station in its own order and all stations at once; the answers in the given order.

    Raises:
        SekishoError: what the bench raised first.
    """
    answers: dict[str, Future[Visit]] = {parcel.name: Future() for parcel in parcels}

    def work(station: str) -> None:
        for parcel in parcels:
            if parcel.station != station:
                continue
            answer = answers[parcel.name]
            try:
                if parcel.after in answers:
                    answers[parcel.after].result(_PATIENCE_S)
                answer.set_result(visit(bench, parcel, pictures[parcel.name]))
            except Exception as error:  # noqa: BLE001 - handed over whole: `result` below raises it in the caller
                answer.set_exception(error)
            else:
                answered(answer.result())

    stations = sorted({parcel.station for parcel in parcels})
    with ThreadPoolExecutor(len(stations) or 1, "station") as officers:
        done = [officers.submit(work, station) for station in stations]
    for future in done:
        future.result()
    return tuple(answers[parcel.name].result() for parcel in parcels)


def visit(bench: Bench, parcel: Parcel, frames: tuple[Frame, ...]) -> Visit:
    """One parcel at its station: scans and the first picture, then each further picture, then NEXT."""
    codes = tuple(RawCode(scan, "scanner:demo") for scan in parcel.scans)
    begun = time.perf_counter()
    assessment = bench.inspect(
        Arrival(parcel.station, codes, frames[:1], parcel.consignment, key=f"demo-{parcel.name}")
    )
    for frame in frames[1:]:
        assessment = bench.inspect(Arrival(parcel.station, pictures=(frame,), inspection=assessment.inspection))
    answered_ms = (time.perf_counter() - begun) * 1000
    bench.next(parcel.station)
    return Visit(parcel, frames, assessment, answered_ms)
