"""What the guides state is what the code has: settings, commands, finding codes, files that are linked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from edge.settings import table
from provisioning.every_setting import SETTINGS, setting_of
from sekisho import app

ROOT = Path(__file__).parents[1]
CARDS = sorted((ROOT / "models" / "cards").glob("*.md"))
GUIDES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])


def commands(group: typer.Typer, before: str = "sekisho") -> set[str]:
    own = {
        f"{before} {one.name or (one.callback.__name__ if one.callback else '')}" for one in group.registered_commands
    }
    return own.union(
        *(commands(sub.typer_instance, f"{before} {sub.name}") for sub in group.registered_groups if sub.typer_instance)
    )


def test_every_setting_is_documented_with_its_default() -> None:
    guide = (ROOT / "docs" / "technician.md").read_text("utf-8")
    for settings in SETTINGS:
        assert table(settings) in guide, "./run sekisho settings prints the tables"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_setting_unit_and_file_that_a_guide_names_is_there(guide: Path) -> None:
    text = guide.read_text("utf-8")
    code = "".join(
        path.read_text("utf-8") for room in ("systemd", "provisioning", "edge", "sync") for path in _texts(ROOT / room)
    )
    settings = set(re.findall(r"\bSEKISHO_[A-Z_]*[A-Z]\b(?!_)", text)) - {"SEKISHO_NAME"}
    assert {name for name in settings if setting_of(name) is None and f'"{name}"' not in code} == set()
    systemd = {path.name for path in (ROOT / "systemd").iterdir()}
    units = set(re.findall(r"\b(?:sekisho|media)-[a-z-]+\.(?:service|socket|timer|path|target|mount)\b", text))
    called = {
        name for line in re.findall(r"systemctl [^`\n]*", text) for name in re.findall(r"\bsekisho-[a-z-]+", line)
    }
    known = systemd | {name.partition(".")[0] for name in systemd}
    assert (units | called) - known == set()
    files = set(re.findall(r"/etc/sekisho/[a-z.-]+[a-z]", text))
    assert {name for name in files if name.removeprefix("/") not in code} == set()


def _texts(room: Path) -> list[Path]:
    return [path for path in room.rglob("*") if path.suffix in {".py", ".service", ".socket", ".tmpfiles"}]


def test_every_command_is_documented() -> None:
    guide = "".join(
        (ROOT / "docs" / name).read_text("utf-8") for name in ("technician.md", "publisher.md", "central.md")
    )
    assert {command for command in commands(app) if f"`{command}`" not in guide} == set()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_command_that_a_guide_states_exists(guide: Path) -> None:
    known = commands(app)
    stated = set(
        re.findall(
            r"sekisho (?:(?:registry|policy|pack|sync|publish|central webhooks|central|results|audit|retention"
            r"|disclose|update) )?"
            r"[a-z]+(?:-[a-z]+)?",
            guide.read_text("utf-8"),
        )
    )
    groups = {f"sekisho {group.name}" for group in app.registered_groups}
    assert {command for command in stated if command not in known and command not in groups} == set()


@pytest.mark.parametrize("guide", [*GUIDES, *CARDS], ids=lambda path: path.name)
def test_every_link_leads_somewhere(guide: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", guide.read_text("utf-8"))
    assert [link for link in links if not (guide.parent / link).exists()] == []


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.name)
def test_every_document_that_a_card_names_is_there(card: Path) -> None:
    named = re.findall(r"docs/decisions/(\d{3})", card.read_text("utf-8"))
    assert [number for number in named if not list((ROOT / "docs" / "decisions").glob(f"{number}-*.md"))] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_command_of_run_that_a_guide_states_exists(guide: Path) -> None:
    known = set(re.findall(r"^([a-z]+)\)$", (ROOT / "run").read_text("utf-8"), re.MULTILINE))
    stated = set(re.findall(r"\./run ([a-z]+)", guide.read_text("utf-8")))
    assert {"demo", "test", "check", "package", "box"} <= known
    assert stated - known == set()
