"""What the registry knows of an inspection's items, as of now: for the eye, one key away from the verdict.

The verdict stays as it was given. Names and addresses of senders and addressees are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import Field

from edge.checks import Checked
from edge.checks.bulletin import that_apply
from edge.checks.observation import points, standing
from edge.comparison import FaceComparison
from edge.consignment import DeclaredLine
from edge.declaration import Incoming
from edge.inspection import Case, InspectionRecord, Observation, Observed
from edge.lookup import (
    Bulletin,
    DistinguishingPoint,
    ItemLookup,
    LookupResult,
    Product,
    Recordation,
    RegisteredFace,
    WatchHit,
)
from edge.messages import sentence
from edge.names import MORE
from edge.people.roles import Right
from edge.web.answers import Outgoing
from edge.web.documents import problems
from edge.web.inspections import Id
from edge.web.languages import Language
from edge.web.people import acting
from edge.web.requests import Name
from edge.web.tasks import Work, Works

router = APIRouter(prefix="/inspections", tags=["inspections"])


class TextOut(Outgoing):
    """A text of a right holder or an authority, as it was written."""

    language: str
    text: str

    @classmethod
    def of(cls, texts: Mapping[str, str], language: str) -> Self:
        """In the language asked for, else in English, else in whichever there is. It is never translated here."""
        written = next((one for one in (language, "en", *texts) if one in texts), "")
        return cls(language=written, text=texts.get(written, ""))


class PointOut(Outgoing):
    """A recorded distinguishing point, and what the officer says of it."""

    recordation: str
    number: int
    text: TextOut
    severity: str
    source: str
    sense: str = Field(description="look, tilt, magnify, feel, weigh, smell, listen or open.")
    side: str
    x_mm: float | None = Field(description="On the registered face of its side, from the top left; null: no place.")
    y_mm: float | None
    picture: str = Field(description="SHA-256 of a picture of the registry; empty: none.")
    valid_to: date | None
    observed: Observed | None = Field(description="The last the officer said; null: nothing yet.")

    @classmethod
    def of(cls, recordation: str, point: DistinguishingPoint, said: Observation | None, language: str) -> Self:
        """From the nouns."""
        return cls(
            recordation=recordation,
            number=point.number,
            text=TextOut.of(point.text, language),
            severity=point.severity,
            source=point.source,
            sense=point.sense,
            side=point.side,
            x_mm=point.x_mm,
            y_mm=point.y_mm,
            picture=point.picture,
            valid_to=point.valid_to,
            observed=said.observed if said is not None else None,
        )


class ProductOut(Outgoing):
    """A registered product."""

    gtin: str
    name: str
    brand: str
    right_holder: str
    hs: str
    origins: tuple[str, ...]
    makers: tuple[str, ...]
    importers: tuple[str, ...]
    routes: tuple[str, ...]
    value_min_minor: int | None
    value_max_minor: int | None
    currency: str
    net_g: int | None
    source: str

    @classmethod
    def of(cls, product: Product) -> Self:
        """From the noun."""
        names = set(cls.model_fields) - {"gtin"}
        return cls(gtin=product.gtin.value, **{name: getattr(product, name) for name in names})


class RecordationOut(Outgoing):
    """A right entered with customs."""

    number: str
    right_type: str
    right_holder: str
    valid_from: date
    valid_to: date
    source: str

    @classmethod
    def of(cls, recordation: Recordation) -> Self:
        """From the noun."""
        return cls.model_validate(recordation)


class BulletinOut(Outgoing):
    """A bulletin that speaks of an item in hand."""

    number: str
    title: TextOut
    text: TextOut
    look: TextOut | None = Field(description="Where to look, and what is seen there; null: it does not say.")
    condition: str = Field(description="When it speaks of an item (docs/registry-sources.md); empty: of every one.")
    picture: str = Field(description="SHA-256 of a picture of the pattern; empty for none.")
    valid_from: date
    valid_to: date
    source: str

    @classmethod
    def of(cls, bulletin: Bulletin, language: str) -> Self:
        """From the noun."""
        return cls(
            number=bulletin.number,
            title=TextOut.of(bulletin.title, language),
            text=TextOut.of(bulletin.text, language),
            look=TextOut.of(bulletin.look, language) if bulletin.look else None,
            condition=bulletin.condition,
            picture=bulletin.picture,
            valid_from=bulletin.valid_from,
            valid_to=bulletin.valid_to,
            source=bulletin.source,
        )


class SeenOut(Outgoing):
    """An earlier sighting of the same serialised item, on this box or on another."""

    place: str
    day: date
    at: datetime | None = Field(description="null: another box's, known by the day.")


class ItemFactsOut(Outgoing):
    """What the registry and the ledger know of one item."""

    gtin: str
    serial: str | None
    batch: str | None
    expiry: date | None
    product: ProductOut | None = Field(description="null: the registry does not know it, which is no fault of it.")
    serial_status: str | None
    recordations: tuple[RecordationOut, ...]
    bulletins: tuple[BulletinOut, ...]
    seen_before: tuple[SeenOut, ...]

    @classmethod
    def of(cls, known: ItemLookup, language: str) -> Self:
        """From the noun."""
        here = [SeenOut(place=one.place or one.station, day=one.seen.date(), at=one.seen) for one in known.sightings]
        away = [SeenOut(place=one.place, day=one.day, at=None) for one in known.elsewhere]
        return cls(
            gtin=known.item.gtin.value,
            serial=known.item.serial,
            batch=known.item.batch,
            expiry=known.item.expiry,
            product=ProductOut.of(known.product) if known.product is not None else None,
            serial_status=known.serial,
            recordations=tuple(RecordationOut.of(one) for one in known.recordations),
            bulletins=tuple(BulletinOut.of(one, language) for one in known.bulletins),
            seen_before=(*here, *away),
        )


class LineOut(Outgoing):
    """One declared line: a claim."""

    description: str
    quantity: int | None
    net_g: int | None
    value_minor: int | None
    currency: str
    hs: str
    origin: str
    gtin: str
    brand: str

    @classmethod
    def of(cls, line: DeclaredLine) -> Self:
        """From the noun."""
        return cls.model_validate(line)


class DeclaredOut(Outgoing):
    """What was declared, without persons."""

    document: str
    document_type: str
    category: str
    pieces: int | None
    gross_g: int | None
    lines: tuple[LineOut, ...]


class WatchOut(Outgoing):
    """A watch-list entry that the declaration is like, and why.

    The declaration names a person: of it only those words are quoted that are nearly, and not quite, a listed one.
    """

    entry: str
    kind: str = Field(description="consignor, address, seller, listing or order.")
    kind_name: str
    listed: str = Field(description="As it was published.")
    words: tuple[str, ...] = Field(description="The listed words that have a counterpart, as they were compared.")
    declared: tuple[str, ...] = Field(
        description="Their counterparts where they differ; empty where they are the same."
    )
    similarity: float = Field(description="0 to 100.")
    how: str = Field(description="What makes them alike, in words.")
    reason: str
    source: str
    valid_to: date | None

    @classmethod
    def of(cls, hit: WatchHit, language: str) -> Self:
        """From the noun."""
        return cls(
            entry=hit.entry,
            kind=hit.kind,
            kind_name=sentence(f"kind.{hit.kind}", {}, language),
            listed=hit.listed,
            words=tuple(listed for _, listed in hit.words),
            declared=tuple("" if hit.how == MORE or told == listed else told for told, listed in hit.words),
            similarity=round(hit.similarity, 1),
            how=sentence(f"how.{hit.how}", {}, language),
            reason=hit.reason,
            source=hit.source,
            valid_to=hit.valid_to,
        )


class FactsOut(Outgoing):
    """What is known now of an inspection's items. The verdict rests on what was known then."""

    edition: str = Field(description="Of the registry that answered; empty: there is none.")
    items: tuple[ItemFactsOut, ...]
    points: tuple[PointOut, ...]
    declared: DeclaredOut | None
    watch: tuple[WatchOut, ...]

    @classmethod
    def of(cls, lookup: LookupResult, kept: InspectionRecord, language: str) -> Self:
        """From the nouns."""
        said, declared = standing(kept), lookup.consignment
        return cls(
            edition=lookup.edition.name if lookup.edition is not None else "",
            items=tuple(ItemFactsOut.of(item, language) for item in lookup.items),
            points=tuple(
                PointOut.of(number, point, said.get((number, point.number, point.source)), language)
                for number, point in points(lookup)
            ),
            declared=None
            if declared is None
            else DeclaredOut(
                document=declared.document,
                document_type=declared.document_type,
                category=declared.category,
                pieces=declared.pieces,
                gross_g=declared.gross_g,
                lines=tuple(LineOut.of(line) for line in declared.lines),
            ),
            watch=tuple(WatchOut.of(hit, language) for hit in lookup.watch_hits),
        )


class ObservationIn(Incoming):
    """What the officer sees of a distinguishing point."""

    recordation: Annotated[str, Field(min_length=1, max_length=200)]
    point: Annotated[int, Field(ge=0, le=2**31)]
    observed: Observed
    officer: Name = ""


class ObservationOut(Outgoing):
    """An observation as it was recorded."""

    recordation: str
    point: int
    source: str
    observed: Observed
    officer: str
    at: datetime

    @classmethod
    def of(cls, observation: Observation) -> Self:
        """From the noun."""
        names = ("recordation", "point", "source", "observed", "officer")
        return cls(**{name: getattr(observation, name) for name in names}, at=observation.at.utc)


@router.get(
    "/{inspection}/facts",
    operation_id="read_facts",
    summary="What the registry knows now of an inspection's items",
    responses=problems(404),
)
def read_facts(work: Works, inspection: Id, language: Language) -> FactsOut:
    """Products, recordations, distinguishing points, bulletins, earlier sightings, and what was declared."""
    return facts_of(work, work.bench.record(inspection), language)


@router.put(
    "/{inspection}/observations",
    operation_id="observe",
    summary="Record what the officer sees of a distinguishing point",
    responses=problems(404),
)
def observe(request: Request, work: Works, inspection: Id, document: ObservationIn) -> ObservationOut:
    """A row of its own, which goes up with the results. The last one of a point stands; it changes no verdict."""
    officer = acting(request, work, Right.INSPECT, work.bench.record(inspection).station, document.officer)
    seen = work.bench.observe(inspection, document.recordation, document.point, document.observed, officer=officer)
    return ObservationOut.of(seen)


def facts_of(work: Work, kept: InspectionRecord, language: str) -> FactsOut:
    """The facts of an inspection, as of now; of bulletins those that speak of what was seen and found."""
    latest, lookup = kept.assessments[-1], work.bench.facts(kept)
    case = Case(kept.station, latest.seen, latest.identity, lookup, latest.at)
    told = latest.verdict
    made = Checked(told.findings, told.checked, told.not_checked)
    return FactsOut.of(that_apply(case, made, work.bench.policy), kept, language)


def face_of(lookup: LookupResult, comparison: FaceComparison) -> RegisteredFace | None:
    """The registered face that a comparison names; None when the registry holds it no more."""
    faces = (face for item in lookup.items for face in item.faces)
    return next((face for face in faces if face.face_id == comparison.face_id), None)
