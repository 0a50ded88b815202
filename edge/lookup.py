"""What the registry knows: the nouns of its answer. No SQL: edge/storage/registry.py fills them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from edge.consignment import Consignment
from edge.gs1 import Gtin, TradeItem


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
    """A recorded point that tells the genuine product from known counterfeits, for the officer's senses.

    `x_mm` and `y_mm` say where it lies on the registered face of `side`, from its top left; None: nowhere there.
    """

    number: int
    text: Mapping[str, str]  # language -> text
    severity: str
    source: str
    valid_to: date | None = None
    picture: str = ""  # sha256 of a picture of the edition, "" when there is none
    sense: str = "look"  # what it takes: "look", "tilt", "magnify", "feel", "weigh", "smell", "listen", "open"
    side: str = "front"
    x_mm: float | None = None
    y_mm: float | None = None


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
    offices: tuple[str, ...] = ()  # customs offices it was filed for; none: all of the country
    small_consignment: bool = False  # opted in to the small consignment procedure

    def in_force(self, day: date) -> bool:
        """Whether the recordation is in force on `day`, both ends included."""
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class WatchHit:
    """A watch-list entry that matches the consignment, and why."""

    entry: str  # the entry's id
    kind: str  # "consignor", "address", "seller", "listing", "order"
    listed: str  # the listed name as published
    matched: str  # what it was matched with
    similarity: float  # 0..100
    reason: str
    source: str
    valid_to: date | None = None
    how: str = "same"  # what makes them alike, see edge/names.py
    words: tuple[tuple[str, str], ...] = ()  # each compared word with its counterpart
    among: int = 0  # of so many senders one is meant, and which is not known; 0: it is this one's
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A counterfeit-pattern bulletin that applies to an item in hand."""

    number: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    valid_from: date
    valid_to: date
    source: str
    look: Mapping[str, str] = field(default_factory=dict)  # where to look, by language
    condition: str = ""  # when it speaks of an item (edge/condition.py); "": of every one of its products
    picture: str = ""  # SHA-256; "" for none


@dataclass(frozen=True, slots=True)
class Batch:
    """A registered batch (AI 10). It is no proof of the item."""

    batch: str
    expiry: date | None
    status: str  # known, recalled, stolen, reported
    dated: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """An earlier inspection that saw the same serialised item or parcel number."""

    inspection: str
    station: str
    place: str
    seen: datetime
    parcel: str = ""  # the parcel number it was seen with, "" when none
    others: tuple[str, ...] = ()  # further numbers of the same parcel

    @property
    def numbers(self) -> frozenset[str]:
        """Every number that the parcel is known by; none: it is not told which parcel it was."""
        return frozenset((self.parcel, *self.others)) - {""}


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
    misread: bool = False  # the serial is unknown, but one that a scanner's fault makes of it is registered
    batch: Batch | None = None  # None: no batch was read, or none such is registered
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
    lapsed: bool = False  # a bulletin or an entry of the watch list is over by the clock, and was not when issued
    office: str = ""  # where the box stands, "" when it does not know
    recognised: tuple[Product, ...] = ()  # products whose registered faces a capture looks like
