"""Sealed labels at the central: opened for a reason, by somebody, and the log has it first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import InputError, NotFound
from edge.storage.sealed import public_hex, sealing_key
from edge.storage.vault import MEDIA_TYPE, seal_label
from sync.central.bodies import pictures_of
from sync.central.central import Central
from sync.central.intake.evidence import brought_whole
from sync.central.intake.ingest import ingest
from sync.central.privacy.labels import open_labels
from tests.central.conftest import CENTRAL
from tests.sync.boxes import DAY, Box, assessed

CAPTURE = "c" * 64
LABEL = b"\xff\xd8 Windmill Lane 23"


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    from sync.central.database import migrate, opened  # noqa: PLC0415 - one database serves: nothing here depends on it

    made = opened(f"sqlite:///{tmp_path / 'central.db'}")
    migrate(made)
    yield made
    made.dispose()


def brought(central: Central, box: Box, key: str) -> str:
    """A referred parcel whose label came up, sealed to `key`; its inspection."""
    label = seal_label(LABEL, CAPTURE, key)
    seen = {"captures": [{"sha256": CAPTURE, "label": label.name, "kept": []}]}
    entry = assessed(1, body={"request": "", "assessment": {"seen": seen, "verdict": {"outcome": "CHECK"}}})
    box.ledger.append([entry])
    ingest(central.engine, central.id, box.batch(), DAY.isoformat())
    brought_whole(central, box.device, label.name, label.data, MEDIA_TYPE)
    return entry.inspection


def test_a_label_is_opened_and_the_log_says_who_and_why(
    central: Central, box: Callable[..., Box], tmp_path: Path
) -> None:
    inspection = brought(central, box(), public_hex(sealing_key(CENTRAL)))
    (found,) = open_labels(central, inspection, who="kasdor", reason="appeal 7", log=tmp_path / "log.jsonl")
    assert (found.picture, found.capture) == (LABEL, CAPTURE)
    (line,) = (json.loads(one) for one in (tmp_path / "log.jsonl").read_text("utf-8").splitlines())
    assert line == {
        "at": DAY.isoformat(),
        "who": "kasdor",
        "reason": "appeal 7",
        "inspection": inspection,
        "labels": [found.sealed],
    }


def test_nothing_is_opened_where_the_log_cannot_be_written(
    central: Central, box: Callable[..., Box], tmp_path: Path
) -> None:
    inspection = brought(central, box(), public_hex(sealing_key(CENTRAL)))
    with pytest.raises(OSError, match="No such file"):
        open_labels(central, inspection, who="kasdor", reason="appeal 7", log=tmp_path / "gone" / "log.jsonl")


def test_a_label_that_is_sealed_to_another_key_stays_closed(
    central: Central, box: Callable[..., Box], tmp_path: Path
) -> None:
    other = Ed25519PrivateKey.generate()
    inspection = brought(central, box(), public_hex(sealing_key(other)))
    with pytest.raises(InputError, match="expected a file sealed to this central, got another or a damaged one"):
        open_labels(central, inspection, who="kasdor", reason="appeal 7", log=tmp_path / "log.jsonl")
    (found,) = open_labels(
        central, inspection, who="k", reason="appeal 7", log=tmp_path / "log.jsonl", key=sealing_key(other)
    )
    assert found.picture == LABEL


def test_an_inspection_without_a_label_is_told(central: Central, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as told:
        open_labels(central, "i-1", who="k", reason="r", log=tmp_path / "log.jsonl")
    assert told.value.message == "i-1: expected an inspection with a sealed label at this central, got none."
    assert not (tmp_path / "log.jsonl").exists()


def test_a_row_that_hands_over_what_is_no_picture_is_passed_over() -> None:
    name = hashlib.sha256(b"x").hexdigest()
    good = {"vault": "handed_over", "sealed": [{"sha256": name, "media_type": MEDIA_TYPE, "role": "sealed"}]}
    (named,) = pictures_of("vault", json.dumps(good)) or ()
    assert (named.sha256, named.nominal) == (name, True)
    for bad in ({"sealed": [{"sha256": "../x"}]}, {"sealed": "x"}, {"sealed": [7]}):
        assert pictures_of("vault", json.dumps(bad)) is None
