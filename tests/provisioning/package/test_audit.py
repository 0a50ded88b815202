"""The audit of the locks: what is known fails, what cannot be asked is loud and fails nothing."""

from __future__ import annotations

import http.server
import json
import threading
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from provisioning.package import audit
from provisioning.package.audit import NoAnswerError, audited, index_json

TODAY = date(2026, 11, 22)
LOCK = "alpha==1.0 \\\n    --hash=sha256:00\nBeta==2.0 ; python_version < '4' \\\n    --hash=sha256:00\n"
JUDGED: dict[str, Any] = {"asked": "2026-10-01", "licences": {"refused": ["GPL"], "accepted": {}}}
ADVISORY = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fixed_in": ["1.1"], "withdrawn": None}


def _knows(library: str, _version: str) -> list[dict[str, Any]]:
    return [ADVISORY] if library == "alpha" else []


def _silent(_library: str, _version: str) -> list[dict[str, Any]]:
    raise NoAnswerError("the package index answered 404 to a question about alpha.")


def test_a_known_fault_of_a_locked_version_ends_the_check() -> None:
    found = audited({"lock": LOCK}, {}, JUDGED, _knows, TODAY)
    assert (found.libraries, found.asked) == (2, True)
    assert found.faults == ["alpha 1.0: PYSEC-1 CVE-1, mended by 1.1."]


@pytest.mark.parametrize(("until", "faults"), [(date(2026, 12, 1), 0), (date(2026, 11, 1), 1)])
def test_a_judged_advisory_is_accepted_until_its_day(until: date, faults: int) -> None:
    judged = JUDGED | {"advisories": [{"id": "CVE-1", "package": "alpha", "reason": "", "until": until}]}
    assert len(audited({"lock": LOCK}, {}, judged, _knows, TODAY).faults) == faults


def test_a_withdrawn_advisory_says_nothing() -> None:
    found = audited({"lock": LOCK}, {}, JUDGED, lambda *_: [ADVISORY | {"withdrawn": "2026-01-01"}], TODAY)
    assert found.faults == []


def test_without_an_answer_it_is_loud_and_no_fault() -> None:
    found = audited({"lock": LOCK}, {}, JUDGED, _silent, TODAY)
    assert (found.asked, found.faults) == (False, [])
    (loud,) = found.loud
    why = "the package index answered 404 to a question about alpha."
    assert loud == f"NOT ASKED for advisories: {why} Last asked about all: 2026-10-01."


@pytest.mark.parametrize(
    ("licence", "faults"),
    [("MIT", 0), ("LGPL-3.0-only", 1), ("GNU AGPLv3 or GPL", 1), ("BSD License", 0), ("MIT AND Python-2.0", 0)],
)
def test_a_licence_that_a_box_may_not_carry_ends_the_check(licence: str, faults: int) -> None:
    found = audited({"lock": LOCK}, {"alpha": licence}, JUDGED, lambda *_: [], TODAY)
    assert len(found.faults) == faults
    if faults:
        assert found.faults == [f"alpha: expected a licence that a box may carry, got {licence}."]
        judged = JUDGED | {"licences": {"refused": ["GPL"], "accepted": {"alpha": "judged"}}}
        assert audited({"lock": LOCK}, {"alpha": licence}, judged, lambda *_: [], TODAY).faults == []


def test_a_library_without_a_hash_ends_the_check() -> None:
    found = audited({"lock": "alpha==1.0\nbeta==2.0 \\\n    --hash=sha256:00\n"}, {}, JUDGED, lambda *_: [], TODAY)
    assert found.faults == ["lock: alpha 1.0: expected a hash, got none."]


class _Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path == "/pypi/alpha/1.0/json"
        body = json.dumps({"vulnerabilities": [ADVISORY]} if known else {}).encode()
        self.send_response(404 if "gone" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple/")
        yield
        server.shutdown()


@pytest.mark.usefixtures("index")
def test_the_index_that_pip_uses_is_asked_in_its_own_words() -> None:
    assert index_json("alpha", "1.0") == [ADVISORY]
    with pytest.raises(NoAnswerError, match=r"^the package index answered 404 to a question about gone\.$"):
        index_json("gone", "1.0")
    with pytest.raises(NoAnswerError, match=r"^the package index gave no answer about other \(KeyError\)\.$"):
        index_json("other", "1.0")


def test_the_locks_of_this_tree_are_all_hashed_and_what_was_judged_can_be_read() -> None:
    judged = tomllib.loads(audit.JUDGED.read_text("utf-8"))
    locks = {name: (audit.ROOT / name).read_text("utf-8") for name in audit.LOCKS}
    found = audited(locks, {}, judged, lambda *_: [], TODAY)
    assert found.faults == []
    assert found.libraries >= 60
