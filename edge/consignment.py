"""What was declared: a transport document and its lines. Claims, to be compared and never corrected."""

from __future__ import annotations

from dataclasses import dataclass


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

    @property
    def route(self) -> str:
        """From which country to which, as `XX-YY`; "" when one of them is not declared."""
        start = self.dispatch or (self.consignor.country if self.consignor else "")
        end = self.destination or (self.consignee.country if self.consignee else "")
        return f"{start}-{end}" if start and end else ""
