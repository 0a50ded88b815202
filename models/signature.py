"""A picture's signature: which of 128 visual words its keypoints fall under, and to which side of each. 1,040 bytes.

RootSIFT descriptors are projected to 64 dimensions and given to their nearest word; the residuals of each word are
summed and only their signs kept (VLAD: Jegou et al., CVPR 2010; signs and the words that both show: Chen et al.,
"Residual enhanced visual vector", Signal Processing 2013). It is a shortlist's business: what it finds likely is
verified by geometry in `models.faces.recognise`. It claims no likeness by itself.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from models.errors import PackError
from models.pack import MANIFEST, packs_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.locate import Keypoints

BUILTIN: Final = "gallery-1"
WORDS: Final = 128
DIMENSIONS: Final = 64  # one 64-bit integer for the signs of a word
BYTES: Final = 8 * (WORDS + WORDS // 64)
CENTRE: Final = 0.7  # the middle of a capture, looked at by itself: what lies around a face votes for other faces

Bits: TypeAlias = npt.NDArray[np.uint64]
Numbers: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Visual words. `mean` (128) and `axes` (128 x 64) project a descriptor, `words` (128 x 64) are their centres."""

    name: str
    mean: Numbers
    axes: Numbers
    words: Numbers


def load(path: Path) -> Vocabulary:
    """Read the vocabulary of a pack directory and verify its hash.

    Raises:
        PackError: model_missing, model_hash, model_manifest.
    """
    hint = "Install the pack again from its publisher."
    try:
        manifest = tomllib.loads((path / MANIFEST).read_text("utf-8"))
        ((name, digest),) = manifest["files"].items()
        data = (path / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            came = hashlib.sha256(data).hexdigest()
            message = f"The file {name} of the pack {path.name} must have SHA-256 {digest}, got {came}."
            raise PackError("model_hash", message, hint=hint)
        table = np.frombuffer(data, "<f4").reshape(1 + 2 * DIMENSIONS, WORDS)
        return Vocabulary(
            f"{manifest['pack']}-{digest[:12]}", table[0], table[1 : 1 + DIMENSIONS].T, table[1 + DIMENSIONS :].T
        )
    except OSError as error:
        raise PackError("model_missing", f"The pack {path.name} must be readable, got: {error}.", hint=hint) from error
    except (KeyError, ValueError, AttributeError) as error:
        message = f"The manifest of the pack {path.name} must name one vocabulary, got a fault at {error}."
        raise PackError("model_manifest", message, hint=hint) from error


@cache
def builtin() -> Vocabulary:
    """The vocabulary that ships with the product.

    Raises:
        PackError: see `load`.
    """
    return load(packs_dir() / BUILTIN)


def signature(keypoints: Keypoints, vocabulary: Vocabulary) -> bytes:
    """The signature of SIFT keypoints: for each word the signs of its residuals, then which words are there."""
    residuals = np.zeros((WORDS, DIMENSIONS), np.float32)
    there = np.zeros(WORDS, np.bool_)
    if len(keypoints.points):
        projected = (keypoints.descriptors - vocabulary.mean) @ vocabulary.axes
        nearest = ((vocabulary.words**2).sum(axis=1) - 2 * projected @ vocabulary.words.T).argmin(axis=1)
        apart = projected - vocabulary.words[nearest]
        apart /= np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-9)
        np.add.at(residuals, nearest, apart)
        there[nearest] = True
    signs = np.packbits(residuals > 0, axis=1).tobytes()
    return signs + np.packbits(there).tobytes()


def signatures(keypoints: Keypoints, size: tuple[int, int], vocabulary: Vocabulary) -> tuple[bytes, bytes]:
    """A capture's signatures: all of it, and its middle. `size` is (width, height) in pixels of the keypoints."""
    whole = np.array(size, np.float32)
    inside = (np.abs(keypoints.points - (whole - 1) / 2) <= CENTRE * whole / 2).all(axis=1)
    middle = type(keypoints)(keypoints.points[inside], keypoints.descriptors[inside], keypoints.kind)
    return signature(keypoints, vocabulary), signature(middle, vocabulary)


def table_of(given: Sequence[bytes]) -> Bits:
    """Signatures as rows of a table, ready to be asked."""
    return np.frombuffer(b"".join(given), np.uint64).reshape(len(given), BYTES // 8)


def likeness(one: bytes, table: Bits) -> Numbers:
    """How alike a signature is to each row: -1..1, the correlation of signs over the words that both show.

    10,000 rows take about 10 ms and 10 MB.
    """
    query = table_of((one,))
    mine, theirs = _words(query), _words(table)
    both = mine & theirs
    differing = np.bitwise_count(table[:, :WORDS] ^ query[:, :WORDS])
    agreeing = (both * (DIMENSIONS - 2.0 * differing.astype(np.float32))).sum(axis=1) / DIMENSIONS
    return np.asarray(agreeing / np.sqrt(np.maximum(mine.sum() * theirs.sum(axis=1), 1)), np.float32)


def likeliest(asked: Sequence[bytes], table: Bits, most: int) -> npt.NDArray[np.intp]:
    """The rows of `table` that are most like one of a capture's signatures, best first, at most `most`."""
    best = np.maximum.reduce([likeness(one, table) for one in asked])
    return np.argsort(-best, kind="stable")[:most]


def _words(table: Bits) -> npt.NDArray[np.bool_]:
    there = np.ascontiguousarray(table[:, WORDS:]).view(np.uint8)
    return np.unpackbits(there, axis=1).astype(np.bool_)
