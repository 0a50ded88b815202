"""What a central's feed says, as frozen types. Needs nothing but Python: a central system has no bench installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class FeedFinding:
    """One reason of a verdict, by its stable code (docs/findings.md)."""

    code: str
    cause: str  # "mismatch", "stale", "system", ...
    weight: str  # "note", "limit", "check", "strong"
    item: str  # GTIN, "" for the parcel
    arguments: Mapping[str, str]  # empty where they are personal


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item as its codes say."""

    gtin: str
    serial: str | None
    batch: str | None


@dataclass(frozen=True, slots=True)
class FeedAssessment:
    """What the bench advised, and what that rests on."""

    number: int  # 1, 2, ... within the inspection: a later one says what was known then
    outcome: str  # "NO_FINDING", "CHECK", "STRONG_INDICATION", "CANNOT_ASSESS"
    findings: tuple[FeedFinding, ...]  # most decisive first
    items: tuple[FeedItem, ...]
    edition: str
    edition_age_days: int | None
    policy: str
    pack: str

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> FeedAssessment:
        """The assessment of a row's body."""
        verdict, fresh = told["verdict"], told["verdict"].get("freshness", {})
        names = ("code", "cause", "weight", "item", "arguments")
        return cls(
            number=told["number"],
            outcome=verdict["outcome"],
            findings=tuple(FeedFinding(**{name: one[name] for name in names}) for one in verdict.get("findings", ())),
            items=tuple(
                FeedItem(one["gtin"]["value"], one["serial"], one["batch"])
                for one in told.get("identity", {}).get("items", ())
            ),
            edition=fresh.get("edition", ""),
            edition_age_days=fresh.get("age_days"),
            policy=fresh.get("policy", ""),
            pack=fresh.get("pack", ""),
        )


@dataclass(frozen=True, slots=True)
class FeedDecision:
    """What an officer decided. `undoes` names the row (`seq` of the same ledger) that it takes back."""

    decision: str | None  # "release", "refer", "detain"; None: it only takes back
    officer: str
    reason: str
    undoes: int | None


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row of a box's ledger."""

    cursor: int
    port: str
    ledger: str
    seq: int
    kind: str  # "opened", "assessed", "disposed", ...
    inspection: str
    device: str
    station: str
    officer: str
    at: datetime  # by the box's clock
    clock: str  # how far that was believed
    body: Mapping[str, Any]
    personal: Mapping[str, str]  # empty for tokens that may not see it
    hash: str

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> FeedRow:
        """A row of a page."""
        row = told["row"]
        names = ("seq", "kind", "inspection", "station", "officer", "clock", "body", "hash")
        return cls(
            cursor=told["cursor"],
            port=told["port"],
            device=told["device"],
            ledger=told["ledger"],
            at=datetime.fromisoformat(row["at"]),
            personal=row.get("personal", {}),
            **{name: row[name] for name in names},
        )

    @property
    def assessment(self) -> FeedAssessment | None:
        """The assessment of a row of kind "assessed"; None of others."""
        return FeedAssessment.from_json(self.body["assessment"]) if self.kind == "assessed" else None

    @property
    def decision(self) -> FeedDecision | None:
        """The decision of a row of kind "disposed"; None of others."""
        if self.kind != "disposed":
            return None
        told = self.body["disposition"]
        return FeedDecision(**{name: told[name] for name in ("decision", "officer", "reason", "undoes")})


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Rows, the cursor to go on from, and whether nothing followed."""

    rows: tuple[FeedRow, ...]
    next: int
    at_end: bool


@dataclass(frozen=True, slots=True)
class EpcisPage:
    """An EPCIS 2.0 document of events, the cursor to go on from, and whether nothing followed."""

    document: Mapping[str, Any]
    next: int
    at_end: bool

    @property
    def events(self) -> tuple[Mapping[str, Any], ...]:
        """Its events."""
        return tuple(self.document["epcisBody"]["eventList"])
