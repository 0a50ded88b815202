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
