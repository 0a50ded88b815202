"""What stands of the box's identity, a sentence each."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.storage.credentials import Place
from edge.storage.keys import storage_key
from provisioning.identity import kept_state, state
from sync.certificates import LIFE, Requested, issued
from sync.identity import Enrolment
from tests.sync.boxes import DAY

CENTRAL = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
BOX = issued(
    CENTRAL,
    Requested("bench-1", CENTRAL.public_key().public_bytes_raw().hex(), ""),
    "Naha",
    "5e" * 32,
    serial=7,
    now=DAY,
)
PLACES = {"storage key": Place.TPM, "device key": Place.HOST, "site key": Place.FILE}


@pytest.mark.parametrize(
    ("now", "standing", "words", "wrong"),
    [
        (DAY, "good", "The box's certificate is good until 2026-12-21 09:30 UTC.", False),
        (
            DAY + LIFE * 0.72,
            "due",
            "The box's certificate is good until 2026-12-21 09:30 UTC and is to be renewed.",
            False,
        ),
        (DAY + LIFE, "expired", "The box's certificate ended at 2026-12-21 09:30 UTC.", True),
        (
            DAY - timedelta(1),
            "early",
            "The box's certificate begins at 2026-11-21 09:30 UTC, after this box's clock.",
            True,
        ),
    ],
)
def test_a_certificate_is_told_by_its_age(now: datetime, standing: str, words: str, *, wrong: bool) -> None:
    told = state(BOX, None, None, {}, now)[0]
    assert (told.standing, told.words, told.wrong, told.until) == (standing, words, wrong, DAY + LIFE)


def test_what_is_no_certificate_is_told() -> None:
    told = state(b"{}", None, None, {}, DAY)[0]
    assert (told.standing, told.words, told.wrong) == (
        "unreadable",
        "Expected the box's certificate, got ValueError.",
        True,
    )


def test_a_box_that_is_not_enrolled_says_so_and_where_its_keys_lie() -> None:
    told = state(None, None, None, PLACES, DAY)
    assert [one.words for one in told] == [
        "Not enrolled with a central.",
        "No LAN is served with TLS.",
        "There is none.",
        "Storage key: sealed by TPM.",
        "Device key: sealed to this box's host key.",
        "Site key: in a file.",
    ]
    assert not any(one.wrong for one in told)


def test_the_state_of_a_box_is_read_from_its_directory(tmp_path: Path) -> None:
    assert [one.standing for one in kept_state(tmp_path, DAY)] == ["absent"] * 6
    storage_key(tmp_path)
    Enrolment("http://central", "bench-1", CENTRAL.public_key(), BOX.decode()).keep(tmp_path)
    told = {one.name: one.words for one in kept_state(tmp_path, DAY)}
    assert told["box's certificate"] == "The box's certificate is good until 2026-12-21 09:30 UTC."
    assert told["storage key"] == "Storage key: in a file."
    assert told["device key"] == "Device key: not made yet."
