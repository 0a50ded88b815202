"""`sekisho demo`: draws the demo, inspects its parcels, writes the picture report and serves the bench page."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from edge.app import open_bench, serve
from edge.bench import Bench
from edge.declaration import ConsignmentIn
from edge.errors import SettingsError
from edge.gs1 import Gtin
from edge.policy import builtin_text
from edge.settings import Settings
from edge.storage import documents
from edge.storage.registry_build import build
from edge.terminal import clear_errors
from provisioning.demo import central, report, sources, tour
from provisioning.demo.parcels import Parcel, parcels

_MARK = ".sekisho-demo"  # a directory that holds it was made by a demo, and is drawn anew by the next one
_SIGNS = {
    "NO_FINDING": ("●", "bold blue"),
    "CHECK": ("▲", "bold yellow"),
    "STRONG_INDICATION": ("⬢", "bold magenta"),
    "CANNOT_ASSESS": ("■", "bold bright_black"),
}
_PATIENCE_S = 30.0  # a newcomer's machine may be busy with other things


@dataclass(frozen=True, slots=True)
class Ran:
    """A demo that has run: the settings of its bench, every visit, and the rows of the report."""

    settings: Settings
    visits: tuple[tour.Visit, ...]
    rows: tuple[report.Row, ...]


@clear_errors
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the report; serve nothing.")] = False,  # noqa: FBT002 - typer
    out: Annotated[Path, typer.Option(help="Directory to draw into; a demo's own one is drawn anew.")] = Path(
        "var/demo"
    ),
    seed: Annotated[int, typer.Option(help="Another seed takes other photographs.")] = 1,
    serve_port: Annotated[int, typer.Option(help="Port of the bench page.")] = 8080,
    with_central: Annotated[  # noqa: FBT002 - typer
        bool, typer.Option("--with-central", help="Start a central too, and send it the results.")
    ] = False,
) -> None:
    """Inspect drawn parcels of fictional brands, write a picture report and serve the bench page."""
    console = Console(highlight=False)
    if not once:
        require_free(serve_port)
    clear(out)
    settings = run(out, seed, console).settings
    with central.beside(out, settings, console, stays=not once) if with_central else contextlib.nullcontext():
        _serve(settings, console, serve_port if not once else None)


def _serve(settings: Settings, console: Console, serve_port: int | None) -> None:
    if serve_port is not None:
        console.print(f"bench page: http://127.0.0.1:{serve_port}  (Ctrl-C ends it)")
        serve(settings.model_copy(update={"port": serve_port}))


def require_free(port: int) -> None:
    """Tell of a taken port before the drawing, not after it.

    Raises:
        SettingsError: settings_value: something else listens on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            message = f"--serve-port: expected a free port, got {port} ({error.strerror})."
            raise SettingsError("settings_value", message, hint="Name another port, or use --once.") from error


def clear(out: Path) -> None:
    """Make `out` an empty directory of the demo.

    Raises:
        SettingsError: settings_value: it holds files that no demo made.
    """
    if out.exists() and not (out / _MARK).exists() and any(out.iterdir()):
        raise SettingsError(
            "settings_value",
            f"--out: expected an empty directory or one that a demo made, got {out} with other files.",
            hint="Name another directory.",
        )
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / _MARK).touch()


def run(out: Path, seed: int, console: Console) -> Ran:
    """Draw, build, photograph, inspect and report.

    Raises:
        SekishoError: the bench could not do its part.
    """
    day = datetime.now(UTC).date()
    todo = parcels(day)
    settings = Settings(
        state_dir=out / "bench",
        registry=out / "edition.sqlite",
        stations=("1", "2"),
        place="Port Sample",
        host="127.0.0.1",
        token="",
        policy=_patient(out / "policy.toml"),
        decode_budget_s=_PATIENCE_S,
        compare_budget_s=_PATIENCE_S,
    )
    aged = settings.model_copy(
        update={"state_dir": out / "bench-aged", "registry": out / "edition-aged.sqlite", "workers": 1}
    )
    rows: dict[str, report.Row] = {}
    visits: list[tour.Visit] = []
    stamp = ""
    columns = (TextColumn("{task.description:<12}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        drawing = progress.add_task("drawing", total=len(todo) + 2)
        samples = sources.samples(seed, day)
        for old, used in ((False, settings), (True, aged)):
            build(sources.write(out / ("sources-aged" if old else "sources"), samples, day, old=old), _edition(used))
            progress.advance(drawing)
        pictures = tour.take(todo, seed, lambda _: progress.advance(drawing))
        keep(out / "parcels", todo, pictures)
        inspecting = progress.add_task("inspecting", total=len(todo))
        for used, mine in (
            (settings, [parcel for parcel in todo if not parcel.stale]),
            (aged, [parcel for parcel in todo if parcel.stale]),
        ):
            with open_bench(used) as bench:
                visited = tour.inspect(bench, mine, pictures, lambda _: progress.advance(inspecting))
                rows |= {one.parcel.name: report.row(one, bench.evidence, _faces_of(bench)) for one in visited}
                stamp = stamp or report.stamp_of(visited[0].assessment.verdict)
                visits += visited
    ordered = [rows[parcel.name] for parcel in todo]
    console.print(table(ordered))
    met = sum(shown.met for shown in ordered)
    console.print(f"{met} of {len(ordered)} as expected · {stamp}", soft_wrap=True)
    console.print(f"picture report: {report.write(ordered, stamp, out / 'report.html')}", soft_wrap=True)
    return Ran(settings, tuple(visits), tuple(ordered))


def _patient(path: Path) -> Path:
    """The built-in policy with time for the print on any machine: what a slow one leaves unread makes no finding."""
    path.write_text(re.sub(r"(?m)^budget_ms = \d+", "budget_ms = 10000", builtin_text()), encoding="utf-8")
    return path


def keep(directory: Path, todo: tuple[Parcel, ...], pictures: tour.Pictures) -> None:
    """Lay every parcel's pictures, codes and shipment data on disk, as `sekisho inspect` takes them."""
    for number, parcel in enumerate(todo, start=1):
        place = directory / f"{number:02d}-{parcel.name}"
        place.mkdir(parents=True)
        for order, frame in enumerate(pictures[parcel.name], start=1):
            (place / f"{order}.jpg").write_bytes(frame.data)
        for order, scan in enumerate(parcel.scans, start=1):
            (place / f"code-{order}.txt").write_bytes(scan)
        if parcel.consignment:
            said = documents.to_json(parcel.consignment)
            said = {name: value for name, value in said.items() if name in ConsignmentIn.model_fields}
            declared = json.dumps(said, ensure_ascii=False, indent=2)
            (place / "consignment.json").write_text(declared + "\n", "utf-8")


def table(rows: list[report.Row]) -> Table:
    """The verdicts with their reasons and milliseconds."""
    shown = Table(title="Demo parcels", title_justify="left", show_lines=False, header_style="bold")
    for name, justify in (
        ("#", "right"),
        ("parcel", "left"),
        ("verdict", "left"),
        ("reasons", "left"),
        ("ms", "right"),
    ):
        shown.add_column(name, justify=justify, vertical="top")  # type: ignore[arg-type]
    shown.add_column("expected", vertical="top")
    for number, line in enumerate(rows, start=1):
        sign, style = _SIGNS[line.outcome]
        reasons = Text("\n").join(Text(reason.en) for reason in line.reasons if reason.weight != "note") or Text("-")
        shown.add_row(
            str(number),
            line.title,
            Text(f"{sign} {line.word}", style),
            reasons,
            str(line.ms),
            Text("yes") if line.met else Text(line.expected, "reverse"),
        )
    return shown


def _faces_of(bench: Bench) -> report.FaceOf:
    """The first registered face of a product, as the bench's own edition holds it."""

    def face_of(gtin: Gtin) -> bytes | None:
        registry = bench.registry()
        faces = registry.faces(gtin)
        return registry.face_picture(faces[0].sha256) if faces else None

    return face_of


def _edition(settings: Settings) -> Path:
    if settings.registry is None:
        raise SettingsError("settings_value", "registry: expected the demo's edition, got none.", hint="")
    return settings.registry
