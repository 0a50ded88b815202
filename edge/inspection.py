"""The nouns of an inspection, in the order in which they come to be.

Frozen values without I/O and without pixels: a picture is named by the SHA-256 of its kept file. Nothing here reads a
clock, a file or a registry. The verbs that make these nouns live in edge/steps/, the story in edge/flow.py.

Coordinates: a `Box` is in pixels of the capture that it names, or of the registered face where a field says so.
`None` means "not known" or "not comparable" and never stands for zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from edge.gs1 import Gtin, Sscc, TradeItem
from edge.postal import ParcelNumber


class Cause(StrEnum):
    """Why there is a doubt. Every finding has exactly one: a stale directory never looks like a suspect parcel."""

    INPUT = "input"  # damaged read, keyboard layout, lost separator
    UNREADABLE = "unreadable"  # the picture or symbol does not allow a reading
    NO_REFERENCE = "no_reference"  # the registry holds nothing to compare with
    STALE = "stale"  # the registry, a bulletin or a recordation is too old to rely on
    SYSTEM = "system"  # the box could not do its part
    MISMATCH = "mismatch"  # what is in hand departs from what is registered, declared or seen before


class Weight(StrEnum):
    """What a finding does to the verdict. The policy file gives each finding code its weight."""

    NOTE = "note"  # shown, changes nothing
    LIMIT = "limit"  # caps the best possible answer at CANNOT_ASSESS
    CHECK = "check"  # a person should look
    STRONG = "strong"  # a decisive discrepancy


class Outcome(StrEnum):
    """The system's verdict. A different vocabulary from the officer's disposition, on purpose."""

    NO_FINDING = "NO_FINDING"
    CHECK = "CHECK"
    STRONG_INDICATION = "STRONG_INDICATION"
    CANNOT_ASSESS = "CANNOT_ASSESS"


class Decision(StrEnum):
    """The officer's disposition of an inspection. Silence is none of these."""

    RELEASE = "release"
    REFER = "refer"
    DETAIN = "detain"


class ClockTrust(StrEnum):
    """How far the box's wall clock may be believed when a row is written."""

    SYNCED = "synced"  # disciplined by a trusted source since boot
    FLOOR = "floor"  # not synced, but not before the newest signed time that the box has seen
    UNTRUSTED = "untrusted"  # before the floor, or unknown


@dataclass(frozen=True, slots=True)
class Moment:
    """The one reading of the clock of an inspection step: UTC, with the trust that the box has in it."""

    utc: datetime
    trust: ClockTrust

    def __post_init__(self) -> None:
        """Refuse a naive time. UTC by another name (a document's parser has its own) becomes `datetime.UTC`.

        Raises:
            ValueError: `utc` has no time zone or is not UTC.
        """
        if self.utc.utcoffset() != timedelta(0):
            raise ValueError(f"Moment.utc must be an aware UTC time, got {self.utc!r}.")
        object.__setattr__(self, "utc", self.utc.replace(tzinfo=UTC))


# --- Consignment: what was declared ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Party:
    """A consignor, consignee or maker as declared. Personal data: never logged, committed to the chain only salted."""

    name: str
    address: str = ""
    country: str = ""  # ISO 3166-1 alpha-2
    reference: str = ""  # customs or tax reference


@dataclass(frozen=True, slots=True)
class DeclaredLine:
    """One line of a CN22/CN23/ITMATT declaration. A claim, compared and never corrected."""

    description: str
    quantity: int | None = None
    net_g: int | None = None
    value_minor: int | None = None  # minor units of `currency`
    currency: str = ""  # ISO 4217
    hs: str = ""  # HS digits as declared
    origin: str = ""  # ISO 3166-1 alpha-2
    gtin: str = ""
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Consignment:
    """A transport document and its declared lines."""

    document: str  # transport document number: S10, house waybill, SSCC
    document_type: str = ""  # "CN22", "CN23", "AWB", ...
    consignor: Party | None = None
    consignee: Party | None = None
    lines: tuple[DeclaredLine, ...] = ()
    platform: str = ""
    order: str = ""
    category: str = ""  # gift, sale of goods, ...
    pieces: int | None = None
    gross_g: int | None = None


# --- Capture and symbols: what the bench saw ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Measured properties of a capture, no judgement."""

    sharpness: float  # variance of the Laplacian at 1024 px long side, grey levels squared
    glare: float  # share of burnt-out pixels, 0..1
    brightness: float  # mean grey level, 0..255
    mm_per_px: float | None = None  # known only when a calibrated scale or a registered face gives it


@dataclass(frozen=True, slots=True)
class Capture:
    """A picture that reached the bench. Its full frame is dropped; `sha256` names what was received."""

    sha256: str
    width: int
    height: int
    source: str  # "upload", "camera:<name>", "folder", "replay"
    quality: Quality
    kept: tuple[Evidence, ...] = ()  # the crops that were kept of it


@dataclass(frozen=True, slots=True)
class Evidence:
    """A kept file: `sha256` is its name in the evidence store."""

    sha256: str
    media_type: str
    role: str  # "face", "symbol", "heat", "registered", "report"
    capture: str = ""  # sha256 of the capture it was cut from
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class DecodedSymbol:
    """One barcode as read: `payload` is the raw data, never repaired here."""

    __pydantic_config__: ClassVar = {"ser_json_bytes": "hex", "val_json_bytes": "hex"}

    text: str
    payload: bytes
    symbology: str  # ISO/IEC 15424 identifier, e.g. "]d2"; "" when the source does not send one
    format: str  # "DataMatrix", "EAN-13", "Code128", ...; "" when typed
    source: str  # "capture:<sha256>", "scanner:<name>", "typed", "http"
    box: Box | None = None
    votes: int = 1  # distinct (engine, view) readings that agree
    corners: tuple[tuple[float, float], ...] = ()  # from its top left as it reads, in pixels of the capture


# --- Identity: what the codes say -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputFault:
    """A scanner fault or invalid data, told exactly. `repaired` is None when it could not be repaired."""

    # "capslock", "layout_jis_us", "layout_us_jis", "layout_us_de", "layout_de_us", "fullwidth", "separator_lost",
    # "separator_replaced", "prefix_cut"; these with "_ambiguous"; "number_ambiguous", "unattached_ambiguous",
    # "unattached", "pairing", "invalid"
    code: str
    raw: str
    repaired: str | None
    message: str  # value, expectation, what came
    source: str


@dataclass(frozen=True, slots=True)
class Identity:
    """All that the symbols of one inspection say, merged. Elements of one item may come from several symbols."""

    items: tuple[TradeItem, ...] = ()
    sscc: tuple[Sscc, ...] = ()
    parcel_numbers: tuple[ParcelNumber, ...] = ()  # S10, AWB, ISO 6346, carrier numbers
    unparsed: tuple[str, ...] = ()  # codes that follow no known grammar
    faults: tuple[InputFault, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()

    @property
    def item_keys(self) -> tuple[str, ...]:
        """Keys under which serialised items are remembered: `sgtin:<GTIN>:<serial>`."""
        return tuple(key for key in map(item_key, self.items) if key)

    @property
    def parcel_keys(self) -> tuple[str, ...]:
        """Keys under which the parcel is remembered: `<scheme>:<number>`."""
        numbers = tuple(f"{number.scheme}:{number.value}" for number in self.parcel_numbers)
        return numbers + tuple(f"SSCC:{sscc}" for sscc in self.sscc)


def item_key(item: TradeItem) -> str:
    """The key of one serialised item; "" without a serial number."""
    return f"sgtin:{item.gtin}:{item.serial}" if item.serial is not None else ""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two symbols of one item that cannot both be true."""

    element: str  # what they disagree on: "gtin", "serial", "batch", "expiry", or "AI nnn"
    values: tuple[str, ...]
    sources: tuple[str, ...]


# --- Look-up: what the registry knows -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edition:
    """Which registry edition answered. `issued` is the signed or stated time of issue."""

    name: str
    number: int
    issued: datetime
    publisher: str = ""
    bulletin_quarter: str = ""  # "2026-Q4"
    supplements: tuple[str, ...] = ()  # of its publishers, each with name and number


class SerialStatus(StrEnum):
    """What the registry says of a serial number. KNOWN is never "genuine item"."""

    KNOWN = "known"
    IN_RANGE = "in_range"
    UNKNOWN = "unknown"  # the product is serialised and this serial is not registered
    REVOKED = "revoked"
    STOLEN = "stolen"
    REPORTED = "reported"
    BEFORE_PROGRAMME = "before_programme"  # genuine stock from before the serial programme is possible
    NO_PROGRAMME = "no_programme"  # the right holder registers no serials for this product
    NOT_GIVEN = "not_given"  # the product is serialised and no serial was read


@dataclass(frozen=True, slots=True)
class Region:
    """A marked region of a registered face, in millimetres from its top left corner."""

    kind: str  # "logo", "hologram", "microprint", "label", "artwork", "ignore"
    x_mm: float
    y_mm: float
    w_mm: float
    h_mm: float
    text: str = ""  # the registered words or micro-print text


@dataclass(frozen=True, slots=True)
class RegisteredFace:
    """A right holder's registered package face. The picture's bytes stay in the edition; `sha256` names them."""

    face_id: int
    gtin: Gtin
    version: str  # pack version or print run
    side: str  # "front", "back", ...
    sha256: str
    width_mm: float
    height_mm: float
    regions: tuple[Region, ...] = ()
    flat: bool = True
    source: str = ""
    registered: date | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A registered product."""

    gtin: Gtin
    name: str
    brand: str
    right_holder: str
    hs: str = ""
    origins: tuple[str, ...] = ()  # ISO 3166-1 alpha-2 of authorised origins
    makers: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    value_min_minor: int | None = None
    value_max_minor: int | None = None
    currency: str = ""
    net_g: int | None = None
    serialised: bool = False
    serial_rule: str = ""  # regular expression that the whole serial must match
    programme_start: date | None = None
    first_serialised_batch: str = ""
    words: Mapping[str, str] = field(default_factory=dict)  # language -> description words, for declared goods
    source: str = ""


@dataclass(frozen=True, slots=True)
class DistinguishingPoint:
    """A recorded point that tells the genuine product from known counterfeits, for the officer's eye."""

    number: int
    text: Mapping[str, str]  # language -> text
    severity: str
    source: str
    valid_to: date | None = None
    picture: str = ""  # sha256 of a picture of the edition, "" when there is none


@dataclass(frozen=True, slots=True)
class Recordation:
    """A right entered with customs, with the day it is judged on."""

    number: str
    right_type: str  # patent, utility model, design, trademark, copyright, ...
    right_holder: str
    valid_from: date
    valid_to: date
    source: str = ""
    points: tuple[DistinguishingPoint, ...] = ()

    def in_force(self, day: date) -> bool:
        """Whether the recordation is in force on `day`, both ends included."""
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class WatchHit:
    """A watch-list entry that matches the consignment, and why."""

    entry: str  # the entry's id
    kind: str  # "consignor", "address", "seller"
    listed: str  # the listed name as published
    matched: str  # what it was matched with
    similarity: float  # 0..100
    reason: str
    source: str
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A counterfeit-pattern bulletin that applies to an item in hand."""

    number: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    valid_from: date
    valid_to: date
    source: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """An earlier inspection that saw the same serialised item or parcel number."""

    inspection: str
    station: str
    place: str
    seen: datetime
    parcel: str = ""  # the parcel number it was seen with, "" when none


@dataclass(frozen=True, slots=True)
class SeenElsewhere:
    """Another box of the country saw the same serialised item or parcel number, says the central. Known by the day."""

    place: str  # port
    day: date
    here: bool  # the port of this box
    same_parcel: bool | None = None  # None: a parcel number is not known on both sides


@dataclass(frozen=True, slots=True)
class ItemLookup:
    """What the registry knows of one item."""

    item: TradeItem
    product: Product | None
    recordations: tuple[Recordation, ...] = ()
    serial: SerialStatus | None = None  # None: there is no product to ask about
    bulletins: tuple[Bulletin, ...] = ()
    faces: tuple[RegisteredFace, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    elsewhere: tuple[SeenElsewhere, ...] = ()


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The registry's whole answer for one inspection, and which edition gave it."""

    edition: Edition | None  # None: no edition is loaded
    items: tuple[ItemLookup, ...] = ()
    watch_hits: tuple[WatchHit, ...] = ()
    consignment: Consignment | None = None
    parcel_sightings: tuple[Sighting, ...] = ()
    parcel_elsewhere: tuple[SeenElsewhere, ...] = ()
    recognised: tuple[Product, ...] = ()  # products whose registered faces a capture looks like


# --- Comparison: what the package face says -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where the captured face departs from the registered one."""

    kind: str  # "structure", "colour", "print", "hologram", "microprint", "label", "any"
    score: float  # calibrated by the pack: 0..1
    face_box: Box  # in pixels of the aligned face
    capture_box: Box | None = None  # in pixels of the capture
    region: str = ""  # kind of the registered region it lies in
    offset_mm: float | None = None


class Retake(StrEnum):
    """Why two faces could not be compared: always an invitation to take another picture or none at all."""

    BLURRED = "blurred"
    GLARE = "glare"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    NOT_FOUND = "not_found"  # no alignment with the registered face
    NOT_FLAT = "not_flat"


@dataclass(frozen=True, slots=True)
class RegionReading:
    """What the captures show of one marked region. `None`: they cannot tell, or the region is none of the kind."""

    kind: str  # "logo", "label", "hologram", "microprint"
    text: str  # the registered words
    capture_box: Box
    seen: float  # share that is neither hidden nor burnt out, in the capture that shows most
    offset_mm: float | None = None  # from its registered place
    size: float | None = None  # over the registered size
    gain: float | None = None  # by how much that place is likelier than the registered one, as a correlation
    absence: float | None = None  # of a hologram: share of the registered colourfulness and detail that is missing
    change: float | None = None  # of a hologram: how the pattern of its colours changed, 1 less its correlation
    needed_mm_per_px: float | None = None  # of a micro-print: the coarsest pixel that shows it
    contrast: float | None = None  # of a micro-print: share of the registered one, over what the capture resolves
    likeness: float | None = None  # of a micro-print: correlation with the registered one
    corners: tuple[
        tuple[float, float], ...
    ] = ()  # of its registered place, from its top left, in pixels of the capture
    picture: Evidence | None = None  # registered and captured side by side, kept where the policy finds something


@dataclass(frozen=True, slots=True)
class CaptureAdvice:
    """What would let the next capture be judged better. Millimetres per pixel (too_far, too_soft), degrees (tilted)."""

    code: str  # "glare_over", "covered", "too_far", "too_soft", "tilted"
    region: str = ""  # kind of the registered region, "" for the whole face
    edge: str = ""  # edge of the package, as the capture shows it, that is to be lowered
    measured: float | None = None
    needed: float | None = None


@dataclass(frozen=True, slots=True)
class FaceComparison:
    """One capture against one registered face of one item. `score` None means not comparable.

    A later capture is judged together with earlier ones: its comparison then stands for those that `together` names.
    """

    gtin: Gtin
    face_id: int
    capture: str  # sha256 of the capture
    aligned: bool
    score: float | None  # 0..1, higher is more suspicious
    threshold_check: float
    threshold_strong: float
    differences: tuple[Difference, ...] = ()
    retake: Retake | None = None
    hint: str = ""  # what to do for a better picture, message id
    pack: str = ""  # pack id that measured it
    inliers: int = 0
    residual_px: float | None = None
    pictures: tuple[Evidence, ...] = ()  # aligned face, registered face, heat map
    together: tuple[str, ...] = ()  # earlier captures that score and differences rest on too
    regions: tuple[RegionReading, ...] = ()
    advice: tuple[CaptureAdvice, ...] = ()
    mm_per_px: float | None = None  # of the capture, where the face lies
    tilt_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """A registered face that a capture looks like, whatever its codes say."""

    gtin: Gtin
    face_id: int
    capture: str
    inliers: int
    similarity: float


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line of print as it was read: `sure` is each character's chance of being right, 0..1."""

    text: str
    sure: tuple[float, ...]
    box: Box
    height_px: float  # of the type in the capture
    again: str | None = None  # what a second, softened look read; None: there was none
    again_sure: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PrintReading:
    """The print beside one symbol of an item, or inside a label's region of its face, in one capture.

    Of the lines only those are kept that say something of what was expected.
    """

    capture: str  # sha256 of the capture
    gtin: Gtin
    expected: Mapping[str, str]  # "gtin", "serial", "batch", "expiry" (YYMMDD) of the code, or "words" as registered
    lines: tuple[PrintedLine, ...]
    found: int  # lines that were read at all
    height_px: float | None  # middle height of their type; None without lines
    threshold: float  # chance from which on a character may be held against another one
    pack: str
    picture: Evidence | None = None  # the line that departs


# --- Judgement ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason. The sentence is a message id (= `code`) with arguments; catalogues turn it into words."""

    code: str
    cause: Cause
    weight: Weight
    arguments: Mapping[str, str] = field(default_factory=dict)
    item: str = ""  # GTIN of the item it speaks of, "" for the parcel
    evidence: tuple[Evidence, ...] = ()
    box: Box | None = None
    source: str = ""  # who says so: a recordation, an edition, the pack
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A check that did not run, and why."""

    check: str  # "serial", "face", "recordation", "consignment", "watch_list", "sightings"
    reason: str  # message id
    item: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """What a verdict rests on."""

    edition: str
    edition_number: int | None
    edition_issued: datetime | None
    age_days: int | None  # None when no edition is loaded or the clock is not to be trusted
    bulletin_quarter: str
    pack: str
    policy: str
    supplements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The advice of the bench. The officer decides."""

    outcome: Outcome
    findings: tuple[Finding, ...]  # most decisive first
    not_checked: tuple[NotChecked, ...]
    checked: tuple[str, ...]  # names of the checks that ran
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class SystemFault:
    """Something the box could not do during this inspection, answered as a finding with cause "system"."""

    code: str  # "decode_timeout", "decode_crashed", "model_missing", "registry_missing", ...
    detail: str
    capture: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything seen so far of one inspection: the whole input of judgement besides the registry's answer."""

    captures: tuple[Capture, ...] = ()
    symbols: tuple[DecodedSymbol, ...] = ()
    comparisons: tuple[FaceComparison, ...] = ()
    recognitions: tuple[Recognition, ...] = ()
    consignment: Consignment | None = None
    faults: tuple[SystemFault, ...] = ()
    prints: tuple[PrintReading, ...] = ()

    def with_more(self, more: Seen) -> Seen:
        """This and what came later, as one. A later consignment replaces an earlier one."""
        return replace(
            self,
            captures=self.captures + more.captures,
            symbols=self.symbols + more.symbols,
            comparisons=self.comparisons + more.comparisons,
            recognitions=self.recognitions + more.recognitions,
            consignment=more.consignment or self.consignment,
            faults=self.faults + more.faults,
            prints=self.prints + more.prints,
        )


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that one judgement rests on, besides the policy."""

    station: str
    seen: Seen
    identity: Identity
    lookup: LookupResult
    now: Moment


@dataclass(frozen=True, slots=True)
class Assessment:
    """One judgement of an inspection. Appended, never edited."""

    inspection: str  # UUIDv7
    number: int  # 1, 2, ... within the inspection
    seen: Seen
    identity: Identity
    verdict: Verdict
    at: Moment
    compute_ms: float
    stage_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disposition:
    """The officer's own row. `undoes` names the ledger sequence of the disposition that it takes back."""

    inspection: str
    decision: Decision | None  # None: this row only undoes
    officer: str
    reason: str
    at: Moment
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class LateAssessment:
    """What a later edition says of an inspection that had been released: a row of its own, which edits nothing."""

    inspection: str
    assessment: int  # number of the assessment that was released on
    released: datetime  # UTC
    findings: tuple[Finding, ...]  # only what could not be said then
    outcome: Outcome  # what the bench would say now
    freshness: Freshness
    at: Moment


@dataclass(frozen=True, slots=True)
class Question:
    """What an officer asks a right holder or an expert about an inspection: a row of its own, answered by a central."""

    inspection: str
    text: str
    picture: str  # sha256 of a kept picture, "" for none
    gtins: tuple[str, ...]  # of the items in hand: who may answer, and where else the answer is shown
    officer: str
    at: Moment


@dataclass(frozen=True, slots=True)
class InspectionRecord:
    """An inspection as the ledger holds it. State: "assessed", "disposed"."""

    inspection: str
    station: str
    assessments: tuple[Assessment, ...]
    dispositions: tuple[tuple[int, Disposition], ...]  # with their ledger sequence
    late: tuple[LateAssessment, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def disposition(self) -> Disposition | None:
        """The officer's decision that stands: the last one that was not undone."""
        undone = {d.undoes for _, d in self.dispositions if d.undoes is not None}
        standing = [d for seq, d in self.dispositions if d.decision is not None and seq not in undone]
        return standing[-1] if standing else None

    @property
    def state(self) -> str:
        """Open → assessed (again and again) → disposed."""
        return "disposed" if self.disposition else "assessed"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote a row: every row of the ledger carries it."""

    device: str
    station: str
    officer: str  # "not signed in" when nobody is
    boot: str  # id of this boot of the bench
