"""Drafts of the customs forms' data: what the bench knows of an inspection, field by field, and what it does not know.

A draft is none of the forms: no official layout, no notice, nothing sent. What the bench does not know stays empty and
named. It quotes what the bench and the officer said and concludes nothing. Fields as docs/decisions/162 lists them:
Japan C-5804, C-5808, C-5810; EU 608/2013. A name stands only in a field that asks for one, and only where the caller
says that a supervisor is signed in. Pure: no file, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from edge.consignment import Consignment, Party
from edge.errors import NotFound
from edge.inspection import InspectionRecord
from edge.lookup import LookupResult
from edge.messages import sentence
from edge.people.rows import Drafted
from edge.working_days import EUROPEAN_UNION

STATUS = {"en": "DRAFT: NOT SENT", "ja": "下書き 未送信"}


class Form(StrEnum):
    """A form whose data can be drafted."""

    C5804 = "c5804"  # Japan: what an officer found
    C5808 = "c5808"  # Japan: what an officer found in the post
    C5810 = "c5810"  # Japan: notices to right holder and importer
    EU608 = "eu608"  # EU 608/2013: notification


TITLES = {
    Form.C5804: "C-5804",
    Form.C5808: "C-5808",
    Form.C5810: "C-5810",
    Form.EU608: "Regulation (EU) No 608/2013: notification",
}
LANGUAGE = {Form.C5804: "ja", Form.C5808: "ja", Form.C5810: "ja", Form.EU608: "en"}

# What a field is called, in English and in Japanese, and what is said where the bench does not know it.
NAMES = {
    "office": ("Customs office", "税関官署"),
    "goods": ("Goods", "品名"),
    "quantity": ("Quantity", "数量"),
    "declaration": ("Declaration number", "申告番号"),
    "postal_item": ("Postal item number", "郵便物番号"),
    "transport_document": ("Transport document number", "運送書類番号"),
    "discovered": ("Date of discovery", "発見年月日"),
    "addressee": ("Addressee", "名宛人"),
    "consignor": ("Consignor", "差出人"),
    "reasons": ("Reasons of the finder", "発見者の理由"),
    "finder": ("Finder", "発見者"),
    "right_holder": ("Right holder", "権利者"),
    "recordation": ("Recordation in force", "有効な申立て"),
    "notified": ("Date of the notice", "通知年月日"),
    "term_end": ("End of the term for evidence", "証拠提出期限"),
    "decided": ("Date of the officer's decision", "職員の決定年月日"),
    "small_consignment": ("Small consignment", "少量貨物"),
    "perishable": ("Perishable goods", "生鮮貨物"),
    "origin": ("Origin and provenance as declared", "申告された原産地"),
    "storage_place": ("Place of storage", "保管場所"),
}
FIELDS = {
    Form.C5804: (
        *("office", "goods", "quantity", "declaration", "postal_item", "discovered", "addressee"),
        *("reasons", "finder"),
    ),
    Form.C5808: ("office", "goods", "quantity", "postal_item", "discovered", "addressee", "reasons", "finder"),
    Form.C5810: (
        *("office", "goods", "quantity", "right_holder", "recordation", "discovered", "addressee", "consignor"),
        *("perishable", "notified", "term_end"),
    ),
    Form.EU608: (
        *("office", "goods", "quantity", "small_consignment", "perishable", "declaration", "postal_item"),
        *("transport_document", "origin", "addressee", "consignor", "right_holder", "recordation", "decided"),
        *("notified", "term_end", "storage_place", "reasons"),
    ),
}
PERSONAL = frozenset({"addressee", "consignor", "postal_item", "transport_document"})
_PEOPLE = frozenset({"addressee", "consignor", "finder"})
NOT_KNOWN = ("not known to the bench", "この装置では不明")
WITHHELD = ("only for a signed-in supervisor", "サインインした監督者にのみ表示")
NOTICE = (
    "Drawn from what the bench recorded. It decides nothing and replaces no form. An officer completes and sends it.",
    "この装置の記録から作成した下書きです。何も決定せず、正式な様式に代わりません。職員が確認し、補い、送ります。",
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a draft; `value` "" with `why` when it stays empty."""

    name: str
    value: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """The data of one form for one inspection."""

    form: Form
    inspection: str
    made: datetime  # UTC
    fields: tuple[Field, ...]

    @property
    def language(self) -> str:
        """The language of its own words."""
        return LANGUAGE[self.form]


def form_of(name: str) -> Form:
    """A form by its name.

    Raises:
        NotFound: form_not_found.
    """
    try:
        return Form(name)
    except ValueError as error:
        message = f"Expected a form, one of {', '.join(Form)}, got {name[:40]!r}."
        raise NotFound("form_not_found", message) from error


def forms_of(country: str) -> tuple[Form, ...]:
    """The forms that are drafted in a country; all of them where none is set."""
    if country == "JP":
        return (Form.C5804, Form.C5808, Form.C5810)
    return (Form.EU608,) if country in EUROPEAN_UNION else tuple(Form)


def draft_of(
    form: Form,
    record: InspectionRecord,
    lookup: LookupResult,
    made: datetime,
    *,
    office: str,
    zone: ZoneInfo,
    named: bool,
) -> Draft:
    """The draft of a form for an inspection. `named`: a supervisor is signed in, so that fields of persons are filled.

    Raises:
        NotFound: a message id that this program does not know.
    """
    known = _known(form, record, lookup, office, zone)
    place = 1 if LANGUAGE[form] == "ja" else 0
    fields = []
    for name in FIELDS[form]:
        value = known.get(name, "")
        if value and not named and name in (PERSONAL | _PEOPLE):
            fields.append(Field(name, "", WITHHELD[place]))
        else:
            fields.append(Field(name, value, "" if value else NOT_KNOWN[place]))
    return Draft(form, record.inspection, made, tuple(fields))


def drafted_of(draft: Draft, officer: str) -> Drafted:
    """The noun of the row of making a draft."""
    filled = tuple(field.name for field in draft.fields if field.value)
    return Drafted(draft.inspection, draft.form, filled, officer)


def is_small(consignment: Consignment | None) -> bool | None:
    """Whether it is a small consignment by what was declared; None: what was declared does not tell."""
    return None if consignment is None else consignment.is_small


def _known(form: Form, record: InspectionRecord, lookup: LookupResult, office: str, zone: ZoneInfo) -> dict[str, str]:
    latest, language = record.assessments[-1], LANGUAGE[form]
    declared, decision = latest.seen.consignment, record.disposition
    postal = [number.value for number in latest.identity.parcel_numbers if number.scheme == "S10"]
    others = [number.value for number in latest.identity.parcel_numbers if number.scheme != "S10"]
    small = is_small(declared)
    day = record.assessments[0].at.utc.astimezone(zone).date()
    rights = [one for item in lookup.items for one in item.recordations if one.in_force(day)]
    reasons = [sentence(one.code, one.arguments, language) for one in latest.verdict.findings if one.weight != "note"]
    if decision is not None and decision.reason:
        reasons.append(decision.reason)
    return {
        "office": office,
        "goods": _goods(lookup, declared),
        "quantity": _quantity(declared),
        "postal_item": ", ".join(postal),
        "transport_document": ", ".join(others) or (declared.document if declared and not postal else ""),
        "discovered": day.isoformat(),
        "addressee": _party(declared.consignee if declared else None),
        "consignor": _party(declared.consignor if declared else None),
        "reasons": "\n".join(reasons),
        "finder": decision.officer if decision is not None else "",
        "right_holder": ", ".join(dict.fromkeys(one.right_holder for one in rights)),
        "recordation": ", ".join(dict.fromkeys(f"{one.number} ({one.right_type})" for one in rights)),
        "decided": decision.at.utc.astimezone(zone).date().isoformat() if decision is not None else "",
        "small_consignment": "" if small is None else "yes" if small else "no",
        "origin": ", ".join(dict.fromkeys(line.origin for line in declared.lines if line.origin)) if declared else "",
    }


def _goods(lookup: LookupResult, declared: Consignment | None) -> str:
    """The products whose codes were read, and beside them what was declared: neither corrects the other."""
    products = [f"{one.product.name} ({one.product.gtin.value})" for one in lookup.items if one.product is not None]
    lines = [line.description for line in declared.lines if line.description] if declared else []
    return "\n".join([*products, *(f"declared: {line}" for line in lines)])


def _quantity(declared: Consignment | None) -> str:
    if declared is None:
        return ""
    counted = [f"{line.quantity} x {line.description}" for line in declared.lines if line.quantity is not None]
    return "\n".join(counted)


def _party(party: Party | None) -> str:
    return "" if party is None else ", ".join(part for part in (party.name, party.address, party.country) if part)
