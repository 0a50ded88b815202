"""`sekisho face enrol`: a registered face of photographs of a genuine sample, as rows of a registry source.

The picture and the row go into a source directory (docs/registry-sources.md), from which `sekisho registry build` makes
the edition. Nothing is changed on the box itself: what it knows comes from an edition.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from edge.errors import RequestRefused
from edge.gs1 import Gtin
from edge.storage.database import write_durably
from edge.terminal import clear_errors
from models.enrol import EnrolledFace, enrol
from models.errors import ModelsError
from models.measurements import Corners
from models.picture import parse

KINDS = ("logo", "hologram", "microprint", "label", "artwork", "ignore")
SIDES = ("front", "back", "left", "right", "top", "bottom")
_MEASURES = ("x_mm", "y_mm", "w_mm", "h_mm")

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
    photographs: Annotated[list[Path], typer.Argument(help="Photographs of one face, the best one first.")],
    gtin: Annotated[str, typer.Option(help="GTIN of the product.")],
    width_mm: Annotated[float, typer.Option(min=1, max=10_000, help="Measured width of the printed face.")],
    height_mm: Annotated[float, typer.Option(min=1, max=10_000, help="Measured height of the printed face.")],
    into: Annotated[Path, typer.Option(help="Registry source directory that takes the picture and the row.")],
    version: Annotated[str, typer.Option(help="Pack version or print run.")] = "1",
    side: Annotated[str, typer.Option(help="front, back, left, right, top or bottom.")] = "front",
    corners: Annotated[str, typer.Option(help="The face's corners in the first photograph: X,Y X,Y X,Y X,Y.")] = "",
    regions: Annotated[Path | None, typer.Option(help="TOML file of [[regions]] with kind, x_mm, ... text.")] = None,
    source: Annotated[str, typer.Option(help="Who vouches for the sample.")] = "",
    registered: Annotated[str, typer.Option(help="Day of enrolment, YYYY-MM-DD.")] = "",
) -> None:
    """Make a registered face of photographs of a genuine sample and add it to a registry source."""
    sheet = Sheet(Gtin.parse(gtin), version, _side(side), width_mm, height_mm, source, _day(registered))
    marked = read_regions(regions, width_mm, height_mm) if regions else []
    try:
        pictures = [parse(_read(path)) for path in photographs]
        face = enrol(pictures, (width_mm, height_mm), read_corners(corners) if corners else None)
    except ModelsError as refused:
        raise RequestRefused(refused.code, refused.message, hint=refused.hint) from refused
    require_good(face)
    place = add(face, sheet, marked, into)
    left_out = f", left out: {', '.join(photographs[index].name for index in face.left_out)}" if face.left_out else ""
    typer.echo(
        f"{place}: {face.width_px} x {face.height_px} px, {face.mm_per_px:.2f} mm per pixel, "
        f"{face.used} photographs merged{left_out}; glare {face.glare:.1%}, sharpness {face.sharpness:.0f}"
    )


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


def add(face: EnrolledFace, sheet: Sheet, regions: list[dict[str, Any]], into: Path) -> Path:
    """Write the picture and append its row to faces.jsonl; the picture's place.

    Raises:
        RequestRefused: enrol_known: the source has a face of this product, version and side; enrol_out: no directory.
    """
    if not into.is_dir():
        raise RequestRefused(
            "enrol_out", f"{into}: expected a registry source directory, got none.", hint="docs/registry-sources.md"
        )
    table = into / "faces.jsonl"
    text = table.read_text("utf-8") if table.exists() else ""
    key = {"gtin": sheet.gtin.value, "version": sheet.version, "side": sheet.side}
    for line in filter(None, map(str.strip, text.splitlines())):
        if key.items() <= json.loads(line).items():
            raise RequestRefused(
                "enrol_known",
                f"{table}: expected a new face, got {sheet.gtin} version {sheet.version} {sheet.side} again.",
                hint="Name another --version, or take the row out.",
            )
    name = f"faces/{sheet.gtin}-{sheet.version}-{sheet.side}.png"
    row = key | {"picture": name, "width_mm": sheet.width_mm, "height_mm": sheet.height_mm}
    row |= {"source": sheet.source} if sheet.source else {}
    row |= {"registered": sheet.registered.isoformat()} if sheet.registered else {}
    row |= {"regions": regions} if regions else {}
    (into / "faces").mkdir(exist_ok=True)
    write_durably(into / name, face.picture)
    ended = text if not text or text.endswith("\n") else text + "\n"
    write_durably(table, (ended + json.dumps(row, ensure_ascii=False) + "\n").encode())
    return into / name


def read_regions(path: Path, width_mm: float, height_mm: float) -> list[dict[str, Any]]:
    """The marked regions of a TOML file, each within the face.

    Raises:
        RequestRefused: enrol_regions.
    """
    hint = "Each [[regions]] has kind, x_mm, y_mm, w_mm, h_mm and perhaps text; see docs/registry-sources.md."
    try:
        rows = tomllib.loads(_read(path).decode())["regions"]
        wrong = next((row for row in rows if not _is_region(row, width_mm, height_mm)), None)
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path}: expected regions within {width_mm:g} x {height_mm:g} mm, got a fault at {error}."
        raise RequestRefused("enrol_regions", message, hint=hint) from error
    if wrong is not None:
        message = f"{path}: expected regions within {width_mm:g} x {height_mm:g} mm, got {wrong}."
        raise RequestRefused("enrol_regions", message, hint=hint)
    return list(rows)


def _is_region(row: dict[str, Any], width_mm: float, height_mm: float) -> bool:
    x, y, w, h = (float(row[name]) for name in _MEASURES)
    within = min(x, y) >= 0 and min(w, h) > 0 and x + w <= width_mm and y + h <= height_mm
    return within and row["kind"] in KINDS and not row.keys() - {"kind", "text", *_MEASURES}


def read_corners(text: str) -> Corners:
    """Four points such as "10,12 600,15 590,880 8,870".

    Raises:
        RequestRefused: enrol_corners.
    """
    try:
        points = tuple((float(x), float(y)) for x, y in (point.split(",") for point in text.split()))
    except ValueError:
        points = ()
    if len(points) != 4:  # noqa: PLR2004 - a face has four corners
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RequestRefused("request_no_file", f"{path}: expected a file, got {error.strerror}.") from error
