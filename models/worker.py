"""Pixel work in processes of its own: a hostile picture may crash or hang one, and the bench goes on.

`PixelWorkers` keeps a few workers, each a plain child process (`python -m models.desk`) at the far end of a socket
pair. A worker is checked out for one picture, parses it once and answers several questions about it. What takes longer
than its budget is killed; a killed or crashed worker is replaced before the next picture meets it.

It is not a queue and keeps no pictures. Answers are unpickled from a list of allowed names only, so that a worker taken
over by a picture cannot run code in the bench.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, Self

from models.errors import ModelsError, WorkerFailed
from models.measurements import (
    FaceMatch,
    FaceMeasurement,
    FaceReference,
    FrameReading,
    Hidden,
    PictureLimits,
    TextPlace,
    TextReading,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from models.pack import Precision

START_BUDGET_S: Final = 60.0  # the first imports on a cold card of a small board
WORKER_MEMORY_BYTES: Final = 3_000_000_000  # address space, of which onnxruntime reserves much and touches little
SYMBOLS_SHARE: Final = 0.75  # of the budget of a reading; the rest is for parsing
WITHOUT_ANSWER: Final = frozenset({"text_ahead", "forget"})
MESSAGE_BYTES: Final = 1_000_000_000
_HEADER: Final = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is told once, when it starts."""

    limits: PictureLimits
    pack_dir: Path | None
    precision: Precision = "int8"  # of the pack's network
    memory_bytes: int = WORKER_MEMORY_BYTES


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a worker. `picture` comes with the first one about it."""

    name: str  # "read", "compare", "recognise", "text", "text_ahead", "load", "prove", "forget"
    picture: bytes | None
    arguments: tuple[object, ...]
    budget_s: float


# --- The bench's side -------------------------------------------------------------------------------------------------


class PixelWorkers:
    """A few pixel workers and the turn-taking between the threads that want them. First come, first served."""

    module: ClassVar[str] = "models.desk"

    def __init__(
        self,
        count: int,
        *,
        limits: PictureLimits | None = None,
        pack_dir: Path | None = None,
        precision: Precision = "int8",
        read_budget_s: float = 3.0,
        compare_budget_s: float = 5.0,
    ) -> None:
        """Start `count` workers; none is waited for."""
        self._orders = Orders(limits or PictureLimits(), pack_dir, precision)
        self._read_budget_s = read_budget_s
        self._compare_budget_s = compare_budget_s
        self._lock = threading.Lock()
        self._waiting: deque[Future[_Worker]] = deque()
        self._workers = [_Worker(self.module, self._orders) for _ in range(count)]
        self._free = deque(self._workers)
        self._successors: dict[_Worker, _Worker] = {}  # of workers that are at work, to take their place afterwards
        self._renewing = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def look(self, data: bytes, *, wait: bool = True) -> Iterator[OpenFrame]:
        """Check one worker out for this picture, waiting for a free one in the order of arrival.

        Raises:
            WorkerFailed: worker_crashed when the workers are closed; worker_busy, not to `wait` and none is free.
        """
        worker = self._check_out(wait=wait)
        try:
            yield OpenFrame(worker, data, self._read_budget_s, self._compare_budget_s)
        finally:
            worker.tell("forget")
            self._check_in(worker)

    @property
    def pack_dir(self) -> Path | None:
        """The pack that every worker has, or gets next; None for the built-in one."""
        return self._orders.pack_dir

    def renew(self, pack_dir: Path | None) -> None:
        """Replace every worker by one with this pack, one after another; nobody waits for it and no question fails.

        A worker that is at work finishes its picture first. One process more than usual runs meanwhile.

        Raises:
            PackError: the pack cannot be used. WorkerFailed: no worker could be started with it. In both cases the
                workers that are not replaced yet work on as they were.
        """
        with self._renewing:
            orders = replace(self._orders, pack_dir=pack_dir)
            for place in range(len(self._workers)):
                fresh = _Worker(self.module, orders)
                try:
                    fresh.ready()
                    fresh.ask("load", None, (), START_BUDGET_S)
                except BaseException:
                    fresh.end()
                    raise
                self._replace(place, fresh)
            self._orders = orders

    def _replace(self, place: int, fresh: _Worker) -> None:
        with self._lock:
            before, self._workers[place] = self._workers[place], fresh
            idle = before in self._free
            if idle:
                self._free[self._free.index(before)] = fresh
            else:
                self._successors[before] = fresh
            closed = self._closed
        if idle:
            before.end()
        if closed:
            fresh.end()

    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers, for the status page and the memory figure."""
        return tuple(worker.pid for worker in self._workers)

    def close(self) -> None:
        """End every worker. Safe to call twice. Whoever still waits gets WorkerFailed."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, deque()
        for ticket in waiting:
            ticket.set_exception(_closed())
        for worker in (*self._workers, *self._successors):
            worker.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_out(self, *, wait: bool) -> _Worker:
        with self._lock:
            if self._closed:
                raise _closed()
            if self._free and not self._waiting:
                return self._free.popleft()
            if not wait:
                raise WorkerFailed("worker_busy", "A pixel worker must be free, got all of them at work.")
            ticket: Future[_Worker] = Future()
            self._waiting.append(ticket)
        return ticket.result()

    def _check_in(self, worker: _Worker) -> None:
        with self._lock:
            successor = self._successors.pop(worker, None)
            following = successor or worker
            if self._waiting:
                self._waiting.popleft().set_result(following)
            else:
                self._free.append(following)
        if successor is not None:
            worker.end()


class OpenFrame:
    """One picture on the table of one worker. Belongs to the thread that checked it out."""

    def __init__(self, worker: _Worker, data: bytes, read_budget_s: float, compare_budget_s: float) -> None:
        """Lay nothing down yet: the first question sends the picture along."""
        self._worker = worker
        self._data = data
        self._read_budget_s = read_budget_s
        self._compare_budget_s = compare_budget_s
        self._laid_in = -1  # start of the worker in which the picture lies
        self._hidden = Hidden()

    def hide(self, hidden: Hidden) -> None:
        """No picture that comes of this one shows what is hidden: as `read` has told of it, at another time."""
        self._hidden = hidden

    def read(self) -> FrameReading:
        """Size, quality and symbols of the picture.

        Raises:
            PictureRefused: see `models.picture.parse`.
            WorkerFailed: worker_timeout after the read budget, worker_crashed.
        """
        answer = self._ask("read", (self._read_budget_s * SYMBOLS_SHARE,), self._read_budget_s)
        assert isinstance(answer, FrameReading)  # noqa: S101 - the worker's contract
        self._hidden = answer.hidden
        return answer

    def compare(
        self, references: Sequence[FaceReference], earlier: Sequence[Sequence[bytes]] = ()
    ) -> tuple[FaceMeasurement, ...]:
        """The picture against each registered face, in their order. The budget is per face.

        `earlier` holds, for each face, the layers of the captures that are to be judged together with this one.

        Raises:
            PictureRefused: of the picture, or of a reference.
            PackError: the model pack cannot be used.
            WorkerFailed: worker_timeout, worker_crashed.
        """
        if not references:
            return ()
        answer = self._ask(
            "compare", (tuple(references), tuple(earlier), self._hidden), self._compare_budget_s * len(references)
        )
        assert isinstance(answer, tuple)  # noqa: S101 - the worker's contract
        return answer

    def recognise(self, gallery: Sequence[FaceReference]) -> tuple[FaceMatch, ...]:
        """The registered faces that the picture looks like, best first; none when it looks like none.

        Raises:
            PictureRefused, PackError, WorkerFailed: see `compare`.
        """
        if not gallery:
            return ()
        answer = self._ask("recognise", (tuple(gallery),), self._compare_budget_s)
        assert isinstance(answer, tuple)  # noqa: S101 - the worker's contract
        return answer

    def text(
        self,
        place: TextPlace,
        first: int,
        count: int,
        *,
        again: bool = False,
        picture: bool = False,
        whole: bool = False,
    ) -> TextReading:
        """Lines `first` to `first + count` of the print at a place, nearest to its symbol first.

        A large picture is read at half its sides where its type bears that, unless the `whole` one is asked for. With
        `again` each line is read a second time in a softened view, with `picture` the first is shown.

        Raises:
            PictureRefused, PackError, WorkerFailed: see `compare`.
        """
        answer = self._ask("text", (place, first, count, self._hidden, again, picture, whole), self._compare_budget_s)
        assert isinstance(answer, TextReading)  # noqa: S101 - the worker's contract
        return answer

    def text_ahead(self, place: TextPlace, count: int) -> None:
        """Let the first lines at a place be read beside what is asked next; `text` tells how that went."""
        if self._laid_in == self._worker.starts:
            self._worker.tell("text_ahead", (place, count))

    def signatures(self) -> tuple[bytes, bytes]:
        """Signatures of the whole picture and of its middle; see `models.signature`.

        Raises:
            PictureRefused, PackError, WorkerFailed: see `compare`.
        """
        answer = self._ask("signatures", (), self._compare_budget_s)
        assert isinstance(answer, tuple)  # noqa: S101 - the worker's contract
        return answer

    def _ask(self, question: str, arguments: tuple[object, ...], budget_s: float) -> object:
        start = self._worker.ready()
        picture = self._data if self._laid_in != start else None
        answer = self._worker.ask(question, picture, arguments, budget_s)
        self._laid_in = start
        return answer


class _Worker:
    """One child process and the socket to it; replaced when it fails."""

    def __init__(self, module: str, orders: Orders) -> None:
        self._module = module
        self._orders = orders
        self.starts = 0  # of its process
        self._ended = False
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        # A plain child and not multiprocessing: its spawn imports the parent's main module (and with it the whole web
        # application) into every worker, its fork is not safe among threads. Not PR_SET_PDEATHSIG either: that fires
        # when the *thread* which started the child ends. The socket's end and an alarm serve (see `models.desk.serve`).
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", self._module, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C at the terminal is for the bench alone
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        theirs.close()
        self._socket = ours
        self.starts += 1
        self._greeted = False
        send(ours, self._orders, time.monotonic() + START_BUDGET_S)

    def ready(self) -> int:
        """Wait until the process has started; its start number."""
        if not self._greeted:
            self._answered("start", START_BUDGET_S, time.monotonic() + START_BUDGET_S)
            self._greeted = True
        return self.starts

    def ask(self, question: str, picture: bytes | None, arguments: tuple[object, ...], budget_s: float) -> object:
        """Put one question and return its answer, or raise what the worker raised."""
        deadline = time.monotonic() + budget_s
        try:
            send(self._socket, Question(question, picture, arguments, budget_s), deadline)
        except OSError as fault:
            self._fail(question, budget_s, fault)
        answer = self._answered(question, budget_s, deadline)
        if isinstance(answer, ModelsError):
            raise answer
        return answer

    def tell(self, question: str, arguments: tuple[object, ...] = ()) -> None:
        """Put one of the questions that have no answer; nobody waits for it."""
        if self._greeted:
            with contextlib.suppress(OSError):
                send(self._socket, Question(question, None, arguments, 1.0), time.monotonic() + 1.0)

    def end(self) -> None:
        """End the process for good."""
        self._ended = True
        self._stop()

    def _answered(self, question: str, budget_s: float, deadline: float) -> object:
        try:
            return receive(self._socket, deadline, Answers)
        except (OSError, EOFError, pickle.UnpicklingError) as fault:
            self._fail(question, budget_s, fault)

    def _fail(self, question: str, budget_s: float, fault: Exception) -> NoReturn:
        self._stop(wait_s=0.0 if isinstance(fault, TimeoutError) else 1.0)
        code = self._process.returncode
        if not self._ended:
            self._start()
        if isinstance(fault, TimeoutError):
            message = f"The pixel worker answers '{question}' within {budget_s:g} s, got no answer and was restarted."
            raise WorkerFailed("worker_timeout", message, hint=_TRY_AGAIN) from fault
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        message = f"The pixel worker answers '{question}', got its end ({how}); it was restarted."
        raise WorkerFailed("worker_crashed", message, hint=_TRY_AGAIN) from fault

    def _stop(self, wait_s: float = 0.0) -> None:
        self._socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_s)  # a crashed one tells how it ended
        self._process.kill()
        self._process.wait()


_TRY_AGAIN: Final = "Take the picture again; if it happens again, keep the picture and report it."
_ONE_THREAD: Final[Mapping[str, str]] = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}


def _closed() -> WorkerFailed:
    return WorkerFailed("worker_crashed", "The pixel workers are running, got a question after they were closed.")


# --- The wire ---------------------------------------------------------------------------------------------------------


def prove(pack_dir: Path) -> None:
    """Try a pack in a worker of its own, as a bench would use it, before it comes into use.

    Raises:
        PackError: see `models.selftest.require`. WorkerFailed: the worker crashed, or took longer than it may to start.
    """
    worker = _Worker(PixelWorkers.module, Orders(PictureLimits(), pack_dir))
    try:
        worker.ready()
        worker.ask("prove", None, (), START_BUDGET_S)
    finally:
        worker.end()


def send(wire: socket.socket, value: object, deadline: float | None = None) -> None:
    """One pickled value behind its length.

    Raises:
        TimeoutError: it was not taken in time. OSError: the other side is gone.
    """
    body = pickle.dumps(value, protocol=5)
    wire.settimeout(_left(deadline))
    wire.sendall(_HEADER.pack(len(body)) + body)


def receive(
    wire: socket.socket, deadline: float | None = None, unpickler: type[pickle.Unpickler] = pickle.Unpickler
) -> object:
    """The next value.

    Raises:
        TimeoutError: it did not come in time. EOFError: the other side is gone. pickle.UnpicklingError: it is no value.
    """
    (size,) = _HEADER.unpack(_read_exactly(wire, _HEADER.size, deadline))
    return unpickler(io.BytesIO(_read_exactly(wire, size, deadline))).load()


def _read_exactly(wire: socket.socket, size: int, deadline: float | None) -> bytearray:
    if size > MESSAGE_BYTES:
        raise EOFError(f"A message has at most {MESSAGE_BYTES} bytes, got {size}.")
    body = bytearray(size)
    rest = memoryview(body)
    while rest:
        wire.settimeout(_left(deadline))
        count = wire.recv_into(rest)
        if not count:
            raise EOFError("The other side of the wire is gone.")
        rest = rest[count:]
    return body


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("The budget is spent.")
    return left


class Answers(pickle.Unpickler):
    """Reads what a worker says: values of our own nouns and errors, nothing that runs."""

    _allowed: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        {("models.measurements", noun) for noun in ("CaptureAdvice", "FaceDifference", "FaceMatch", "FaceMeasurement")}
        | {("models.measurements", noun) for noun in ("FrameReading", "PictureQuality", "RegionMeasurement", "Symbol")}
        | {("models.measurements", noun) for noun in ("Hidden", "TextLine", "TextReading")}
        | {("models.errors", name) for name in ("_rebuilt", "PictureRefused", "PackError", "WorkerFailed")}
        | {("copyreg", "__reduce_ex__"), ("models.errors", "ModelsError")}
    )

    def find_class(self, module_name: str, global_name: str, /) -> object:
        """Only what a worker may say."""
        if (module_name, global_name) not in self._allowed:
            raise pickle.UnpicklingError(f"A worker's answer holds nouns only, got {module_name}.{global_name}.")
        return super().find_class(module_name, global_name)
