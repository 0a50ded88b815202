"""Certificates and keys as the doctor tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from edge.examination import State
from provisioning.doctor import keys
from provisioning.identity import Told

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = Told("box's certificate", "good", "The box's certificate ends at 2026-12-20 00:00 UTC.", NOW)
DUE = Told("server's certificate", "due", "The server's certificate ends soon.", NOW, "sekisho provision renew")
ENDED = Told("site authority", "expired", "The site authority has ended.", NOW, "sekisho provision site-ca")
NONE = Told("site key", "absent", "There is none.")


def test_the_worst_standing_is_told_with_what_to_do() -> None:
    assert keys.judged((GOOD, NONE)).state is State.GOOD
    assert keys.judged((GOOD, NONE)).value == GOOD.words
    assert keys.judged((NONE,)).state is State.GOOD
    due = keys.judged((GOOD, DUE))
    assert (due.state, due.value, due.todo) == (State.LOOK, DUE.words, "sekisho provision renew")
    ended = keys.judged((GOOD, DUE, ENDED))
    assert (ended.state, ended.value, ended.todo) == (State.BROKEN, ENDED.words, "sekisho provision site-ca")


def test_a_key_that_others_can_read_is_broken(tmp_path: Path) -> None:
    (tmp_path / "storage.key").write_bytes(b"k" * 32)
    (tmp_path / "storage.key").chmod(0o640)
    sign = keys.read(tmp_path, NOW)
    assert (sign.state, sign.value) == (State.BROKEN, "others can read storage.key")
    (tmp_path / "storage.key").chmod(0o600)
    assert keys.read(tmp_path, NOW).state is State.GOOD
