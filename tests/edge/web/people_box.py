"""A box with accounts for the tests of people: a bench without pictures behind a real server, and who is who."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge.app import open_box
from edge.bench import Bench
from edge.people.accounts import Account, PeopleFile, added, changed, given_badge, given_pin
from edge.people.roles import Role
from edge.settings import Settings
from tests.edge.web.conftest import GTIN
from tests.edge.web.serving import Server, serving

PINS = {"4711": "482913", "4712": "593024", "90": "604135", "7": "715246"}
NAMES = {"4711": "Sato", "4712": "Tanaka", "90": "Mori", "7": "Ito"}
ROLES = {"4711": Role.OFFICER, "4712": Role.OFFICER, "90": Role.SUPERVISOR, "7": Role.TECHNICIAN}


@dataclass
class PeopleBox:
    settings: Settings
    bench: Bench
    server: Server
    badges: dict[str, str] = field(default_factory=dict)

    def kinds(self) -> list[str]:
        return [row.entry.kind for row in self.bench.ledger.outbox(0, 10_000)]

    def bodies(self, kind: str) -> list[dict[str, object]]:
        rows = self.bench.ledger.outbox(0, 10_000)
        return [next(iter(row.entry.body.values())) for row in rows if row.entry.kind == kind]

    def scan(self, serial: str, station: str = "1") -> dict[str, object]:
        with self.server.client(headers=_headers(self.settings)) as gun:
            document = {"codes": [{"text": f"01{GTIN}21{serial}"}]}
            return dict(gun.post(f"/api/v1/stations/{station}/scans", json=document).json())


def accounts(state_dir: Path) -> dict[str, str]:
    """Make the accounts of a box; their badges."""
    state_dir.mkdir(parents=True, exist_ok=True)
    file, badges = PeopleFile(state_dir), {}
    for name, pin in PINS.items():
        badges[name], kept = given_badge(file.secret())
        known = given_pin(pin, file.secret())
        account = Account(name, NAMES[name], ROLES[name])

        def made(before: object, account: Account = account, known: str = known, kept: str = kept) -> object:
            return changed(added(before, account), account.id, pin=known, badge=kept)  # type: ignore[arg-type]

        file.change(made)  # type: ignore[arg-type]
    return badges


@contextmanager
def people_box(state_dir: Path, badges: dict[str, str] | None = None, **changes: object) -> Iterator[PeopleBox]:
    """A box at work with the accounts of its state directory."""
    settings = Settings(state_dir=state_dir, stations=("1", "2"), workers=1, **changes)  # type: ignore[arg-type]
    with open_box(settings, pictures=False) as box, serving(box.bench, settings) as server:
        yield PeopleBox(settings, box.bench, server, dict(badges or {}))


def _headers(settings: Settings) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
