"""The worker's side of `models.worker`: a desk with one picture on it, in a process that may be lost.

Started as `python -m models.desk N`, where N is the number of an inherited socket. It trusts the other side of that
socket (the bench) and nothing that a picture holds. It writes no files and opens no connection.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import resource
import signal
import socket
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from models import address_blocks, addresses, covering, symbols
from models.aside import Aside
from models.discreet import told_without_words
from models.errors import ModelsError, PackError, WorkerFailed
from models.locate import View
from models.measurements import (
    CaptureAdvice,
    Corners,
    FaceMatch,
    FaceMeasurement,
    FaceReference,
    FrameReading,
    Hidden,
    Image,
    PictureQuality,
    Rectangle,
    Symbol,
    TextPlace,
    TextReading,
)
from models.picture import measure, parse, read_header
from models.worker import WITHOUT_ANSWER, Orders, Question, receive, send

if TYPE_CHECKING:
    from collections.abc import Callable

GALLERY_AT_MOST: Final = 64  # about 2 MB each, and only once a face had to be recognised
HALVE_ABOVE: Final = 8_000_000  # pixels: half of that still has two million, more than a face is compared at
TYPE_PX: Final = 9.0  # smaller type of a halved picture is not tried there
IN_MM_PER_PX: Final = frozenset({"too_far", "too_soft"})  # advice in millimetres to a pixel
GRACE_S: Final = 5.0  # after this much more than its budget a worker ends itself, should its parent be gone


class Desk:
    """What one worker has before it: a picture, and a pack once one was needed."""

    def __init__(self, orders: Orders) -> None:
        """An empty desk."""
        self._orders = orders
        self._image: Image | None = None
        self._data = b""
        self._size = (0, 0)
        self._halved = False
        self._parse_ms = 0.0
        self._pack: Any = None
        self._shelf: Any = None
        self._gallery: Any = None
        self._reader: Any = None
        self._aside = Aside()

    def lay(self, picture: bytes) -> None:
        """Parse a picture and keep it: a large JPEG at half its sides, which most questions are content with."""
        self._aside.clear()
        self._image, self._data = None, picture
        start = time.perf_counter()
        header = read_header(picture, self._orders.limits)
        self._size, self._halved = header.upright_size, header.halves(HALVE_ABOVE)
        self._image = parse(picture, self._orders.limits, halve_above=HALVE_ABOVE)
        self._parse_ms = (time.perf_counter() - start) * 1e3

    def _unfold(self) -> Image:
        """The picture at its full size."""
        if self._halved:
            self._image, self._halved = parse(self._data, self._orders.limits), False
        return self._picture()

    @property
    def _scale(self) -> float:
        """Pixels of the whole picture to a pixel of what lies here."""
        return 2.0 if self._halved else 1.0

    def _view(self) -> View:
        """What lies here as comparisons want it, shared by all of them."""
        return self._aside.get(("view", self._scale), self._new_view)

    def _begin_view(self) -> None:
        self._aside.begin(("view", self._scale), partial(_with_keypoints, self._new_view()))

    def _new_view(self) -> View:
        return View(self._picture(), self._unfold if self._halved else None)

    def answer(self, question: str, arguments: tuple[object, ...]) -> object:
        """Answer one question about the picture."""
        handler: Callable[..., object] = getattr(self, f"do_{question}")
        return handler(*arguments)

    def do_read(self, symbols_budget_s: float) -> FrameReading:
        """Size, quality, symbols. A face is asked for next, as a rule: its keypoints are found meanwhile."""
        start = time.perf_counter()
        image = self._picture()
        self._aside.begin("quality", partial(_measured, image))
        self._begin_view()
        found = symbols.read_easily(image) if self._halved else ()
        if not found:
            whole = self._unfold()
            self._begin_view()
            found = symbols.read(whole, budget_s=symbols_budget_s - (time.perf_counter() - start))
        end = time.perf_counter()
        hidden = self._addresses(found)
        label = covering.cut(self._picture(), hidden) if hidden else b""
        if hidden:
            found = tuple(covering.covered_symbol(self._picture(), one, hidden) for one in found)
        ms = {"parse": self._parse_ms, "symbols": (end - start) * 1e3, "addresses": (time.perf_counter() - end) * 1e3}
        quality, ms["quality"] = self._aside.get("quality", partial(_measured, image))
        return FrameReading(
            *self._size,
            quality,
            tuple(upsized(one) for one in found) if self._halved else found,
            {stage: round(value, 3) for stage, value in ms.items()},
            covering.spread(hidden, 2) if self._halved else hidden,
            label,
        )

    def _addresses(self, found: tuple[Symbol, ...]) -> Hidden:
        """What is to be hidden; all but the symbols where the net that looks for addresses cannot be used."""
        try:
            return addresses.find(self._picture(), found)
        except PackError:
            return addresses.everything(self._picture(), found)

    def do_compare(
        self, references: tuple[FaceReference, ...], earlier: tuple[tuple[bytes, ...], ...], hidden: Hidden
    ) -> tuple[FaceMeasurement, ...]:
        """The picture, together with what earlier ones left behind, against registered faces.

        It is measured as it is; its pictures show nothing of what is hidden.
        """
        faces = self._loaded()
        halved = self._halved
        measured: tuple[FaceMeasurement, ...] = faces.compare(
            self._view(), references, self._pack, self._shelf, earlier
        )
        if halved:
            measured = tuple(upsized_face(one) for one in measured)
        if not hidden:
            return measured
        sizes = (read_header(one.picture, self._orders.limits).upright_size for one in references)
        return tuple(covering.covered_face(one, hidden, size) for one, size in zip(measured, sizes, strict=True))

    def do_recognise(self, references: tuple[FaceReference, ...]) -> tuple[FaceMatch, ...]:
        """The registered faces that the picture looks like."""
        faces = self._loaded()
        for one in references:
            if one not in self._gallery:
                self._gallery[one] = faces.sketch(one, self._pack)
        gallery = [self._gallery[one] for one in references]
        matches: tuple[FaceMatch, ...] = faces.recognise(self._view(), gallery, self._pack)
        return matches

    def do_text(self, place: TextPlace, first: int, count: int, hidden: Hidden, *how: bool) -> TextReading:
        """Some lines of print at a place; `how`: read a second time, show the first, of the whole picture.

        A line that stands where something is hidden is not shown.
        """
        again, picture, whole = how
        reading: TextReading = self._printed(place, whole=whole).lines(first, count, again=again, picture=picture)
        if reading.picture and hidden and covering.shows(hidden, covering.around_box(reading.lines[0].box)):
            return replace(reading, picture=b"")
        return reading

    def do_text_ahead(self, place: TextPlace, count: int) -> None:
        """Begin with the first lines of print at a place, which are asked for soon."""
        self._opened_reader()  # not by two threads at once
        self._aside.begin((place, self._scale), partial(self._print_at, place, self._picture(), self._scale, count))

    def _printed(self, place: TextPlace, *, whole: bool) -> Any:  # noqa: ANN401 - as `_print_at`
        """The print at a place; of the whole picture also where its type is too small in the halved one."""
        if self._halved and not whole:
            printed = self._as_it_lies(place)
            if (printed.type_px or 0.0) >= TYPE_PX:
                return printed
        self._unfold()
        return self._as_it_lies(place)

    def _as_it_lies(self, place: TextPlace) -> Any:  # noqa: ANN401 - as `_print_at`
        make = partial(self._print_at, place, self._picture(), self._scale)
        return self._aside.get((place, self._scale), make)

    def _print_at(self, place: TextPlace, image: Image, scale: float, count: int = 0) -> Any:  # noqa: ANN401 - of a module that is loaded when it is needed
        """The print at a place of this picture, with `count` lines read."""
        printed = importlib.import_module("models.text_reading").Printed(image, place, self._opened_reader(), scale)
        printed.lines(0, count)
        return printed

    def _opened_reader(self) -> Any:  # noqa: ANN401 - likewise
        text = importlib.import_module("models.text")
        if self._reader is None:
            self._reader = text.carried(self._orders.pack_dir) or text.builtin()
        return self._reader

    def do_load(self) -> None:
        """Open the pack now, and a reader that it brings: what cannot be used is told before a picture needs it."""
        self._loaded()
        self._reader = importlib.import_module("models.text").carried(self._orders.pack_dir)

    def do_prove(self) -> None:
        """Try the pack before a bench relies on it, and a reader that it brings."""
        assert self._orders.pack_dir is not None  # noqa: S101 - the parent's contract
        importlib.import_module("models.text").carried(self._orders.pack_dir)
        importlib.import_module("models.selftest").require(self._orders.pack_dir)

    def do_signatures(self) -> tuple[bytes, bytes]:
        """What the picture looks like, for a search among thousands: all of it and its middle."""
        signature, view = importlib.import_module("models.signature"), self._view()
        height, width = view.small[0].shape
        found: tuple[bytes, bytes] = signature.signatures(view.sift, (width, height), signature.builtin())
        return found

    def _loaded(self) -> Any:  # noqa: ANN401 - a module, loaded when the first face is asked for
        faces, pack = importlib.import_module("models.faces"), importlib.import_module("models.pack")
        if self._pack is None:
            folder, precision = self._orders.pack_dir, self._orders.precision
            self._pack = pack.builtin(precision) if folder is None else pack.load(folder, precision)
            self._shelf = faces.Shelf()
            self._gallery = faces.Shelf(GALLERY_AT_MOST)
        return faces

    def do_forget(self) -> None:
        """Let go of the picture and give its memory back to the system."""
        self._aside.clear()
        self._image, self._data = None, b""
        with contextlib.suppress(OSError, AttributeError):  # a C library without malloc_trim
            ctypes.CDLL(None).malloc_trim(0)

    def _picture(self) -> Image:
        if self._image is None:
            raise WorkerFailed("worker_crashed", "A question comes with a picture, got none.")
        return self._image


def _with_keypoints(view: View) -> View:
    _ = view.orb
    return view


def _measured(image: Image) -> tuple[PictureQuality, float]:
    """Its quality, and the milliseconds that took."""
    start = time.perf_counter()
    return measure(image), (time.perf_counter() - start) * 1e3


def upsized(symbol: Symbol) -> Symbol:
    """A symbol of a halved picture in pixels of the whole one; a pixel's centre is at its half."""
    return replace(symbol, corners=_spread(symbol.corners))


def _spread(corners: Corners) -> Corners:
    return tuple((2 * x + 0.5, 2 * y + 0.5) for x, y in corners)


def upsized_face(measured: FaceMeasurement) -> FaceMeasurement:
    """A measurement of a halved picture in pixels of the whole one."""
    differences = tuple(
        replace(one, capture_box=_doubled(one.capture_box)) if one.capture_box else one for one in measured.differences
    )
    homography = measured.homography
    if homography:
        halve = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]])
        matrix = np.reshape(homography, (3, 3)) @ halve
        homography = tuple(float(value) for value in (matrix / matrix[2, 2]).ravel())
    regions = tuple(
        replace(one, capture_box=_doubled(one.capture_box), corners=_spread(one.corners)) for one in measured.regions
    )
    placed = (replace(one, box=_doubled(one.box)) if one.box else one for one in measured.advice)
    advice = tuple(_of_the_whole(one) if one.code in IN_MM_PER_PX else one for one in placed)
    return replace(
        measured,
        differences=differences,
        homography=homography,
        regions=regions,
        advice=advice,
        mm_per_px=_halved(measured.mm_per_px),
    )


def _of_the_whole(advice: CaptureAdvice) -> CaptureAdvice:
    """Advice in millimetres to a pixel: near enough when the whole picture is, and then what it shows is too soft."""
    measured, needed = _halved(advice.measured), advice.needed
    soft = measured is not None and needed is not None and measured <= needed
    return replace(advice, code="too_soft" if soft else advice.code, measured=measured)


def _halved(value: float | None) -> float | None:
    return None if value is None else value / 2


def _doubled(box: Rectangle) -> Rectangle:
    x, y, w, h = box
    return 2 * x, 2 * y, 2 * w, 2 * h


def serve(wire: socket.socket, desk: Callable[[Orders], Desk] = Desk) -> None:
    """Answer questions until the other side of the wire is gone.

    Whatever the parent does, a question ends: the alarm is delivered by the kernel and kills the process even inside a
    loop of native code, so that no worker is left spinning after its parent died.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        orders = receive(wire)
        assert isinstance(orders, Orders)  # noqa: S101 - the parent's contract
        resource.setrlimit(resource.RLIMIT_AS, (orders.memory_bytes, orders.memory_bytes))
        cv2.setNumThreads(1)
        table = desk(orders)
        symbols.zbar_available()  # loads the library now: looking for it takes seconds on a busy box
        with contextlib.suppress(PackError):  # told by what it hides: all
            address_blocks.builtin()
        send(wire, "ready")
        while True:
            question = receive(wire)
            assert isinstance(question, Question)  # noqa: S101 - the parent's contract
            signal.setitimer(signal.ITIMER_REAL, question.budget_s + GRACE_S)
            answer = _answer(table, question)
            signal.setitimer(signal.ITIMER_REAL, 0)
            if question.name not in WITHOUT_ANSWER:
                send(wire, answer)


def _answer(table: Desk, question: Question) -> object:
    try:
        if question.picture is not None:
            table.lay(question.picture)
        return table.answer(question.name, question.arguments)
    except ModelsError as refusal:
        return refusal
    except MemoryError:
        message = (
            f"A picture needs at most the memory of a pixel worker to answer '{question.name}', got out of memory."
        )
        return WorkerFailed("worker_crashed", message, hint="Send a smaller picture.")


def main() -> None:
    """Serve the socket whose number is the first argument."""
    sys.excepthook = told_without_words  # what a picture holds may stand in the words of an exception
    with socket.socket(fileno=int(sys.argv[1])) as wire:
        serve(wire)


if __name__ == "__main__":
    main()
