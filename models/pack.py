"""A model pack: a directory with a manifest, the quantized networks it names and the numbers they are judged by.

The manifest (manifest.toml) is the whole truth about a pack: hashes, input size and normalisation, how maps become a
score, thresholds beside the measurement that chose them, licence and card. A better pack drops in without a change of
code: an encoder that turns one side into features in eight bits, at one or several scales, and a comparer that turns
what `models.interval` measures between two sides' features into one map of logits per kind. A map "unusable" says where
nothing may be judged.

What it is not: signed. Who may bring a pack onto the box is the business of sync; here a byte that differs from the
manifest's hash is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from models import embed, interval
from models.embed import Network, Normalisation
from models.errors import PackError
from models.pack_numbers import LARGEST, number, numbers, only, rising, whole, words
from models.second_look import SecondLook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import onnxruntime

    from models.measurements import Tensor

SCHEMA = 1
MANIFEST = "manifest.toml"
BUILTIN = "drawn-7"
UNUSABLE = "unusable"  # the map of a network that says where nothing may be judged
KINDS = ("structure", "colour", "print", UNUSABLE)  # of a network's maps
MEASURED = ("structure", "colour", "print", "inks", "hologram")  # what a judgement is of, by a network or without
FACE_PX = 128, 4096
GATE = {  # the bounds of each number
    "least_face_px": (1, 4096),
    "least_detail": (0, 10),
    "most_glare": (0, 1),
    "least_usable": (0, 1),
    "least_brightness": (0, 255),
    "least_agreeing": (0, 1),
}
TRIAL_TIMES = 8  # of a network's multiple: the side of the picture that a pack is tried with when it is opened

Table: TypeAlias = dict[str, Any]
Precision: TypeAlias = Literal["int8", "fp32"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one kind of map becomes a score: window, and knots (measured value, score), both rising."""

    window_cells: int  # side of the window over which the map is averaged
    top_cells: int  # so many of the highest cells make the measured value (their mean); 1 is the peak alone
    knots: tuple[tuple[float, float], ...]
    together: tuple[float, ...] = ()  # added to the mean of a cell that two, three and more captures judged

    def scores(self, values: Tensor) -> Tensor:
        """Calibrated scores (0..1) of measured values, of the same shape; nan counts as the first knot."""
        measured = [knot[0] for knot in self.knots]
        known = np.nan_to_num(values, nan=measured[0]).astype(np.float64)
        return np.interp(known, measured, [knot[1] for knot in self.knots]).astype(np.float32)

    def score(self, value: float) -> float:
        """The calibrated score (0..1) of one measured value."""
        return float(self.scores(np.array([value], np.float32))[0])


@dataclass(frozen=True, slots=True)
class Gate:
    """What a capture must show to be comparable. Outside of it the answer is a retake, never a difference."""

    least_face_px: float  # long side of the face in the capture
    least_detail: float  # gradient energy of the aligned capture over that of the registered face
    most_glare: float  # share of the face
    least_usable: float  # share of the face that is neither glare nor outside the frame
    least_brightness: float  # mean grey level, 0..255
    least_agreeing: float  # share of matched blocks that follow the registration


@dataclass(frozen=True, slots=True)
class Pack:
    """A loaded pack. Sessions are shared: use it from one thread or process at a time."""

    name: str
    title: str
    face_px: int  # long side of an aligned face
    network: Network
    judgements: Mapping[str, Judgement]
    second_look: SecondLook | None  # at the highest places of the map of structure, if the pack has the numbers
    threshold_check: float
    threshold_strong: float
    measured: str  # the measurement that chose the thresholds
    gate: Gate
    licence: str
    card: str
    files: Mapping[str, str]  # name -> SHA-256


def packs_dir() -> Path:
    """Where the packs of this installation lie."""
    return Path(__file__).parent / "packs"


def builtin(precision: Precision = "int8") -> Pack:
    """The pack that ships with the product.

    Raises:
        PackError: as `load`.
    """
    return load(packs_dir() / BUILTIN, precision)


def load(path: Path, precision: Precision = "int8") -> Pack:
    """Read a manifest, verify every file it names, open its networks: the int8 ones, or their fp32 twins if it has any.

    1. manifest; 2. schema; 3. hashes; 4. sessions on one thread, which answer a small picture; 5. numbers. The twins
    answer the same to about a tenth of a logit; on processors without 8-bit dot products they can be the faster ones.

    Raises:
        PackError: model_missing, model_manifest, model_schema, model_hash or model_unusable.
    """
    manifest, files = checked(path)
    with complete(path):
        return _pack(path, manifest, files, precision)


def verified(path: Path) -> str:
    """The name of a pack whose manifest, schema and file hashes are right. No network is opened: it imports no runtime.

    Raises:
        PackError: model_missing, model_manifest, model_schema or model_hash.
    """
    manifest, _ = checked(path)
    with complete(path):
        return str(manifest["pack"])


def checked(path: Path) -> tuple[Table, dict[str, str]]:
    """The manifest of a pack directory of any kind, and the hashes of its files, which are right.

    Raises:
        PackError: model_missing, model_manifest, model_schema or model_hash.
    """
    manifest = _manifest(path)
    if manifest.get("schema") != SCHEMA:
        raise PackError(
            "model_schema",
            f"The model pack {path.name} must have schema {SCHEMA}, got {manifest.get('schema')!r}.",
            hint="Install the pack that belongs to this release.",
        )
    with complete(path):
        files = {str(name): str(digest) for name, digest in manifest["files"].items()}
        for name, digest in files.items():
            _verified(path, name, digest)
        return manifest, files


@contextmanager
def complete(path: Path) -> Iterator[None]:
    """Whatever is missing or wrong in the manifest of `path` within this context is told as such.

    Raises:
        PackError: model_manifest.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PackError(
            "model_manifest",
            f"The manifest of the model pack {path.name} must be complete, got a fault at {error}.",
            hint="Install the pack again from its publisher.",
        ) from error


def _manifest(path: Path) -> Table:
    file = path / MANIFEST
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PackError(
            "model_missing",
            f"A model pack is a directory with a {MANIFEST}, got none in {path.name}.",
            hint="Check the pack directory in the settings, or leave it empty for the built-in pack.",
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise PackError(
            "model_manifest",
            f"The manifest of the model pack {path.name} must be readable TOML, got: {error}.",
            hint="Install the pack again from its publisher.",
        ) from error


def _verified(path: Path, name: str, digest: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise PackError(
            "model_manifest",
            f"A file of a model pack has a plain name, got {name!r}.",
            hint="Install the pack again from its publisher.",
        )
    try:
        came = hashlib.sha256((path / name).read_bytes()).hexdigest()
    except OSError as error:
        raise PackError(
            "model_missing",
            f"The model pack {path.name} names the file {name}, got no readable file.",
            hint="Install the pack again from its publisher.",
        ) from error
    if came != digest:
        raise PackError(
            "model_hash",
            f"The file {name} of the model pack {path.name} must have SHA-256 {digest}, got {came}.",
            hint="The file was altered or damaged. Install the pack again from its publisher.",
        )


def _pack(path: Path, manifest: Table, files: Mapping[str, str], precision: Precision) -> Pack:
    network = _network(path, manifest["network"], files, precision)
    thresholds = manifest["thresholds"]
    check, strong = (number(thresholds, "thresholds", name, 0, 1) for name in ("check", "strong"))
    if not 0 < check < strong:
        raise ValueError(f"[thresholds], where 0 < check < strong <= 1; got {check} and {strong}")
    judgements = {kind: _judgement(kind, table) for kind, table in manifest["judgement"].items()}
    if missing := [kind for kind in network.kinds if kind not in judgements and kind != UNUSABLE]:
        raise ValueError(f"[judgement], which has one for each kind of the network; got none for {', '.join(missing)}")
    return Pack(
        name=words(manifest, "", "pack"),
        title=words(manifest, "", "title"),
        face_px=whole(manifest, "pack", "face_px", *FACE_PX),
        network=network,
        judgements=judgements,
        second_look=_second_look(manifest["second_look"]) if "second_look" in manifest else None,
        threshold_check=check,
        threshold_strong=strong,
        measured=words(thresholds, "thresholds", "measured"),
        gate=_gate(manifest["gate"]),
        licence=words(manifest, "", "licence"),
        card=words(manifest, "", "card"),
        files=files,
    )


def _gate(table: Table) -> Gate:
    only(table, "gate", list(GATE))
    return Gate(**{name: number(table, "gate", name, *bounds) for name, bounds in GATE.items()})


def _judgement(kind: str, table: Table) -> Judgement:
    place = f"judgement.{kind}"
    if kind not in MEASURED:
        raise ValueError(f"[{place}], which is of {', '.join(MEASURED)}; got {kind!r}")
    only(table, place, ("window_cells", "top_cells", "knots", "together"))
    pairs = [numbers(knot, f"[{place}] knots", 2, -LARGEST, LARGEST) for knot in table["knots"]]
    knots = tuple((value, score) for value, score in pairs)
    values, scores = [knot[0] for knot in knots], [knot[1] for knot in knots]
    rises = rising(values, strictly=True) and rising(scores)
    if len(knots) < 2 or not rises or scores[0] < 0 or scores[-1] > 1:  # noqa: PLR2004 - a line needs two points
        raise ValueError(f"[{place}] knots, which rise from (.., 0 or more) to (.., 1 or less); got {knots}")
    together = numbers(table.get("together", []), f"[{place}] together", None, -LARGEST, LARGEST)
    if not rising((0.0, *together)):
        raise ValueError(f"[{place}] together, which rises from 0 or more; got {together}")
    window, top = (whole(table, place, name, 1, most) for name, most in (("window_cells", 99), ("top_cells", 10**6)))
    return Judgement(window, top, knots, together)


def _second_look(table: Table) -> SecondLook:
    only(table, "second_look", ("places", "weights", "usual"))
    weights = numbers(table["weights"], "[second_look] weights", 4, -LARGEST, LARGEST)
    first, second, third, fourth = weights
    usual = number(table, "second_look", "usual", -LARGEST, LARGEST)
    return SecondLook(whole(table, "second_look", "places", 1, 99), (first, second, third, fourth), usual)


def _network(path: Path, table: Table, files: Mapping[str, str], precision: Precision) -> Network:
    if table["kind"] != "siamese":
        raise ValueError(f"[network] kind, which is siamese; got {table['kind']!r}")
    named = dict(table["files"])
    if precision == "fp32" and "twins" in table:
        named = dict(table["twins"])
    encoder, comparer = (str(named[part]) for part in ("encoder", "comparer"))
    for file in (encoder, comparer):
        if file not in files:
            raise ValueError(f"[network] files and twins, which [files] must list with their hashes; got {file!r}")
    light = table["light"]
    if light not in ("registered", "tone", "seen"):
        raise ValueError(f"[network] light, which is registered, tone or seen; got {light!r}")
    kinds = table["kinds"]
    if not {"structure"} <= set(kinds) <= set(KINDS) or len(kinds) > len(set(kinds)):
        raise ValueError(f"[network] kinds, structure and others of {', '.join(KINDS)}, each once; got {kinds!r}")
    stride = whole(table, "network", "stride_px", 1, 64)
    multiple = whole(table, "network", "multiple_px", 1, 64)
    if multiple % stride:
        raise ValueError(f"[network] multiple_px, a multiple of stride_px, which is {stride}; got {multiple}")
    network = Network(
        light=light,
        normalisation=_normalisation(table["normalisation"]),
        multiple_px=multiple,
        stride_px=stride,
        kinds=tuple(kinds),
        encoder=session(path / encoder),
        comparer=session(path / comparer),
    )
    _require_answers(path, network)
    return network


def _normalisation(table: Table) -> Normalisation:
    place = "network.normalisation"
    if table["order"] not in ("BGR", "RGB"):
        raise ValueError(f"[{place}] order, which is BGR or RGB; got {table['order']!r}")
    mean = numbers(table["mean"], f"[{place}] mean", 3, -LARGEST, LARGEST)
    std = numbers(table["std"], f"[{place}] std", 3, 1 / LARGEST, LARGEST)
    return Normalisation(table["order"], (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))


def _require_answers(path: Path, network: Network) -> None:
    """The two networks fit each other, and answer a small picture with a map of the right size for each kind.

    Raises:
        PackError: model_unusable.
    """
    side = TRIAL_TIMES * network.multiple_px
    picture = np.repeat(np.add.outer(np.arange(side), np.arange(side)) * 7 % 256, 3).astype(np.uint8)
    planes = embed.tensor(picture.reshape(side, side, 3), network)
    expected = (side // network.stride_px,) * 2
    try:
        shown = network.features(planes)
        answers = network.maps({scale: interval.between(one, one) for scale, one in shown.items()})
        came = "; ".join(
            f"{kind} {' x '.join(map(str, one.shape))}{'' if np.isfinite(one).all() else ' with nan'}"
            for kind, one in answers.items()
            if one.shape != expected or not np.isfinite(one).all()
        )
    except Exception as error:  # noqa: BLE001 - onnxruntime raises many unrelated classes, numpy others
        came = f"{type(error).__name__}: {error}"
    if came:
        raise PackError(
            "model_unusable",
            f"The networks of the model pack {path.name} must answer a picture of {side} x {side} pixels with "
            f"{expected[0]} x {expected[1]} logits of each kind, got {came}",
            hint="Tell its publisher; the pack before it works on.",
        )


def session(file: Path) -> onnxruntime.InferenceSession:
    """A network of a pack on one thread, without telemetry (onnxruntime 1.29 and later would send some), errors only.

    Raises:
        PackError: model_unusable.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - must come after the line above; and only a worker that compares pays for it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # an arena keeps the peak of the largest face for good
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many unrelated classes for a bad graph
        raise PackError(
            "model_unusable",
            f"The network {file.name} must open in onnxruntime {onnxruntime.__version__}, got: {error}",
            hint="Install the pack that belongs to this release.",
        ) from error
