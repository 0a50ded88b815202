"""The demo parcels: what lies on the bench, what the scanner sends, what was declared, and what is expected of it.

`Expected` is read by tests and by one column of the report. The bench never sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from edge.consignment import Consignment, DeclaredLine, Party
from edge.inspection import Outcome, Verdict
from provisioning.demo import symbols
from provisioning.demo.desk import PostalLabel
from provisioning.demo.items import item, relabelled
from provisioning.demo.products import BY_KEY
from provisioning.demo.sheet import Alteration, Marking


@dataclass(frozen=True, slots=True)
class Shot:
    """One photograph: the face of a product with a marking, under conditions that differ from the usual ones."""

    product: str
    marking: Marking
    alteration: Alteration = field(default_factory=Alteration)
    label: PostalLabel | None = None
    conditions: Mapping[str, object] = field(default_factory=dict)
    readable: bool = True  # whether a reader must find a symbol in it


@dataclass(frozen=True, slots=True)
class Expected:
    """The outcomes that are right, and finding codes that have to be among the reasons.

    A code that ends with a point stands for any code that begins with it ("face.": something about the face).
    """

    outcomes: tuple[Outcome, ...]
    codes: tuple[str, ...] = ()

    def met_by(self, verdict: Verdict) -> bool:
        """Whether the verdict is one of those expected, for the expected reasons."""
        found = [finding.code for finding in verdict.findings]
        return verdict.outcome in self.outcomes and all(
            any(code == name or (name.endswith(".") and code.startswith(name)) for code in found) for name in self.codes
        )

    def in_words(self) -> str:
        """The expectation as one line."""
        outcomes = " or ".join(outcome.value.replace("_", " ") for outcome in self.outcomes)
        return f"{outcomes}: {', '.join(self.codes)}" if self.codes else outcomes


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel at one station."""

    name: str
    title: str
    expected: Expected
    shots: tuple[Shot, ...] = ()
    scans: tuple[bytes, ...] = ()  # as the scanner sends them
    consignment: Consignment | None = None
    station: str = "1"
    after: str = ""  # the parcel that has to be answered before this one arrives
    stale: bool = False  # inspected against the old edition


def _nothing(*codes: str) -> Expected:
    return Expected((Outcome.NO_FINDING,), codes)


def _check(*codes: str) -> Expected:
    return Expected((Outcome.CHECK,), codes)


def _differs(code: str = "face.") -> Expected:
    """Something about the face: how decisive it is belongs to the model pack and the policy."""
    return Expected((Outcome.CHECK, Outcome.STRONG_INDICATION), (code,))


def _unable(*codes: str) -> Expected:
    return Expected((Outcome.CANNOT_ASSESS,), codes)


def _strong(*codes: str) -> Expected:
    return Expected((Outcome.STRONG_INDICATION,), codes)


def _label(serial: str, sender: tuple[str, ...] = ()) -> PostalLabel:
    number = symbols.s10("RR", serial, "SG")
    return PostalLabel(number, sender) if sender else PostalLabel(number)


def _declared(
    label: PostalLabel, product: str, description: str, *, sender: Party | None = None, **line: object
) -> Consignment:
    """A CN23 that matches the product, but for what `line` says otherwise."""
    goods = BY_KEY[product]
    usual: dict[str, object] = {
        "quantity": 1,
        "net_g": goods.net_g,
        "value_minor": goods.value_band[0],
        "currency": "JPY",
        "hs": goods.hs,
        "origin": goods.origins[0],
    }
    consignor = sender or Party(label.sender[0], ", ".join(label.sender[1:]), "SG")
    return Consignment(
        document=label.number,
        document_type="CN23",
        consignor=consignor,
        consignee=Party(label.addressee[0], label.addressee[1], "JP"),
        lines=(DeclaredLine(description, **(usual | line)),),  # type: ignore[arg-type]
        category="sale of goods",
        pieces=1,
    )


def capslocked(text: str) -> bytes:
    """What a keyboard scanner sends with CAPS LOCK on: every letter in the other case."""
    return text.swapcase().encode()


def parcels(day: date) -> tuple[Parcel, ...]:
    """All parcels of the demo on `day`."""
    usual, gift, outlet, heron = (_label(n) for n in ("20260101", "20260118", "20260126", "20260134"))
    goods, twice, blurred, pair = (_label(n) for n in ("20260142", "20260159", "20260167", "20260175"))
    heron = PostalLabel(heron.number, ("Silver Heron Trading Ltd", "Unit 2, 18 Pier Road", "PORT SAMPLE"))
    return (
        Parcel("medicine", "Medicine, everything as registered", _nothing(),
               (Shot("medicine", item("medicine", "first", day), label=usual),),
               consignment=_declared(usual, "medicine", "Lumadrex tablets")),
        Parcel("watch", "Watch box, 12 megapixels, QR code with a Digital Link", _nothing(),
               (Shot("watch", item("watch", "first", day),
                     conditions={"long_side_px": 4000, "defocus_px": 1.4, "noise": 3.0}),), station="2"),
        Parcel("serum", "Serum, everything as registered", _nothing("bulletin.applies"),
               (Shot("serum", item("serum", "second", day), label=gift),),
               consignment=_declared(gift, "serum", "night serum")),
        Parcel("logo-moved", "Toner whose logo sits 7 mm to the right and 6 mm too low", _differs(),
               (Shot("toner", item("toner", "first", day), Alteration(logo_shift_mm=(7.0, 6.0))),), station="2"),
        Parcel("colour-off", "Perfume printed with other inks", _differs(),
               (Shot("perfume", item("perfume", "first", day), Alteration(hue_deg=60.0),
                     label=outlet),)),
        Parcel("hologram-missing", "Earphones with flat foil in place of the hologram",
               _differs("face.hologram"),
               (Shot("earphones", item("earphones", "first", day), Alteration(hologram=False)),), station="2"),
        Parcel("wrong-product", "The code of razor blades on a perfume carton", _check("face.other_product"),
               (Shot("perfume", Marking(retail_gtin=BY_KEY["razor"].gtin)),)),
        Parcel("unknown-serial", "Medicine with a serial that nobody registered", _check("serial.unknown"),
               (Shot("medicine", item("medicine", "unknown", day)),), station="2"),
        Parcel("revoked-serial", "Toner with a revoked serial", _strong("serial.revoked"),
               (Shot("toner", item("toner", "revoked", day)),)),
        Parcel("stolen-serial", "Earphones of a stolen range", _strong("serial.stolen"),
               (Shot("earphones", item("earphones", "stolen", day)),), station="2"),
        Parcel("contradiction", "Shoe label whose two symbols name different products", _check("codes.contradict"),
               (Shot("sneakers", relabelled(item("sneakers", "first", day), retail_gtin=BY_KEY["batteries"].gtin)),)),
        Parcel("damaged-symbol", "Batteries whose symbol is rubbed off", _unable("symbol.unreadable"),
               (Shot("batteries", Marking(scratched=True), readable=False),), station="2"),
        Parcel("unregistered", "A lamp that no right holder registered", _unable("product.unregistered"),
               (Shot("lamp", Marking()),)),
        Parcel("expired-recordation", "Cable whose recordation has expired", _unable("recordation.expired"),
               (Shot("cable", Marking(), conditions={"glare": 1, "glare_strength": 0.4}),), station="2"),
        Parcel("blurred", "A blurred picture; the serial was scanned", _unable("capture.blurred"),
               (Shot("brakes", item("brakes", "first", day), label=blurred,
                     conditions={"defocus_px": 30.0, "motion_px": 30.0, "noise": 0.3, "sharpening": 0.0},
                     readable=False),),
               scans=(_scan("brakes", "first", day),)),
        Parcel("watch-list", "A parcel of a listed consignor", _check("watch.listed"),
               (Shot("matcha", item("matcha", "first", day), label=heron),),
               consignment=_declared(heron, "matcha", "matcha tea"), station="2"),
        Parcel("declared-goods", "Declared as a picture frame, found a game", _check("consignment.goods"),
               (Shot("game", Marking(), label=goods),),
               consignment=_declared(goods, "game", "picture frame", hs="441400", value_minor=500)),
        Parcel("seen-elsewhere", "The serum's serial a second time, in another parcel", _check("serial.seen_elsewhere"),
               (Shot("serum", item("serum", "second", day), label=twice),), station="2", after="serum"),
        Parcel("printed-serial", "Earphones whose print names another serial than their code", _check("text.differs"),
               (Shot("earphones", item("earphones", "second", day), Alteration(serial="SV260422007")),), station="2"),
        Parcel("before-programme", "Earphones of a batch from before the serial programme",
               _nothing("serial.before_programme"),
               (Shot("earphones", item("earphones", "early", day)),)),
        Parcel("caps-lock", "A keyboard scanner with CAPS LOCK on",
               _nothing("input.repaired"),
               (Shot("medicine", item("medicine", "second", day)),),
               scans=(capslocked("]d2" + symbols.message(_elements("medicine", "second", day))),), station="2"),
        Parcel("replaced-separator", "A scanner that sends {GS} in place of the separator",
               _nothing("input.repaired"),
               (Shot("serum", item("serum", "third", day)),),
               scans=(symbols.message(_elements("serum", "third", day), separator="{GS}").encode(),)),
        Parcel("lost-separator", "A scanner that lost the separators; the code can be read in several ways",
               _unable("input.ambiguous"),
               scans=(b"]d2" + symbols.message(_serial_in_the_middle(day), separator="").encode(),), station="2"),
        Parcel("two-items", "Two items in one parcel, two pictures", _nothing(),
               (Shot("serum", item("serum", "first", day), label=pair), Shot("cards", Marking())),
               consignment=_pair(pair), station="2"),
        Parcel("stale-registry", "The same bench with a registry half a year old", _unable("registry.stale"),
               (Shot("medicine", item("medicine", "third", day)),), stale=True),
    )  # fmt: skip


def _elements(product: str, name: str, day: date) -> dict[str, str]:
    marking = item(product, name, day)
    found = {"01": BY_KEY[product].gtin}
    if marking.expiry:
        found["17"] = f"{marking.expiry:%y%m%d}"
    return found | ({"10": marking.batch} if marking.batch else {}) | ({"21": marking.serial} if marking.serial else {})


def _serial_in_the_middle(day: date) -> dict[str, str]:
    """A serial between batch and expiry: without separators its end cannot be told."""
    elements = _elements("medicine", "second", day)
    return {ai: elements[ai] for ai in ("01", "10", "21", "17")}


def _scan(product: str, name: str, day: date) -> bytes:
    return ("]d2" + symbols.message(_elements(product, name, day))).encode()


def _pair(label: PostalLabel) -> Consignment:
    serum = _declared(label, "serum", "night serum")
    cards = _declared(label, "cards", "trading cards")
    return Consignment(
        document=serum.document,
        document_type=serum.document_type,
        consignor=serum.consignor,
        consignee=serum.consignee,
        lines=serum.lines + cards.lines,
        category=serum.category,
        pieces=2,
    )
