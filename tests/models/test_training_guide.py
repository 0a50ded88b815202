"""The chain of commands that makes a pack is one that the training path takes; torch is not needed to tell."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from models.training import __main__ as training

GUIDE = (Path(training.__file__).parent / "README.md").read_text("utf-8")
CHAIN = re.findall(r"`\./run train ([^`]+)` \|", GUIDE)


@pytest.mark.parametrize("command", CHAIN)
def test_every_command_of_the_chain_is_one(command: str) -> None:
    assert training.parser().parse_args(shlex.split(command)).command == command.split(maxsplit=1)[0]


def test_the_chain_leads_from_pictures_to_a_manifest() -> None:
    names = [command.split()[0] for command in CHAIN]
    network = ["train", "average", "export"]
    assert names == ["pool", "draw", *network, "faces", *network, "join", "faces", "faces", "pack"]


@pytest.mark.parametrize("given", [[], ["--whole", "W"], ["--kept", "P"]])
def test_a_pack_is_calibrated_with_what_is_given(given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(training, "calibrated", lambda *arguments: asked.extend(arguments))
    training._pack(training.parser().parse_args(["pack", "--faces", "F", "--out", "O", *given]))
    out, faces, whole, _, kept = asked
    assert [out, faces] == [Path("O"), Path("F")]
    assert [whole, kept] == [Path(given[1]) if given[:1] == [name] else None for name in ("--whole", "--kept")]


def test_training_goes_on_from_the_weights_that_are_kept() -> None:
    assert training.WEIGHTS.is_file()
    assert f"models/training/weights/{training.WEIGHTS.name}" in GUIDE
