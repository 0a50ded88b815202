"""The log of a box that enrols, pulls and pushes: no token, no key, nothing of a parcel, no name of a person."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from benchmarks.faults.line import hurried
from edge.gs1 import TradeItem
from edge.settings import Settings
from edge.storage.ledger import Ledger
from sekisho import app
from sync.central.central import Central
from sync.central.serving import open_central
from sync.errands import errands
from sync.identity import KEY_FILE, EnrolmentToken, kept_private_key
from sync.service import Service, known
from sync.settings import sync_settings
from tests.central.results import GTIN, assessed, assessment
from tests.central.serving import serving, token_for
from tests.edge.test_journal import MARK
from tests.edge.test_journal import journal as journal  # noqa: PLC0414 - a fixture
from tests.sync.publishing import Publishing, Receiving


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Central]:
    assert CliRunner().invoke(app, ["central", "init", "--dir", str(tmp_path / "central")]).exit_code == 0
    central = open_central(tmp_path / "central")
    yield central
    central.engine.dispose()


def test_a_box_that_enrols_pulls_and_pushes_logs_nothing_of_what_it_carries(
    tmp_path: Path, central: Central, journal: io.StringIO
) -> None:
    box = tmp_path / "box"
    _inspected(box, "i1")
    private = kept_private_key(box / KEY_FILE)
    publishing = Publishing(tmp_path / "publisher", now=datetime.now(UTC))
    publishing.found()
    publishing.add_edition(publishing.edition(1, "4912345678904"))
    Receiving(box).box.trust(publishing.root)
    with serving(central) as url:
        token = token_for(central, url)
        told = [_enrolled(box, str(token)), _enrolled(box, MARK, code=2)]
        assert _once(box, publishing) == {"pull": "", "push": ""}
        timestamp = publishing.directory / "metadata" / "timestamp.json"
        timestamp.write_text(f'{{"{MARK}": 1}}', "utf-8")  # somebody on the way puts words of his own there
        _inspected(box, "i2")
        assert _once(box, publishing)["pull"].startswith("trust_")
    with hurried():
        told.append(_enrolled(box, str(token), code=3))  # nobody answers any more
        assert _once(box, publishing)["push"] == "central_unreachable"
    assert "DEBUG urllib3" in journal.getvalue()  # all that is logged was looked at
    for text in (journal.getvalue(), *told):
        _holds_nothing(text, token, private)


def test_what_breaks_while_it_sends_says_where_and_not_what(
    tmp_path: Path, central: Central, journal: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a traceback in the log of the service whose last line quotes what was sent."""
    box = tmp_path / "box"
    _inspected(box, "i1")
    private = kept_private_key(box / KEY_FILE)
    with serving(central) as url:
        token = token_for(central, url)
        _enrolled(box, str(token))

        def breaks(*_: object) -> None:
            raise RuntimeError(f"{MARK} {token} {private.private_bytes_raw().hex()}")

        monkeypatch.setattr("sync.push_errand.push_certified", breaks)
        assert _once(box) == {"push": "errand_broken"}
    assert "broke\nbuiltins.RuntimeError\n" in journal.getvalue()
    _holds_nothing(journal.getvalue(), token, private)


def _holds_nothing(text: str, token: EnrolmentToken, private: Ed25519PrivateKey) -> None:
    key = private.private_bytes_raw()
    secrets = (MARK, str(token), token.secret, key.hex(), base64.b64encode(key).decode(), repr(key)[2:-1])
    assert [number for number, secret in enumerate(secrets) if secret in text] == []


def _inspected(box: Path, inspection: str) -> None:
    ledger = Ledger.open(box / "ledger.db", "bench-1")
    ledger.append([assessed(assessment(inspection, consignor=MARK, items=(TradeItem(GTIN, MARK, MARK),)))])
    ledger.close()


def _enrolled(box: Path, token: str, *, code: int = 0) -> str:
    """What the unit that enrols writes to the journal; the token comes by standard input."""
    done = CliRunner().invoke(app, ["results", "enrol", "-", "--state-dir", str(box)], input=token)
    assert done.exit_code == code, done.output
    assert done.output
    return done.output


def _once(box: Path, publishing: Publishing | None = None) -> dict[str, str]:
    """Every errand once, as the service runs it; the code of each."""
    settings = Settings(state_dir=box, device="bench-1")
    wanted = sync_settings(source=str(publishing.directory) if publishing else None)
    Service(box, errands(settings, wanted, lambda _: None)).once()
    return {name: errand.code for name, errand in known(box).items()}
