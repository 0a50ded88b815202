"""The whole demo: drawn, built, photographed, inspected at two stations, reported. Every parcel as expected."""

import os
import socket
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from edge.declaration import ConsignmentIn
from edge.errors import SettingsError
from provisioning.demo import command, report, symbols
from provisioning.demo.command import Ran
from provisioning.demo.parcels import Shot
from provisioning.demo.products import BY_KEY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "out"


@pytest.fixture(scope="module")
def said() -> StringIO:
    return StringIO()


@pytest.fixture(scope="module")
def ran(out: Path, said: StringIO) -> Ran:
    command.clear(out)
    return command.run(out, 1, Console(file=said, width=160))


def test_every_parcel_gets_its_expected_outcome_for_the_expected_reason(ran: Ran) -> None:
    astray = {row.name: (row.outcome, [reason.code for reason in row.reasons]) for row in ran.rows if not row.met}
    assert astray == {}


def printed_symbol(shot: Shot) -> str:
    """What the symbol says that names the item, or the product where the item has no marking of its own."""
    product, marking = BY_KEY[shot.product], shot.marking
    if product.key == "watch":
        return f"https://id.tempelin.example/01/{product.gtin}/21/{marking.serial}"
    if not marking.serial and not marking.batch:
        return (marking.retail_gtin or product.gtin)[-13:]
    expiry = {"17": f"{marking.expiry:%y%m%d}"} if marking.expiry else {}
    named = {"10": marking.batch, "21": marking.serial}
    return symbols.message({"01": product.gtin} | expiry | {ai: value for ai, value in named.items() if value})


def test_every_symbol_that_should_be_readable_is_read_as_it_was_printed(ran: Ran) -> None:
    for visited in ran.visits:
        seen = visited.assessment.seen
        for shot, capture in zip(visited.parcel.shots, seen.captures, strict=True):
            read = {symbol.text for symbol in seen.symbols if symbol.source == f"capture:{capture.sha256}"}
            if shot.readable:
                assert printed_symbol(shot) in read, visited.parcel.name
                assert shot.label is None or shot.label.number in read, visited.parcel.name
            else:
                assert read == set(), visited.parcel.name


def test_a_parcel_that_shows_a_label_has_its_number(ran: Ran) -> None:
    labelled = [visited for visited in ran.visits if any(shot.label and shot.readable for shot in visited.parcel.shots)]
    assert len(labelled) >= 6
    for visited in labelled:
        numbers = {number.value for number in visited.assessment.identity.parcel_numbers}
        assert numbers == {shot.label.number for shot in visited.parcel.shots if shot.label}, visited.parcel.name


def test_every_aligned_face_is_shown_beside_the_registered_one_and_their_differences(ran: Ran) -> None:
    shown = {row.name: row.shots for row in ran.rows}
    for name in ("medicine", "logo-moved", "hologram-missing"):
        assert all(shot.captured and shot.registered and shot.heat for shot in shown[name])
    assert len(shown["two-items"]) == 2
    assert shown["lost-separator"] == ()


def test_the_table_names_every_parcel_and_the_report_lies_where_it_says(ran: Ran, said: StringIO, out: Path) -> None:
    text = said.getvalue()
    assert f"picture report: {out / 'report.html'}" in text
    assert f"{len(ran.rows)} of {len(ran.rows)} as expected" in text
    assert all(word in text for word in ("NO FINDING", "CHECK", "STRONG INDICATION", "CANNOT ASSESS"))
    assert all(f'id="{row.name}"' in (out / "report.html").read_text("utf-8") for row in ran.rows)


def test_a_kept_parcel_can_be_inspected_again_from_its_files(ran: Ran, out: Path) -> None:
    place = next((out / "parcels").glob("*-declared-goods"))
    declared = ConsignmentIn.model_validate_json((place / "consignment.json").read_bytes()).as_noun()
    assert declared == next(v.parcel.consignment for v in ran.visits if v.parcel.name == "declared-goods")
    assert (place / "1.jpg").stat().st_size > 50_000


def test_a_directory_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "thesis.txt"
    kept.write_text("mine")
    app = typer.Typer()
    app.command()(command.demo)
    answer = CliRunner(env={"COLUMNS": "200", **os.environ}).invoke(app, ["--once", "--out", str(tmp_path)])
    assert answer.exit_code == 2
    assert f"--out: expected an empty directory or one that a demo made, got {tmp_path} with other files." in (
        " ".join(answer.stderr.split())
    )
    assert kept.read_text() == "mine"


def test_a_taken_port_is_told_before_anything_is_drawn() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as refused:
            command.require_free(port)
    assert refused.value.message == f"--serve-port: expected a free port, got {port} (Address already in use)."


def test_a_directory_of_an_earlier_demo_is_drawn_anew(tmp_path: Path) -> None:
    command.clear(tmp_path / "out")
    (tmp_path / "out" / "report.html").write_text("old")
    command.clear(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".sekisho-demo"]


def test_the_report_counts_are_the_rows(ran: Ran) -> None:
    assert {row.outcome for row in ran.rows} == {"NO_FINDING", "CHECK", "STRONG_INDICATION", "CANNOT_ASSESS"}
    assert all(row.word == report.word(visited.assessment.verdict.outcome)
               for row in ran.rows for visited in ran.visits if visited.parcel.name == row.name)  # fmt: skip
