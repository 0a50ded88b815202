"""The bench on the command line: inspect, serve, registry, policy, findings.

Exit codes of `inspect`: 0 NO FINDING, 10 CHECK, 20 STRONG INDICATION, 30 CANNOT ASSESS. Of every command: 2 what was
given is not usable, 3 the box cannot do its part. Errors are one line and a hint.
"""

from __future__ import annotations

import contextlib
import functools
import json
import mimetypes
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableSetting
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from edge import policy as policies
from edge.app import open_bench, require_state_dir
from edge.errors import BoxError, RequestRefused, SekishoError, SettingsError
from edge.flow import Arrival
from edge.gs1 import Gtin
from edge.inspection import Assessment, Consignment, Outcome
from edge.messages import findings_page, sentence
from edge.ports import Frame
from edge.report import write_report
from edge.settings import Settings, table
from edge.steps.capture import RawCode
from edge.storage import documents
from edge.storage.ledger_file import LEDGER
from edge.storage.ledger_reader import verified
from edge.storage.registry_build import build
from edge.storage.shelf import Shelf
from edge.web.requests import ConsignmentIn

P = ParamSpec("P")
R = TypeVar("R")

EXIT = {Outcome.NO_FINDING: 0, Outcome.CHECK: 10, Outcome.STRONG_INDICATION: 20, Outcome.CANNOT_ASSESS: 30}

app = typer.Typer(no_args_is_help=True, help="Sekisho: an inspection bench. It advises; the officer decides.")
registry_app = typer.Typer(no_args_is_help=True, help="Build and look into registry editions.")
policy_app = typer.Typer(no_args_is_help=True, help="The policy of the bench.")
app.add_typer(registry_app, name="registry")
app.add_typer(policy_app, name="policy")


def clear_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Answer a `SekishoError` with one line, its hint and the exit code of its kind."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SekishoError as error:
            console = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)
            console.print(f"sekisho: {error.message} [{error.code}]", markup=False)
            if error.hint:
                console.print(f"  hint: {error.hint}", markup=False)
            raise typer.Exit(3 if isinstance(error, BoxError) else 2) from error

    return told


def settings_from_environment(**changes: object) -> Settings:
    """The settings of SEKISHO_* with `changes` of the command line; None changes nothing.

    Raises:
        SettingsError: settings_value: a setting is not usable.
    """
    hint = "docs/technician.md lists every setting."
    try:
        return Settings(**{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "SEKISHO_" + "_".join(str(part) for part in first["loc"]).upper()
        message = f"{name}: {first['msg']}, got {first['input']!r}."
        raise SettingsError("settings_value", message, hint=hint) from error
    except UnreadableSetting as error:  # only what holds several values is read as JSON
        name = "SEKISHO_STATIONS"
        message = f"""{name}: expected a JSON list such as ["1", "2"], got {os.environ.get(name, "")!r}."""
        raise SettingsError("settings_value", message, hint=hint) from error


@app.command()
@clear_errors
def inspect(  # noqa: PLR0917 - typer reads the options from the signature
    images: Annotated[list[Path] | None, typer.Argument(help="Pictures of the parcel: JPEG, PNG or WebP.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="A code as a scanner would send it; may be repeated.")] = None,
    consignment: Annotated[Path | None, typer.Option(help="Shipment data as JSON.")] = None,
    registry: Annotated[Path | None, typer.Option(help="A registry edition instead of the box's own.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where the ledger and the evidence live.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the assessment as JSON.")] = False,  # noqa: FBT002 - typer
    report: Annotated[Path | None, typer.Option(help="Write a picture report into this directory.")] = None,
) -> None:
    """Inspect one parcel from pictures and codes, and say why."""
    settings = settings_from_environment(registry=_edition(registry), state_dir=state_dir)
    if not images and not code:
        raise RequestRefused(
            "request_empty", "Expected at least one image or --code, got none.", hint="sekisho inspect --help"
        )
    arrival = Arrival(
        station=settings.stations[0],
        codes=tuple(RawCode(os.fsencode(text), "typed") for text in code or ()),
        pictures=tuple(_frame(path) for path in images or ()),
        consignment=_consignment(consignment) if consignment else None,
        joins=False,  # every command is a parcel of its own, whatever lies open at the station
    )
    with open_bench(settings) as bench:
        assessment = bench.inspect(arrival)
        if report:
            sys.stdout.write(f"{write_report(report, (assessment,), bench.evidence, settings.language)}\n")
        if as_json:
            sys.stdout.write(json.dumps(documents.to_json(assessment), ensure_ascii=False, indent=2) + "\n")
        else:
            show(assessment, settings.language)
    raise typer.Exit(EXIT[assessment.verdict.outcome])


def show(assessment: Assessment, language: str) -> None:
    """Print a verdict with its reasons, what was not checked, and what it rests on."""
    console = Console(highlight=False, emoji=False)
    verdict = assessment.verdict
    console.print(sentence(f"verdict.{verdict.outcome}", {}, language), style="bold", markup=False)
    reasons = Table(box=None, show_header=False, padding=(0, 1))
    for finding in verdict.findings:
        words = sentence(finding.code, finding.arguments, language)
        cells = (finding.weight, finding.code, words, finding.source, str(finding.dated or ""))
        reasons.add_row(*(Text(cell) for cell in cells))  # as it is: a code may look like markup
    if verdict.findings:
        console.print(reasons)
    for missed in verdict.not_checked:
        check, reason = (sentence(f, {}, language) for f in (f"check.{missed.check}", missed.reason))
        console.print(f"  not checked: {check} {missed.item}: {reason}".replace(" :", ":"), markup=False)
    stamp = verdict.freshness
    age = "?" if stamp.age_days is None else stamp.age_days
    console.print(
        f"  registry {stamp.edition or '-'} ({age} days), bulletins {stamp.bulletin_quarter or '-'}, "
        f"pack {stamp.pack or '-'}, policy {stamp.policy}; {assessment.compute_ms:.0f} ms",
        markup=False,
    )


@app.command()
@clear_errors
def serve(
    host: Annotated[str | None, typer.Option(help="Address; other than loopback needs SEKISHO_TOKEN.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port.")] = None,
    registry: Annotated[Path | None, typer.Option(help="A registry edition instead of the box's own.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where the ledger and the evidence live.")] = None,
) -> None:
    """Serve the bench page and the API."""
    from edge.app import serve as run  # noqa: PLC0415 - named so beside this command

    run(settings_from_environment(host=host, port=port, registry=_edition(registry), state_dir=state_dir))


@registry_app.command("build")
@clear_errors
def registry_build(
    source: Annotated[
        Path, typer.Argument(help="Directory of CSV or JSON-lines tables; see docs/registry-sources.md.")
    ],
    out: Annotated[Path, typer.Option(help="The edition file to write.")],
) -> None:
    """Build a registry edition. Bad rows are refused by number, the good ones are used."""
    console = Console(stderr=True, highlight=False, emoji=False)
    _require_writable(out)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("building", total=None)
        report = build(source, out, lambda what, rows: progress.update(task, description=f"{what} {rows}"))
    for refusal in report.refusals:
        console.print(str(refusal), markup=False)
    if report.refused > len(report.refusals):
        console.print(f"... and {report.refused - len(report.refusals)} more in {report.rejects}", markup=False)
    counts = ", ".join(f"{rows} {table}" for table, rows in report.counts.items() if rows)
    sys.stdout.write(
        f"{report.out}: edition {report.edition.name} ({counts}), {report.refused} rows refused, "
        f"{report.size} bytes in {report.seconds:.1f} s\n"
    )


@registry_app.command("show")
@clear_errors
def registry_show(
    gtin: Annotated[str, typer.Argument(help="GTIN-8, -12, -13 or -14.")],
    registry: Annotated[Path | None, typer.Option(help="A registry edition instead of the box's own.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where the box's editions live.")] = None,
) -> None:
    """Show all that the edition says of a product, as JSON."""
    settings = settings_from_environment(registry=_edition(registry), state_dir=state_dir)
    product = Gtin.parse(gtin)
    with contextlib.closing(Shelf(settings.state_dir / "registry", settings.registry)) as shelf:
        sys.stdout.write(json.dumps(shelf.current().show(product), ensure_ascii=False, indent=2) + "\n")


@registry_app.command("install")
@clear_errors
def registry_install(
    edition: Annotated[Path, typer.Argument(help="An edition file made by registry build.")],
    state_dir: Annotated[Path | None, typer.Option(help="Where the box's editions live.")] = None,
) -> None:
    """Make an edition the current one of this box. A running bench takes it up with its next inspection."""
    settings = settings_from_environment(state_dir=state_dir)
    require_state_dir(settings)
    _edition(edition)
    with contextlib.closing(Shelf(settings.state_dir / "registry")) as shelf:
        sys.stdout.write(f"{shelf.put(edition)}: current edition {shelf.current().edition.name}\n")


@policy_app.command("show")
@clear_errors
def policy_show() -> None:
    """Print the built-in policy file, to compare with or to start from."""
    sys.stdout.write(policies.builtin_text())


@policy_app.command("check")
@clear_errors
def policy_check(path: Annotated[Path, typer.Argument(help="A policy file.")]) -> None:
    """Say whether a policy file can be used."""
    sys.stdout.write(f"{path}: policy {policies.load(path).title} can be used\n")


@app.command()
@clear_errors
def findings() -> None:
    """Print docs/findings.md: every finding code with its cause and words."""
    sys.stdout.write(findings_page())


@app.command("settings")
@clear_errors
def print_settings() -> None:
    """Print every setting with its default and meaning."""
    sys.stdout.write(table())


@app.command("verify")
@clear_errors
def verify_ledger(state_dir: Annotated[Path | None, typer.Option(help="Where the ledger lives.")] = None) -> None:
    """Walk the ledger's hash chain and say whether it is whole; nothing is written. A bench may run meanwhile."""
    settings = settings_from_environment(state_dir=state_dir)
    sys.stdout.write(f"{verified(settings.state_dir / LEDGER)} rows, chain whole\n")


def _frame(path: Path) -> Frame:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RequestRefused(
            "request_no_file", f"{path}: expected an image file, got {error.strerror}.", hint="Name an existing file."
        ) from error
    return Frame(data, mimetypes.guess_type(path.name)[0] or "application/octet-stream", f"file:{path.name}")


def _consignment(path: Path) -> Consignment:
    """The consignment of a file, exactly as the API takes it."""
    hint = "docs/integrator.md describes the consignment file."
    try:
        return ConsignmentIn.model_validate_json(path.read_bytes()).as_noun()
    except OSError as error:
        message = f"{path}: expected a consignment file, got {error.strerror}."
        raise RequestRefused("request_no_file", message, hint=hint) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        given = "" if first["type"] == "json_invalid" else f", got {repr(first['input'])[:100]}"
        message = f"{path}: expected a consignment; {where}: {first['msg']}{given}."
        raise RequestRefused("request_consignment", message, hint=hint) from error


def _edition(path: Path | None) -> Path | None:
    """`path`, when a file is there: an edition that was named and is missing is a slip of the one who named it."""
    if path is not None and not path.is_file():
        found = "something that is no file" if path.exists() else "no file"
        raise SettingsError(
            "settings_registry",
            f"{path}: expected a registry edition, got {found}.",
            hint="Build one with: sekisho registry build SOURCE --out FILE.",
        )
    return path


def _require_writable(out: Path) -> None:
    hint = "Name a file in a directory that exists and can be written to."
    if out.is_dir():
        raise RequestRefused("request_out", f"{out}: expected a file to write, got a directory.", hint=hint)
    try:
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        message = f"{out}: expected a file that can be written, got {error.strerror}."
        raise RequestRefused("request_out", message, hint=hint) from error
