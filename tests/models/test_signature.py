"""Signatures: what a picture looks like, among many."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from models import pack, signature
from models.drawn.conditions import Conditions
from models.drawn.recapture import recapture
from models.errors import PackError
from models.locate import Keypoints, View
from models.measurements import Image

WORDS = signature.builtin()


def drawn_face(seed: int) -> Image:
    rng = np.random.default_rng(seed)
    face = np.full((600, 420, 3), rng.integers(120, 230, 3), np.uint8)
    for row in range(16):
        words = "".join(chr(int(v)) for v in rng.integers(65, 91, 11))
        ink = tuple(int(v) for v in rng.integers(0, 110, 3))
        cv2.putText(face, words, (20, 50 + row * 34), row % 4, 0.9, ink, 2, cv2.LINE_AA)
    return face


def signatures(picture: Image) -> tuple[bytes, bytes]:
    view = View(picture)
    height, width = view.small[0].shape
    return signature.signatures(view.sift, (width, height), WORDS)


def test_a_photographed_face_is_found_first_among_others() -> None:
    table = signature.table_of([signatures(drawn_face(seed))[0] for seed in range(12)])
    conditions = Conditions(tilt_deg=(8.0, -6.0), rotation_deg=170.0, noise=2.0, defocus_px=0.6, clutter=True)
    shot = recapture(drawn_face(7), rng=np.random.default_rng(3), conditions=conditions).image
    assert signature.likeliest(signatures(shot), table, 3)[0] == 7


def test_a_signature_is_wholly_like_itself_and_says_nothing_without_keypoints() -> None:
    one = signatures(drawn_face(1))[0]
    nothing = signature.signature(Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 128)), "sift"), WORDS)
    assert len(one) == len(nothing) == signature.BYTES
    like = signature.likeness(one, signature.table_of([one, nothing]))
    assert like[0] == pytest.approx(1.0)
    assert like[1] == 0.0


def test_likeness_is_the_correlation_of_signs_over_the_words_that_both_show() -> None:
    signs = np.zeros((2, signature.WORDS, signature.DIMENSIONS), np.uint8)
    signs[1, 0, :16] = 1  # a quarter of the first word's signs differ
    there = np.zeros((2, signature.WORDS), np.uint8)
    there[0, :2], there[1, :1] = 1, 1
    rows = [np.packbits(signs[i]).tobytes() + np.packbits(there[i]).tobytes() for i in range(2)]
    assert signature.likeness(rows[0], signature.table_of(rows))[1] == pytest.approx(0.5 / 2**0.5)


def test_a_damaged_vocabulary_is_refused(tmp_path: Path) -> None:
    copy = shutil.copytree(pack.packs_dir() / signature.BUILTIN, tmp_path / "gallery-1")
    (copy / "vocabulary.f32").write_bytes(b"other")
    with pytest.raises(PackError) as refused:
        signature.load(copy)
    assert refused.value.code == "model_hash"
    (copy / "vocabulary.f32").unlink()
    with pytest.raises(PackError) as refused:
        signature.load(copy)
    assert refused.value.code == "model_missing"
