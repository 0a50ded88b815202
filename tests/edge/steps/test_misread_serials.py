"""A valid reading whose serial nobody registered, because a scanner's fault hides in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from edge import policy
from edge.captures import DecodedSymbol
from edge.lookup import ItemLookup, SerialStatus
from edge.moment import ClockTrust, Moment
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from tests.edge.storage.editions import GTIN, edition

NOW = Moment(datetime(2026, 11, 21, 9, 0, tzinfo=UTC), ClockTrust.SYNCED)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Registry, Ledger]]:
    folder = tmp_path_factory.mktemp("misread")
    registry = Registry.open(edition(folder, 1, serials=f"gtin,serial,status\n{GTIN},SP123,known\n"))
    ledger = Ledger.open(folder / "ledger.db", "box")
    yield registry, ledger
    ledger.close()
    registry.close()


def found(text: str, opened: tuple[Registry, Ledger]) -> ItemLookup:
    identity = identify([DecodedSymbol(text, text.encode(), "", "", "scanner:1")])
    registry, ledger = opened
    said = look_up(identity, None, (), registry, ledger, inspection="1", policy=policy.builtin(), now=NOW)
    return said.items[0]


@pytest.mark.parametrize("serial", ["sp123", "SP12310L2601", "SP12317260100"])
def test_a_registered_serial_under_caps_lock_or_without_its_separator_is_misread(
    serial: str, opened: tuple[Registry, Ledger]
) -> None:
    said = found(f"01{GTIN}21{serial}", opened)
    assert (said.serial, said.misread) == (SerialStatus.UNKNOWN, True)


@pytest.mark.parametrize("serial", ["XX123", "sp124", "XX12310L2601"])
def test_a_serial_that_no_fault_explains_is_unknown(serial: str, opened: tuple[Registry, Ledger]) -> None:
    said = found(f"01{GTIN}21{serial}", opened)
    assert (said.serial, said.misread) == (SerialStatus.UNKNOWN, False)


def test_a_registered_serial_is_never_misread(opened: tuple[Registry, Ledger]) -> None:
    said = found(f"01{GTIN}21SP123", opened)
    assert (said.serial, said.misread) == (SerialStatus.KNOWN, False)
