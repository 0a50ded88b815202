"""The barcodes of the desk card, carried out at a station. A detention is asked for twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.desk_card import Command, Order
from edge.errors import Conflict
from edge.inspection import Decision, Disposition
from edge.stations import OpenInspection, Stations

SETTLE_S = 0.6  # a verdict that has just changed takes no decision that was meant for the one before
AGAIN_S = 1.0  # a scanner that reads one barcode twice confirms nothing
ARMED_S = 20.0
SCREEN_S = 600.0  # a page asks for its card with each of its news; a screen that has asked for nothing so long is off
_NEEDS_MORE = frozenset({"reason_conflict", "second_person_conflict"})
_DECISIONS = {Command.RELEASE: Decision.RELEASE, Command.REFER: Decision.REFER, Command.DETAIN: Decision.DETAIN}


@dataclass(frozen=True, slots=True)
class CardDone:
    """What came of a barcode of the card: "done", "again" (scan it again to confirm), "page" (the page does it).

    The page does what is no decision, and a decision that needs a reason or a second officer.
    """

    order: Order
    done: str
    inspection: str = ""


class Dispose(Protocol):
    """The decision of an officer on an inspection, as at the page: `edge.bench.Bench.dispose`."""

    def __call__(
        self, inspection: str, decision: Decision, *, officer: str, reason: str, station: str, assessment: int | None
    ) -> Disposition:
        """Record it, by the policy in use."""
        ...


class Undo(Protocol):
    """Taking a decision back: `edge.bench.Bench.undo`."""

    def __call__(self, inspection: str, *, officer: str, station: str) -> Disposition:
        """Record that."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What a screen at the station shows: an inspection ("" for none) with the number of its assessment."""

    inspection: str
    assessment: int = 0


@dataclass(frozen=True, slots=True)
class _Armed:
    inspection: str
    assessment: int
    at_s: float


class CardActs:
    """The desk cards of one box at work. Safe to call from many threads."""

    def __init__(
        self,
        stations: Stations,
        dispose: Dispose,
        undo: Undo,
        leave: Callable[[str, str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`leave` goes on to the next parcel at a station, for an officer, from an inspection."""
        self._stations = stations
        self._dispose = dispose
        self._undo = undo
        self._leave = leave
        self._clock = clock
        self._armed: dict[str, _Armed] = {}
        self._shown: dict[str, tuple[Shown, float]] = {}
        self._lock = threading.Lock()

    def show(self, station: str, shown: Shown) -> None:
        """A screen at the station was given `shown` to show."""
        self._shown[station] = shown, self._clock()

    def carry_out(
        self,
        order: Order,
        station: str,
        deciding: Callable[[], str],
        *,
        scanning: str,
        reason: str = "",
        shown: Shown | None = None,
    ) -> CardDone:
        """Do what a barcode of the card asks for, on what lies open at its station.

        `deciding` tells the officer of a decision and is asked for nothing else; `scanning` is whose scan it is;
        `reason` is what stands typed beside the decision; `shown` what the page shows whose own scanner read the card.
        Without it, what a screen of the station was given last counts, where there is a screen.

        Raises:
            Conflict: card_conflict: nothing lies open there, or its verdict has just changed; disposition_outdated: the
                screen shows another one; and as `edge.checks.disposition.decided`.
            NotFound: disposition_not_found: there is nothing to take back.
            LedgerError: the row could not be made durable. And what `deciding` raises.
        """
        if order.command in {Command.HELP, Command.LANGUAGE}:
            return CardDone(order, "page")
        opened = self._open_at(station)
        _refuse_unseen(opened, shown or self._on_screen(station))
        if order.command is Command.NEXT:
            self._leave(station, scanning, opened.inspection)
            return CardDone(order, "done", opened.inspection)
        officer, number = deciding(), opened.last.number if opened.last else None
        if order.command is Command.UNDO:
            self._undo(opened.inspection, officer=officer, station=station)
        elif order.command is Command.DETAIN and not self._confirmed(opened, station):
            return CardDone(order, "again", opened.inspection)
        else:
            decision = _DECISIONS[order.command]
            try:
                self._dispose(
                    opened.inspection, decision, officer=officer, reason=reason, station=station, assessment=number
                )
            except Conflict as error:
                if error.code not in _NEEDS_MORE:
                    raise
                return CardDone(order, "page", opened.inspection)
        return CardDone(order, "done", opened.inspection)

    def _on_screen(self, station: str) -> Shown | None:
        """What a screen of the station was given last; None where none has asked for long: it is off."""
        shown, at_s = self._shown.get(station, (None, 0.0))
        return shown if self._clock() - at_s <= SCREEN_S else None

    def _open_at(self, station: str) -> OpenInspection:
        opened = self._stations.at(station)
        if opened is None:
            raise Conflict(
                "card_conflict",
                f"Expected an open parcel at station {station}, got none.",
                hint="Scan the parcel first.",
            )
        if self._clock() - opened.touched_s < SETTLE_S and opened.disposition is None:
            raise Conflict(
                "card_conflict",
                f"Expected a decision on what was seen, got one within {SETTLE_S} s of a new scan.",
                hint="Look at the verdict, then scan the card again.",
            )
        return opened

    def _confirmed(self, opened: OpenInspection, station: str) -> bool:
        """Whether this is the second time; else it is the first from here on."""
        now_s, number = self._clock(), opened.last.number if opened.last else 0
        with self._lock:
            armed = self._armed.pop(station, None)
            same = armed is not None and (armed.inspection, armed.assessment) == (opened.inspection, number)
            if same and armed is not None and AGAIN_S <= now_s - armed.at_s <= ARMED_S:
                return True
            twice = same and armed is not None and now_s - armed.at_s < AGAIN_S
            self._armed[station] = armed if twice and armed is not None else _Armed(opened.inspection, number, now_s)
            return False


def _refuse_unseen(opened: OpenInspection, shown: Shown | None) -> None:
    """A decision counts for what the officer has seen: a slow page may show another parcel, or its verdict before."""
    number = opened.last.number if opened.last else 0
    if shown is not None and shown != Shown(opened.inspection, number):
        raise Conflict(
            "disposition_outdated",
            f"Expected a decision on assessment {number} of {opened.inspection}, got one while the screen shows "
            f"{f'assessment {shown.assessment} of {shown.inspection}' if shown.inspection else 'nothing'}.",
            hint="Look at the newest assessment, then scan the card again.",
        )
