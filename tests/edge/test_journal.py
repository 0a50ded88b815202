"""The log: whole inspections and broken ones with marked values in everything, and none of it is logged."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.bench import Bench
from edge.consignment import Party
from edge.errors import BoxError
from edge.inspection import Decision, Disposition
from edge.journal import Discreet, Plain, shown
from edge.moment import ClockTrust, Moment
from edge.settings import Settings
from tests.edge.web.conftest import bench as bench  # noqa: PLC0414 - fixtures of a whole bench
from tests.edge.web.conftest import settings as settings  # noqa: PLC0414
from tests.edge.web.serving import serving

MARK = "Xq7Zmarked"
CODE = f"01095212345432132{MARK}"


@pytest.fixture
def journal() -> Iterator[io.StringIO]:
    """All that this process logs, from the lowest level on, as a service of the box would write it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Discreet())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


def _whole_inspection(bench: Bench, settings: Settings) -> None:
    with serving(bench, settings) as server, server.client() as client:
        document = {
            "codes": [{"text": CODE, "source": MARK}, {"text": MARK}],
            "officer": MARK,
            "consignment": {
                "document": MARK,
                "consignor": {"name": MARK, "address": MARK},
                "consignee": {"name": MARK, "address": MARK, "reference": MARK},
                "lines": [{"description": MARK}],
                "order": MARK,
            },
        }
        path = f"/api/v1/inspections?{MARK}={MARK}"
        told = client.post(path, json=document, headers={"Idempotency-Key": MARK, "Authorization": f"Bearer {MARK}"})
        assert told.status_code == 200
        inspection = told.json()["inspection"]
        decided = client.put(
            f"/api/v1/inspections/{inspection}/disposition",
            json={"decision": "refer", "officer": MARK, "reason": MARK},
        )
        assert decided.status_code == 200
        assert client.get(f"/inspections/{inspection}").status_code == 200
        client.post(path, content=f'{{"codes": [{{"{MARK}": 1}}]}}', headers={"Content-Type": "application/json"})
        client.post(path, files=[("capture", (MARK, MARK.encode() * 30, "image/jpeg"))])
        client.get(f"/{MARK}/{MARK}")
        client.get("/", headers={"Cookie": f"sekisho_session={MARK}", "Host": MARK})


def test_a_whole_inspection_leaves_nothing_of_it_in_the_log(
    bench: Bench, settings: Settings, journal: io.StringIO
) -> None:
    _whole_inspection(bench, settings)
    assert MARK not in journal.getvalue()


def test_an_answer_that_breaks_leaves_type_and_place_in_the_log_and_no_words(
    bench: Bench, settings: Settings, journal: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches a traceback whose last line quotes what was scanned."""

    def breaks(*_: object) -> None:
        try:
            int(MARK)
        except ValueError as error:
            raise RuntimeError(f"could not take {CODE}") from error

    monkeypatch.setattr(Bench, "inspect", breaks)
    with serving(bench, settings) as server, server.client() as client:
        told = client.post("/api/v1/inspections", json={"codes": [{"text": CODE}]})
    assert told.status_code == 500
    assert MARK not in told.text
    logged = journal.getvalue()
    assert MARK not in logged
    assert "ERROR edge.web.problems: An answer failed.\nbuiltins.RuntimeError\n" in logged
    assert "caused by builtins.ValueError\n  test_journal.py:" in logged


def _foreign(_: object) -> None:
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s", MARK, exc_info=None)


def _of_asyncio(_: object) -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: (_ for _ in ()).throw(ValueError(MARK)))
        await asyncio.sleep(0.01)

    with contextlib.suppress(ValueError):
        asyncio.run(main())


def _arguments(_: object) -> None:
    log = logging.getLogger("edge.test")
    log.warning("%s and %r, %s", MARK, MARK.encode(), [MARK])
    log.warning("%(name)s", {"name": MARK})
    log.error("box", exc_info=BoxError("box_busy", MARK, hint=MARK))
    log.warning("%s %s", BoxError("box_busy", MARK), Party(MARK, MARK, "JP", MARK))
    at = Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.SYNCED)
    log.warning("%s", Disposition("i", Decision.REFER, MARK, MARK, at))


@pytest.mark.parametrize("speaks", [_foreign, _of_asyncio, _arguments], ids=lambda speaks: speaks.__name__)
def test_nothing_that_is_logged_brings_words_that_were_not_the_programs(
    speaks: Callable[[object], None], journal: io.StringIO
) -> None:
    speaks(None)
    assert journal.getvalue()
    assert MARK not in journal.getvalue()


def test_arguments_that_do_not_fit_are_left_out() -> None:
    record = logging.LogRecord("edge.test", logging.ERROR, __file__, 1, "%d things of %s", (MARK, MARK), None)
    assert Discreet().format(record) == "ERROR edge.test: %d things of %s"


def test_what_may_be_shown_is_shown() -> None:
    at = Moment(datetime(2026, 11, 21, tzinfo=UTC), ClockTrust.SYNCED)
    disposition = Disposition("i", Decision.REFER, MARK, MARK, at)
    assert shown(disposition) == "Disposition(decision=REFER, at=Moment(utc=<datetime>))"
    assert [shown(one) for one in (7, 1.5, True, None, ClockTrust.FLOOR)] == [7, 1.5, True, None, "FLOOR"]
    assert [shown(Plain("a")), shown("a"), shown(b"ab")] == ["a", "<1 characters>", "<2 bytes>"]
    assert shown(BoxError("box_busy", MARK)) == "edge.errors.BoxError [box_busy]"


_PROCESS = """
import sys, threading, warnings
from edge.journal import discreet
discreet()
mark = sys.argv[1]
def ends():
    raise ValueError(mark)
thread = threading.Thread(target=ends); thread.start(); thread.join()
class Gone:
    def __del__(self):
        raise ValueError(mark)
Gone()
warnings.warn(mark)
raise ValueError(mark)
"""


def test_a_process_that_ends_by_an_exception_says_where_and_not_what(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text(_PROCESS)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "ends.py"), MARK],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 1
    assert MARK not in done.stderr + done.stdout
    assert done.stderr.count("ended by builtins.ValueError\n  ") == 3
    assert "WARNING py.warnings: a line of warnings.py:" in done.stderr


def test_warnings_of_libraries_are_known_by_their_place(journal: io.StringIO) -> None:
    logging.captureWarnings(capture=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(MARK, stacklevel=1)
    finally:
        logging.captureWarnings(capture=False)
    assert MARK not in journal.getvalue()
