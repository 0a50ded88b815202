"""The bench on the command line: inspect, serve, registry, policy, pack, findings.

Exit codes of `inspect`: 0 NO FINDING, 10 CHECK, 20 STRONG INDICATION, 30 CANNOT ASSESS. Of every command: 2 what was
given is not usable, 3 the box cannot do its part. Errors are one line and a hint.
"""

from __future__ import annotations

import json
import mimetypes
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge import policy as policies
from edge.app import hand_on, open_bench
from edge.arrival import Arrival
from edge.command_policy import add_policy_commands
from edge.command_registry import registry_app
from edge.command_shelf import add_shelf_commands, pack_app
from edge.consignment import Consignment
from edge.declaration import ConsignmentIn
from edge.display import visible
from edge.errors import RequestRefused
from edge.inspection import Assessment, Outcome
from edge.journal import discreet
from edge.messages import findings_page, sentence
from edge.ports import Frame
from edge.report import write_report
from edge.steps.capture import RawCode
from edge.storage import documents
from edge.storage.ledger_file import LEDGER
from edge.storage.ledger_reader import verified
from edge.terminal import clear_errors, existing_edition, settings_from_environment

EXIT = {Outcome.NO_FINDING: 0, Outcome.CHECK: 10, Outcome.STRONG_INDICATION: 20, Outcome.CANNOT_ASSESS: 30}

app = typer.Typer(no_args_is_help=True, help="Sekisho: an inspection bench. It advises; the officer decides.")
policy_app = typer.Typer(no_args_is_help=True, help="The policy of the bench.")
app.add_typer(registry_app, name="registry")
app.add_typer(policy_app, name="policy")
app.add_typer(pack_app, name="pack")
add_shelf_commands(registry_app, policy_app)
add_policy_commands(policy_app)


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
    settings = settings_from_environment(registry=existing_edition(registry), state_dir=state_dir)
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
            told = json.dumps(documents.to_json(assessment), ensure_ascii=False, indent=2)
            sys.stdout.write("".join(map(_escaped, told)) + "\n")
        else:
            show(assessment, settings.language)
    raise typer.Exit(EXIT[assessment.verdict.outcome])


def _escaped(sign: str) -> str:
    """A character of JSON as a terminal may have it: what steers one is written by its number."""
    return sign if sign == "\n" or visible(sign) == sign else f"\\u{ord(sign):04x}"


def show(assessment: Assessment, language: str) -> None:
    """Print a verdict with its reasons, what was not checked, and what it rests on."""
    console = Console(highlight=False, emoji=False)
    verdict = assessment.verdict
    console.print(sentence(f"verdict.{verdict.outcome}", {}, language), style="bold", markup=False)
    reasons = Table(box=None, show_header=False, padding=(0, 1))
    for finding in verdict.findings:
        words = sentence(finding.code, finding.arguments, language)
        cells = (finding.weight, finding.code, words, finding.source, str(finding.dated or ""))
        reasons.add_row(*(Text(visible(cell)) for cell in cells))  # as it is: a code may look like markup
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
def serve(  # noqa: PLR0917 - typer reads the options from the signature
    host: Annotated[str | None, typer.Option(help="Address; other than loopback needs SEKISHO_TOKEN.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port.")] = None,
    registry: Annotated[Path | None, typer.Option(help="A registry edition instead of the box's own.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where the ledger and the evidence live.")] = None,
    devices: Annotated[bool, typer.Option(help="Listen to the devices of the settings here, in this process.")] = True,  # noqa: FBT002 - typer
    pictures: Annotated[bool, typer.Option(help="Read pictures; without, scans are judged and recorded.")] = True,  # noqa: FBT002 - typer
) -> None:
    """Serve the bench page and the API, on the sockets that systemd holds where there are any."""
    from edge.app import serve as run  # noqa: PLC0415 - named so beside this command

    discreet()
    settings = settings_from_environment(host=host, port=port, registry=existing_edition(registry), state_dir=state_dir)
    run(settings, devices=devices, pictures=pictures)


@app.command("devices")
@clear_errors
def hand_on_devices(
    door: Annotated[Path, typer.Option(help="The UNIX socket of the bench.")] = Path("/run/sekisho/bench.sock"),
) -> None:
    """Listen to the devices of the settings, and hand what they bring to a bench in another process."""
    discreet()
    hand_on(settings_from_environment(), door)


@policy_app.command("show")
@clear_errors
def policy_show() -> None:
    """Print the built-in policy file, to compare with or to start from."""
    sys.stdout.write(policies.builtin_text())


@policy_app.command("check")
@clear_errors
def policy_check(path: Annotated[Path, typer.Argument(help="A policy file.")]) -> None:
    """Say whether a policy file can be used."""
    told: list[str] = []
    sys.stdout.write(f"{path}: policy {policies.load(path, tell=told.append).title} can be used\n")
    sys.stdout.writelines(f"{one}\n" for one in told)


@app.command()
@clear_errors
def findings() -> None:
    """Print docs/findings.md: every finding code with its cause and words."""
    sys.stdout.write(findings_page())


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
