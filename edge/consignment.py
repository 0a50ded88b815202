"""What was declared: a transport document and its lines. Claims, to be compared and never corrected."""

from __future__ import annotations

from dataclasses import dataclass

_SMALL_UNITS, _SMALL_G = 3, 2_000  # EU 608/2013, article 2(19): three units or fewer, or less than two kilograms


@dataclass(frozen=True, slots=True)
class Party:
    """A consignor, consignee or maker as declared. Personal data: never logged, committed to the chain only salted."""

    name: str
    address: str = ""
    country: str = ""  # ISO 3166-1 alpha-2
    reference: str = ""  # customs or tax reference


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent something and offered it where: what the watch list is asked for."""

    consignor: Party | None = None
    platform: str = ""
    seller: str = ""
    order: str = ""
    listing: str = ""

    @property
    def is_told(self) -> bool:
        """Whether there is anything to ask for; an id means nothing without its platform."""
        of_offer = bool(self.platform and (self.listing or self.order))
        return self.consignor is not None or bool(self.seller) or of_offer


@dataclass(frozen=True, slots=True)
class DeclaredLine:
    """One line of a CN22/CN23/ITMATT declaration. A claim, compared and never corrected."""

    description: str
    quantity: int | None = None
    net_g: int | None = None  # of the whole line
    value_minor: int | None = None  # of the whole line, minor units of `currency`
    currency: str = ""  # ISO 4217
    hs: str = ""  # HS digits as declared
    origin: str = ""  # ISO 3166-1 alpha-2
    gtin: str = ""
    brand: str = ""
    maker: str = ""


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
    issuer: str = ""  # who numbered the document; a house waybill is unique only with it
    numbers: tuple[str, ...] = ()  # further numbers on its pieces: SSCC, carriers' numbers
    seller: str = ""  # name or id on the platform
    listing: str = ""  # id of the offer on the platform
    dispatch: str = ""  # country it was sent from, ISO 3166-1 alpha-2
    destination: str = ""
    several: int = 0  # so many consignments stand under the scanned numbers and none can be chosen; 0: this is the one
    senders: tuple[Sender, ...] = ()  # of those several, each once; none where they are too many

    @property
    def asked_senders(self) -> tuple[Sender, ...]:
        """Whom the watch list is asked for: of several, one of them is meant."""
        if self.several:
            return self.senders
        sender = Sender(self.consignor, self.platform, self.seller, self.order, self.listing)
        return (sender,) if sender.is_told else ()

    @property
    def is_small(self) -> bool | None:
        """Whether it is a small consignment: three units or fewer, or lighter than 2 kg; None: it is not told."""
        quantities = [line.quantity for line in self.lines]
        units = sum(one for one in quantities if one is not None) if quantities and None not in quantities else None
        if (units is not None and units <= _SMALL_UNITS) or (self.gross_g or _SMALL_G) < _SMALL_G:
            return True
        return None if units is None or self.gross_g is None else False

    @property
    def route(self) -> str:
        """From which country to which, as `XX-YY`; "" when one of them is not declared."""
        start = self.dispatch or (self.consignor.country if self.consignor else "")
        end = self.destination or (self.consignee.country if self.consignee else "")
        return f"{start}-{end}" if start and end else ""
