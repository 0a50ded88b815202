"""The box's identity as the technician's guide tells it: every command runs as written, against a real central."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.storage import credentials
from edge.storage.evidence import EvidenceStore
from provisioning import sealing
from sekisho import app
from sync.central.intake.holdings import holdings
from sync.central.serving import open_central
from tests.central.serving import token_for
from tests.sync.boxes import Box

GUIDE = (Path(__file__).parents[2] / "docs" / "technician.md").read_text("utf-8")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("systemd-creds") is None,
    reason="systemd-creds is absent, or not run by root: the guide to identity is not followed",
)


def commands(section: str) -> list[str]:
    text = GUIDE[GUIDE.index(f"\n## {section}\n") :].partition("\n## ")[2].partition("\n## ")[0]
    return [line for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


def test_a_box_is_sealed_enrolled_seen_lost_and_retired_as_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"/media/out": tmp_path / "stick", "/srv/www/sekisho": tmp_path / "web"}
    for place in places.values():
        place.mkdir()
    today = datetime.now(UTC).isoformat()

    def sekisho(line: str, code: int = 0) -> str:
        words, _, given = line.removeprefix("sudo ").partition(" < ")
        for word, place in places.items():
            words = words.replace(word, str(place))
        told = (tmp_path / given).read_text("utf-8") if given else None
        done = CliRunner().invoke(app, shlex.split(words.replace("2026-11-21T18:00+09:00", today))[1:], input=told)
        assert done.exit_code == code, (line, done.output)
        return done.stdout

    monkeypatch.setenv("SEKISHO_STATE_DIR", str(tmp_path / "box"))
    monkeypatch.setenv("SEKISHO_CENTRAL_DIR", str(tmp_path / "central"))
    monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(tmp_path / "credential.secret"))
    monkeypatch.setattr(credentials, "STORE", tmp_path / "store")
    monkeypatch.setattr(sealing, "best_place", lambda: credentials.Place.HOST)
    box = Box(tmp_path / "box")
    box.write(3)
    box.close()
    EvidenceStore(tmp_path / "box").put(b"a picture", "image/png")
    sekisho("sekisho central init")
    central = open_central(tmp_path / "central")
    (tmp_path / "token").write_text(str(token_for(central, "http://central")), "utf-8")

    told = {}
    for line in commands("The box's identity"):
        if line == "sekisho results enrol --stick /media/out":
            sekisho("sekisho central import /media/out")
        told[line] = sekisho(line)
    assert "storage key: sealed to this box's host key\n" in told["sudo sekisho provision seal"]
    assert "Device key: sealed to this box's host key.\n" in told["sudo sekisho provision identity"]
    assert "storage key: in a file\n" in told["sudo sekisho provision unseal"]
    assert told["sekisho results enrol --stick /media/out"].startswith("bench-1: enrolled with http://central")
    assert told["sudo sekisho provision renew"] == "not due\n"
    assert len(told) == 7
    sekisho("sekisho provision seal")
    assert not list((tmp_path / "box").glob("*.key"))

    retiring, *losing = commands("Lost, stolen, retired")
    assert sekisho(retiring).startswith(f"{tmp_path / 'box'}: erased; its receipt of ")
    assert (list((tmp_path / "box").iterdir()), list((tmp_path / "store").iterdir())) == ([], [])
    done = CliRunner().invoke(app, shlex.split(retiring.removeprefix("sudo sekisho ")))
    assert done.exit_code == 2
    came = "one that holds nothing: it is retired, or was never used"
    message = f"{tmp_path / 'box'}: expected a box to retire, got {came}. [request_retired]"
    assert done.stderr == f"sekisho: {message}\n  hint: Its receipt lies with what was exported.\n"
    sekisho("sekisho central import /media/out")
    held = holdings(central.engine)
    assert (held["rows"], held["pictures"], held["devices"][0]["revoked"] is None) == (3, 1, False)
    for line in losing:
        sekisho(line)
    assert {path.name for path in (tmp_path / "web").iterdir()} == {"revocations.json", "revoked.crl", "authority.pem"}
    central.engine.dispose()
