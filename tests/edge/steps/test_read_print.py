"""Reading print: how many lines are asked for, what is kept of them, and what a fault of the box is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import cast

from edge import policy as policies
from edge.captures import Box, DecodedSymbol
from edge.comparison import RegionReading
from edge.gs1 import TradeItem
from edge.inspection import Seen
from edge.steps import read_print
from edge.steps.read_print import Wanted
from models.errors import WorkerFailed
from models.measurements import TextLine, TextPlace, TextReading
from models.worker import OpenFrame
from tests.edge import drawn_cases as drawn

POLICY = policies.builtin().text
CORNERS = ((10.0, 10.0), (90.0, 10.0), (90.0, 90.0), (10.0, 90.0))
PLACE = TextPlace(CORNERS, beside=True)
ITEM = TradeItem(
    drawn.GTIN,
    serial="AB123456",
    batch="A26",
    expiry=date(2028, 11, 28),
    elements={"01": drawn.GTIN.value, "21": "AB123456", "10": "A26", "17": "281128"},
)
SYMBOL = DecodedSymbol("", b"", "]d2", "DataMatrix", "capture:c", corners=CORNERS)
WANTED = Wanted(drawn.GTIN, PLACE, {"serial": "AB123456"})


@dataclass
class Frame:
    """The worker's side at its port: a place with these lines."""

    lines: tuple[str, ...]
    again: str | None = None  # what the second look reads; None: the same
    halved: tuple[str, ...] | None = None  # what a large picture says at half its sides; None: it is not large
    asked: list[tuple[int, int, bool]] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)

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
        assert place == PLACE
        self.asked.append((first, count, again))
        halved = self.halved is not None and not whole
        lines = self.halved if self.halved is not None and halved else self.lines
        some = tuple(self._line(text, again=again) for text in lines[first : first + count])
        shown = b"jpeg" if picture else b""
        return TextReading(some, len(lines) > first + count, 0.9, "text-1", shown, whole=not halved)

    def text_ahead(self, place: TextPlace, count: int) -> None:
        assert place == PLACE
        self.begun.append(count)

    def _line(self, text: str, *, again: bool) -> TextLine:
        second = (self.again or text) if again else None
        sure = (0.999,) * len(text)
        return TextLine(text, sure, (1, 2, 30, 20), 20.0, second, (0.999,) * len(second or ""))


def read(frame: Frame, wanted: Wanted = WANTED, **policy: float) -> tuple[Seen, list[bytes]]:
    kept: list[bytes] = []

    def keep(data: bytes, _: str) -> str:
        kept.append(data)
        return "e" * 64

    limits = POLICY.model_copy(update=policy)
    seen = read_print.read(drawn.CAPTURE, [wanted], cast("OpenFrame", frame), keep, known=frozenset(), policy=limits)
    return seen, kept


def test_reading_stops_once_everything_agrees() -> None:
    frame = Frame(("SN AB123456", *("other print",) * 20))
    seen, kept = read(frame)
    assert (frame.asked, kept) == ([(0, 4, False)], [])
    (reading,) = seen.prints
    assert ([line.text for line in reading.lines], reading.found) == (["SN AB123456"], 4)


def test_what_agrees_at_half_the_sides_of_a_large_picture_is_not_looked_for_in_the_whole_one() -> None:
    frame = Frame(("not asked for",), halved=("SN AB123456",))
    (reading,) = read(frame)[0].prints
    assert ([line.text for line in reading.lines], frame.asked) == (["SN AB123456"], [(0, 4, False)])


def test_what_does_not_agree_at_half_the_sides_is_judged_by_the_whole_picture() -> None:
    frame = Frame(("SN AB123456",), halved=("SN AB123457",))
    seen, kept = read(frame)
    assert [line.text for line in seen.prints[0].lines] == ["SN AB123456"]
    assert (frame.asked, kept) == ([(0, 4, False), (0, 4, False)], [])


def test_reading_stops_at_the_policys_lines() -> None:
    frame = Frame(("other print",) * 50)
    (reading,) = read(frame, most_lines=8)[0].prints
    assert frame.asked == [(0, 4, False), (4, 4, False)]
    assert (reading.lines, reading.found, reading.height_px) == ((), 8, 20.0)


def test_lines_that_say_nothing_of_the_code_are_not_kept() -> None:
    (reading,) = read(Frame(("見本 太郎", "1-2-3 Sample Town", "SN AB123456")))[0].prints
    assert [line.text for line in reading.lines] == ["SN AB123456"]


def test_a_line_that_departs_is_read_again_and_its_picture_kept() -> None:
    frame = Frame(("LOT A26", "SN AB123457"))
    seen, kept = read(frame)
    assert (frame.asked[-1], kept) == ((1, 1, True), [b"jpeg"])
    (reading,) = seen.prints
    assert reading.picture is not None
    assert (reading.picture.role, reading.picture.box) == ("region", Box(1, 2, 30, 20))


def test_a_second_look_that_reads_otherwise_keeps_no_picture() -> None:
    seen, kept = read(Frame(("SN AB123457",), again="SN AB123456"))
    assert (seen.prints[0].picture, kept) == (None, [])


def test_a_place_without_print_was_looked_at() -> None:
    (reading,) = read(Frame(()))[0].prints
    assert (reading.lines, reading.found, reading.height_px) == ((), 0, None)


def test_no_time_left_is_nothing_read() -> None:
    seen, _ = read(Frame(("SN AB123456",)), budget_ms=-1.0)
    assert seen == Seen()


def test_a_worker_that_fails_is_a_fault_of_the_box() -> None:
    class Broken(Frame):
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
            raise WorkerFailed("worker_timeout", f"gone at {place} {first} {count} {again} {picture} {whole}")

    (fault,) = read(Broken(()))[0].faults
    assert (fault.code, fault.capture) == ("text_worker_timeout", drawn.CAPTURE.sha256)


def test_a_symbol_with_a_serial_batch_or_expiry_is_wanted() -> None:
    wanted = read_print.beside(SYMBOL, ITEM)
    assert wanted == Wanted(
        drawn.GTIN,
        PLACE,
        {"serial": "AB123456", "batch": "A26", "expiry": "281128", "gtin": drawn.GTIN.value},
    )


def test_a_symbol_with_a_number_alone_or_without_a_place_is_not_wanted() -> None:
    assert read_print.beside(SYMBOL, TradeItem(drawn.GTIN, elements={"01": drawn.GTIN.value})) is None
    assert read_print.beside(replace(SYMBOL, corners=()), ITEM) is None


def test_the_registered_words_of_a_free_label_are_wanted() -> None:
    label = RegionReading("label", "高級抹茶", Box(0, 0, 9, 9), 1.0, corners=CORNERS)
    assert read_print.on_label(label, drawn.GTIN) == Wanted(
        drawn.GTIN, TextPlace(CORNERS, beside=False), {"words": "高級抹茶"}
    )
    assert read_print.on_label(replace(label, kind="logo"), drawn.GTIN) is None
    assert read_print.on_label(replace(label, text=""), drawn.GTIN) is None
    assert read_print.on_label(replace(label, seen=0.5), drawn.GTIN) is None


def test_what_is_begun_ahead_are_the_lines_that_are_asked_for_first() -> None:
    frame = Frame(("SN: AB123456",))
    read_print.begin((WANTED,), cast("OpenFrame", frame))
    read(frame)
    assert frame.begun == [count for _, count, _ in frame.asked[:1]]
