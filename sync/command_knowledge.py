"""What goes back to the benches, on the central's command line: outcomes, precision, questions and answers."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from edge.errors import InputError
from sync.command_central import Database, Folder, needs_central, opened_central, revoke_tokens_of

knowledge_app = typer.Typer()  # part of `sekisho central`
HOME = Path("var/central")


@knowledge_app.command()
@needs_central
def speaker(  # noqa: PLR0917 - typer reads the options from the signature
    name: Annotated[str, typer.Argument(help="Person or office.")],
    role: Annotated[str, typer.Option(help="examiner, court, expert or right_holder.")],
    gtin: Annotated[list[str] | None, typer.Option(help="A right holder's product; repeated.")] = None,
    prefix: Annotated[list[str] | None, typer.Option(help="A right holder's GS1 prefix; repeated.")] = None,
    days: Annotated[int | None, typer.Option(help="How long it is good; default: until it is revoked.")] = None,
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Print a token to decide inspections or answer questions with. It is shown once."""
    from sync.central.database import writing  # noqa: PLC0415 - absent on a bench
    from sync.central.knowledge.speakers import Role, Speaker, new_speaker  # noqa: PLC0415 - likewise
    from sync.central.tokens import end_of  # noqa: PLC0415 - likewise
    from sync.publish import scope_of  # noqa: PLC0415 - only here

    if role not in set(Role):
        raise InputError("request_field", f"{role!r}: expected one of {', '.join(Role)}, got another word.")
    who = Speaker(name, Role(role), scope_of(gtin or (), prefix or (), ()))
    expires = end_of(days, datetime.now(UTC))
    with writing(opened_central(folder, database).engine) as connection:
        made = new_speaker(connection, who, expires)
    sys.stdout.write(f"{made}\n")


@knowledge_app.command("revoke-speaker")
@needs_central
def revoke_speaker(
    name: Annotated[str, typer.Argument(help="Person or office that shall speak no more.")],
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Revoke every token of a speaker. What it has decided and answered stays."""
    from sync.central.tables import speakers  # noqa: PLC0415 - absent on a bench

    revoke_tokens_of(opened_central(folder, database), speakers, name)


@knowledge_app.command()
@needs_central
def outcome(  # noqa: PLR0917 - typer reads the options from the signature
    device: Annotated[str, typer.Argument(help="The box.")],
    inspection: Annotated[str, typer.Argument(help="Id of the inspection.")],
    ending: Annotated[str, typer.Argument(help="confirmed, not_infringing, released or undecided.")],
    by: Annotated[str, typer.Option(help="Who decided: person or office.")],
    role: Annotated[str, typer.Option(help="examiner or court.")] = "examiner",
    decided: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day; default: today.")] = None,
    reference: Annotated[str, typer.Option(help="File number of the office.")] = "",
    corrects: Annotated[str, typer.Option(help="Id of the outcome that this takes the place of.")] = "",
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Enter what the examiner or a court decided of an inspection. Nothing is overwritten; prints the signed row."""
    from sync.central.knowledge.outcomes import Ending, Outcome, decide  # noqa: PLC0415 - absent on a bench
    from sync.central.knowledge.speakers import DECIDING, Role, Speaker  # noqa: PLC0415 - likewise

    if ending not in set(Ending) or role not in DECIDING:
        words = f"one of {', '.join(Ending)}, by one of {', '.join(DECIDING)}"
        raise InputError("request_field", f"Expected {words}, got {ending!r} by {role!r}.")
    day = (decided or datetime.now(UTC)).date().isoformat()
    told = Outcome(device, inspection, Ending(ending), day, reference, corrects)
    done = decide(opened_central(folder, database), Speaker(by, Role(role)), told)
    sys.stdout.write(done["document"] + "\n")


@knowledge_app.command()
@needs_central
def precision(folder: Folder = HOME, database: Database = "") -> None:
    """Print how often findings were confirmed among closed inspections, by code and by model pack, as JSON."""
    from sync.central.database import reading  # noqa: PLC0415 - absent on a bench
    from sync.central.knowledge.precision import precision as counted  # noqa: PLC0415 - likewise

    with reading(opened_central(folder, database).engine) as connection:
        sys.stdout.write(json.dumps(counted(connection), indent=2) + "\n")


@knowledge_app.command()
@needs_central
def questions(folder: Folder = HOME, database: Database = "") -> None:
    """Print the questions of officers that nobody has answered yet, as JSON."""
    from sync.central.knowledge.questions import asked  # noqa: PLC0415 - absent on a bench
    from sync.central.knowledge.speakers import Role, Speaker  # noqa: PLC0415 - likewise

    found = asked(opened_central(folder, database), Speaker("operator", Role.EXPERT), unanswered=True)
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")


@knowledge_app.command()
@needs_central
def answer(  # noqa: PLR0917 - typer reads the options from the signature
    device: Annotated[str, typer.Argument(help="The box that asked.")],
    ledger: Annotated[str, typer.Argument(help="Its ledger.")],
    seq: Annotated[int, typer.Argument(help="The question's row.")],
    text: Annotated[str, typer.Argument(help="The answer.")],
    by: Annotated[str, typer.Option(help="Who answers: person or office.")],
    valid_to: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day on later inspections.")],
    role: Annotated[str, typer.Option(help="expert or examiner.")] = "expert",
    corrects: Annotated[str, typer.Option(help="Id of the answer that this takes the place of.")] = "",
    folder: Folder = HOME,
    database: Database = "",
) -> None:
    """Answer an officer's question in the name of an expert of customs. Prints the signed answer."""
    from sync.central.knowledge.questions import Answer  # noqa: PLC0415 - absent on a bench
    from sync.central.knowledge.questions import answer as answered  # noqa: PLC0415 - likewise
    from sync.central.knowledge.speakers import Role, Speaker  # noqa: PLC0415 - likewise

    if role not in {Role.EXPERT, Role.EXAMINER}:
        message = f"{role!r}: expected expert or examiner, got another word."
        raise InputError("request_field", message, hint="A right holder answers with its own token: POST /v1/answers.")
    given = Answer(device, ledger, seq, text, valid_to.date().isoformat(), corrects)
    done = answered(opened_central(folder, database), Speaker(by, Role(role)), given)
    sys.stdout.write(done["document"] + "\n")
