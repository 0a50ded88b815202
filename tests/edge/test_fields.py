"""Every field of every record has a disclosure class, and a path takes the strictest on its way."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args, get_type_hints

import pytest

from edge.errors import PolicyError
from edge.fields import RECORDS, Disclosure, FieldClass, class_of, recipients, table


def nouns() -> dict[str, set[str]]:
    """Every noun that is reached from a record, with its fields."""
    found: dict[str, set[str]] = {}

    def look(hint: Any) -> None:
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            if hint.__name__ in found:
                return
            found[hint.__name__] = {field.name for field in dataclasses.fields(hint)}
            for part in get_type_hints(hint).values():
                look(part)
        for part in get_args(hint):
            look(part)

    for record in RECORDS:
        look(record)
    return found


def test_every_field_of_every_record_has_exactly_one_class() -> None:
    assert {noun: set(fields) for noun, fields in table().items()} == nouns()


def test_sender_addressee_and_parcel_are_nominal_and_officers_are_withheld() -> None:
    for path in ("assessment.seen.consignment.consignee.name", "assessment.identity.parcel_numbers.value"):
        assert class_of(path)[0] == FieldClass(Disclosure.DISCLOSABLE, nominal=True)
    assert class_of("disposition.officer") == (FieldClass(Disclosure.WITHHELD), "Disposition.officer")
    assert class_of("assessment.verdict.outcome")[0] == FieldClass(Disclosure.PUBLIC)
    assert class_of("assessment.identity.items.gtin.value")[0] == FieldClass(Disclosure.DISCLOSABLE)


def test_what_is_named_inside_something_nominal_is_nominal() -> None:
    found, decisive = class_of("assessment.seen.consignment.consignee.country")
    assert (found, decisive) == (FieldClass(Disclosure.DISCLOSABLE, nominal=True), "Consignment.consignee")


def test_every_nominal_path_that_a_kind_of_recipient_may_have_exists_and_none_is_an_addressees() -> None:
    for kind, ceiling in recipients().items():
        for path in ceiling.nominal - {"*"}:
            assert class_of(path)[0].nominal, (kind, path)
            assert "consignee" not in path
    assert not recipients()["statistics"].admits("assessment.identity.items.gtin.value", FieldClass(Disclosure(1)))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("assessment.nothing", "Expected a field of an inspection, got 'assessment.nothing' ('nothing' is none)."),
        ("port.name", "Expected a field of an inspection, got 'port.name' ('name' is none)."),
        ("assessment.verdict", "Expected a value, got 'assessment.verdict', a Verdict: name its fields."),
    ],
)
def test_a_path_that_leads_nowhere_is_told(path: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        class_of(path)
    assert caught.value.message == message
