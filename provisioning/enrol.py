"""`sekisho face enrol`: a registered face of photographs of a genuine sample, as rows of a registry source.

The picture and the row go into a source directory (docs/registry-sources.md), from which `sekisho registry build` makes
the edition. Nothing is changed on the box itself: what it knows comes from an edition.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from edge import policy as policies
from edge.errors import RequestRefused
from edge.gs1 import Gtin
from edge.storage.database import write_durably
from edge.storage.source_tables import FACES
from edge.storage.sources import Position, RowRefused, checked, rows
from edge.terminal import clear_errors
from models import marked, pack
from models.enrol import EnrolledFace, enrol
from models.errors import ModelsError
from models.measurements import Corners, Image, MarkedRegion
from models.picture import parse
from provisioning.marked import read_regions, require_checkable, row_of, told

_KEY = ("gtin", "version", "side")
LITTLE = ("little_judged", "too_bright")  # advice that says that less than half was judged
SIDES = ("front", "back", "left", "right", "top", "bottom")

face_app = typer.Typer(no_args_is_help=True, help="Registered package faces.")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the technician says of the face."""

    gtin: Gtin
    version: str
    side: str
    width_mm: float
    height_mm: float
    source: str = ""
    registered: date | None = None


@face_app.command("enrol")
@clear_errors
def enrol_command(  # noqa: PLR0917 - typer reads the options from the signature
    photographs: Annotated[
        list[Path],
        typer.Argument(
            help="Photographs of one face, three or more, light from another side in each; straightest first."
        ),
    ],
    gtin: Annotated[str, typer.Option(help="GTIN of the product.")],
    width_mm: Annotated[float, typer.Option(min=1, max=10_000, help="Width of the printed face, by a ruler.")],
    height_mm: Annotated[float, typer.Option(min=1, max=10_000, help="Height of the printed face, by a ruler.")],
    into: Annotated[Path, typer.Option(help="Registry source directory that takes the picture and the row.")],
    version: Annotated[str, typer.Option(help="Pack version or print run.")] = "1",
    side: Annotated[str, typer.Option(help="front, back, left, right, top or bottom.")] = "front",
    corners: Annotated[
        str,
        typer.Option(help='The face in the first photograph, clockwise from its top left: "X,Y X,Y X,Y X,Y", pixels.'),
    ] = "",
    regions: Annotated[
        Path | None, typer.Option(help="TOML file of [[regions]]: kind, x_mm, y_mm, w_mm, h_mm and perhaps text.")
    ] = None,
    source: Annotated[str, typer.Option(help="Who vouches for the sample.")] = "",
    registered: Annotated[str, typer.Option(help="Day of enrolment, YYYY-MM-DD.")] = "",
) -> None:
    """Make a registered face of photographs of a genuine sample and add it to a registry source.

    How to photograph, how regions are marked and what each refusal means: docs/technician.md, Enrolling a face.
    """
    sheet = Sheet(Gtin.parse(gtin), version, _side(side), width_mm, height_mm, source, _day(registered))
    places = read_regions(regions, width_mm, height_mm) if regions else ()
    try:
        pictures = [_picture(path) for path in photographs]
        face = enrol(pictures, (width_mm, height_mm), read_corners(corners) if corners else None)
        require_good(face)
        used = [picture for index, picture in enumerate(pictures) if index not in face.left_out]
        trial = marked.tried(face.picture, (width_mm, height_mm), places, used, pack.builtin())
    except ModelsError as refused:
        raise RequestRefused(refused.code, refused.message, hint=refused.hint) from refused
    require_comparable(trial)
    if regions:
        require_checkable(trial, regions)
    place = add(face, sheet, places, into)
    typer.echo(
        f"{place}: {face.width_px} x {face.height_px} px, {face.mm_per_px:.2f} mm per pixel, "
        f"{face.used} photographs merged; glare {face.glare:.1%}, sharpness {face.sharpness:.0f}"
    )
    for index in face.left_out:
        typer.echo(
            f"warning: {photographs[index]}: expected the first photograph's face, got none of it; it was left out"
        )
    for line in told(trial, len(used), policies.builtin().face):
        typer.echo(line)


def require_good(face: EnrolledFace) -> None:
    """A face that the bench could not compare well is not registered.

    Raises:
        RequestRefused: enrol_quality, with every fault.
    """
    faults = face.faults()
    if faults:
        raise RequestRefused(
            "enrol_quality", f"Expected a face fit to compare with, got: {'; '.join(faults)}.", hint="Photograph again."
        )


def require_comparable(trial: marked.FaceTrial) -> None:
    """A face that the bench cannot compare with the sample's own photographs is not registered.

    Raises:
        RequestRefused: enrol_uncompared.
    """
    little = next((one.measured or 1.0 for one in trial.measured.advice if one.code in LITTLE), None)
    if trial.measured.score is None or little is not None:
        got = trial.measured.retake if little is None else f"{little:.0%} of what is to be compared was not judged"
        raise RequestRefused(
            "enrol_uncompared",
            f"Expected that the sample's own photographs can be compared with the face, got: {got}.",
            hint="Photograph again: the face lies flat, fills the picture, in even light; or ignore less of it.",
        )


def add(face: EnrolledFace, sheet: Sheet, regions: Sequence[MarkedRegion], into: Path) -> Path:
    """Write the picture and append its row to faces.jsonl; the picture's place.

    Raises:
        RequestRefused: enrol_known: the source has a face of this product, version and side, or a picture of its name;
            enrol_row: no edition would take the row; enrol_out: no directory.
        SourceError: source_column, source_unreadable, source_parquet: the faces that the source has cannot be read.
    """
    if not into.is_dir():
        raise RequestRefused(
            "enrol_out", f"{into}: expected a registry source directory, got none.", hint="docs/registry-sources.md"
        )
    table = into / "faces.jsonl"
    key = {"gtin": sheet.gtin.value, "version": sheet.version, "side": sheet.side}
    name = f"faces/{sheet.gtin}-{re.sub(r'[^A-Za-z0-9._-]', '_', sheet.version)}-{sheet.side}.png"
    row = key | {"picture": name, "width_mm": sheet.width_mm, "height_mm": sheet.height_mm}
    row |= {"source": sheet.source} if sheet.source else {}
    row |= {"registered": sheet.registered.isoformat()} if sheet.registered else {}
    row |= {"regions": [row_of(one) for one in regions]} if regions else {}
    _require_new(row, into)
    text = table.read_text("utf-8") if table.exists() else ""
    (into / "faces").mkdir(exist_ok=True)
    write_durably(into / name, face.picture)
    ended = text if not text or text.endswith("\n") else text + "\n"
    write_durably(table, (ended + json.dumps(row, ensure_ascii=False) + "\n").encode())
    return into / name


def _require_new(row: dict[str, Any], into: Path) -> None:
    """The row is one that an edition takes, and neither it nor its picture is in the source."""
    try:
        mine = checked(FACES, row)
    except RowRefused as why:
        raise RequestRefused(
            "enrol_row",
            f"{why.column or 'The face'}: {why.message}",
            hint="docs/registry-sources.md",
        ) from why
    key = [mine[name] for name in _KEY]
    known = (
        file
        for file, _, one in rows(into, FACES, lambda _refusal, _raw: None, Position())
        if [one[n] for n in _KEY] == key
    )
    place = into / row["picture"]
    if came := next(known, None) or (row["picture"] if place.exists() else None):
        raise RequestRefused(
            "enrol_known",
            f"{into / came}: expected a new face, got {row['gtin']} version {row['version']} {row['side']} again.",
            hint="Name another --version, or take the row and its picture out.",
        )


def read_corners(text: str) -> Corners:
    """Four points such as "10,12 600,15 590,880 8,870".

    Raises:
        RequestRefused: enrol_corners.
    """
    try:
        points = tuple((float(x), float(y)) for x, y in (point.split(",") for point in text.split()))
    except ValueError:
        points = ()
    finite = all(math.isfinite(value) for point in points for value in point)
    if len(points) != 4 or not finite:  # noqa: PLR2004 - a face has four corners
        raise RequestRefused(
            "enrol_corners",
            f"--corners: expected four points X,Y clockwise from the face's top left, got {text!r}.",
            hint='For example --corners "10,12 600,15 590,880 8,870".',
        )
    return points


def _side(side: str) -> str:
    if side not in SIDES:
        raise RequestRefused("enrol_side", f"--side: expected one of {', '.join(SIDES)}, got {side!r}.")
    return side


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise RequestRefused("enrol_day", f"--registered: expected YYYY-MM-DD, got {text!r}.") from error


def _picture(path: Path) -> Image:
    try:
        return parse(path.read_bytes())
    except ModelsError as refused:
        raise RequestRefused(refused.code, f"{path}: {refused.message}", hint=refused.hint) from refused
    except OSError as error:
        raise RequestRefused("request_no_file", f"{path}: expected a file, got {error.strerror}.") from error
