"""What is declared, as it comes in: one form for the API, the command line and manifests. Unknown fields are refused.

It maps to the nouns of edge/consignment.py and judges nothing: a declaration is a claim.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated

from babel.core import get_global
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from edge.consignment import Consignment, DeclaredLine, Party
from edge.syntax_tests import code_list

# No line breaks, no controls of either set, nothing that turns the direction of what stands beside it.
_PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
_OF_THE_UNION = frozenset({"XC", "XI", "XK", "XL"})  # user-assigned: Ceuta, Northern Ireland, Kosovo, Melilla


@cache
def _currencies() -> frozenset[str]:
    """ISO 4217 with what was withdrawn from it, as Unicode's CLDR has it."""
    return frozenset(get_global("all_currencies"))


def _country(text: str) -> str:
    if text and text not in code_list("countries") | _OF_THE_UNION:
        raise ValueError("expected an ISO 3166-1 alpha-2 country such as JP")
    return text


def _currency(text: str) -> str:
    if text and text not in _currencies():
        raise ValueError("expected an ISO 4217 currency such as JPY")
    return text


def _number(text: str) -> str:
    if not any(letter.isalnum() for letter in text):
        raise ValueError("expected the number of a transport document")
    return text


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a description of the goods")
    return text


Line = Annotated[str, StringConstraints(max_length=500, pattern=_PLAIN)]
Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$"), AfterValidator(_country)]
Currency = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$"), AfterValidator(_currency)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1, strict=True)]  # strict: neither true nor "2" is a number


class Incoming(BaseModel):
    """A document from outside: unknown fields are refused, so that a misspelt one is never silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PartyIn(Incoming):
    """A declared person or company."""

    name: Line
    address: Line = ""
    country: Country = Field(default="", description="ISO 3166-1 alpha-2.")
    reference: Line = ""


class LineIn(Incoming):
    """One declared line of goods."""

    description: Annotated[Line, AfterValidator(_words)]
    quantity: Count | None = None
    net_g: Count | None = Field(default=None, description="Net mass of the whole line, grams.")
    value_minor: Count | None = Field(default=None, description="Value of the whole line, minor units of the currency.")
    currency: Currency = Field(default="", description="ISO 4217.")
    hs: str = Field(default="", pattern=r"^[0-9]{0,12}$")
    origin: Country = Field(default="", description="ISO 3166-1 alpha-2.")
    gtin: str = Field(default="", pattern=r"^[0-9]{0,14}$")
    brand: Line = ""
    maker: Line = Field(default="", description="Who made it, as declared.")


class ConsignmentIn(Incoming):
    """What was declared. Compared, never corrected."""

    document: Annotated[Line, AfterValidator(_number)] = Field(description="Number of the transport document.")
    document_type: Line = ""
    issuer: Line = Field(default="", description="Who numbered it; a house waybill is unique only with it.")
    numbers: tuple[Line, ...] = Field(default=(), max_length=200, description="Further numbers on its pieces.")
    consignor: PartyIn | None = None
    consignee: PartyIn | None = None
    lines: tuple[LineIn, ...] = Field(default=(), max_length=200)
    platform: Line = ""
    seller: Line = Field(default="", description="Name or id of the seller on the platform.")
    order: Line = ""
    listing: Line = Field(default="", description="Id of the offer on the platform.")
    category: Line = ""
    pieces: Count | None = None
    gross_g: Count | None = None
    dispatch: Country = Field(default="", description="Country it was sent from; ISO 3166-1 alpha-2.")
    destination: Country = Field(default="", description="Country it goes to; ISO 3166-1 alpha-2.")

    def as_noun(self) -> Consignment:
        """The consignment as the bench knows it."""
        fields = self.model_dump(exclude={"consignor", "consignee", "lines"})
        return Consignment(
            **fields,
            consignor=Party(**self.consignor.model_dump()) if self.consignor else None,
            consignee=Party(**self.consignee.model_dump()) if self.consignee else None,
            lines=tuple(DeclaredLine(**line.model_dump()) for line in self.lines),
        )
