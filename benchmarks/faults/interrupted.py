"""Results on their way to a central, interrupted where both are: killed together, or their disks without power."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

from benchmarks.faults import disk
from benchmarks.faults.campaign import Note, interrupted, kills, power_cuts
from benchmarks.faults.checker import check
from benchmarks.faults.line import Line
from benchmarks.faults.pair import DEVICE, app_of, bench, centre, held, let_go, sent_within
from benchmarks.faults.trial import Runs, Trial
from edge.errors import SettingsError
from edge.storage.keys import storage_key
from sync.central.intake.holdings import holdings
from sync.errors import CentralUnreachable
from sync.identity import KEY_FILE, Enrolment, kept_enrolment, kept_private_key

_ROUNDS = 8
_LETS_GO = (3, 6)  # rounds after which retention deletes what is receipted
_AFTER = 999  # an inspection after the fault


class Results:
    """A box inspects, pushes and inspects on; the line loses, repeats and reorders."""

    name = "results"

    def prepare(self, material: Path) -> None:
        """Nothing is needed."""

    def run(self, material: Path, state: Path, note: Note) -> None:
        """Eight rounds of a few inspections and a sync; after two of them the box deletes."""
        del material
        draw = random.Random(7)
        box = state / "box"
        with centre(state) as central, bench(box, note) as at_work:
            app = app_of(central)
            for number in range(_ROUNDS):
                for inspection in range(10 * number, 10 * number + draw.randint(1, 9)):
                    at_work.inspect(inspection)
                line = Line(app, random.Random(number), lost=0.15, repeated=0.3, late=0.1)
                with contextlib.suppress(CentralUnreachable):
                    sent_within(central, box, line, note)
                if number in _LETS_GO:
                    let_go(box, at_work.ledger)

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        """What is there agrees; then all is sent, and everything is there once."""
        del material
        box, more = state / "box", list(told)
        with centre(state) as central:
            with bench(box, more.append) as at_work:
                assert not at_work.ledger.state().set_aside, f"set aside: {at_work.ledger.state().set_aside}"
                check(told, box, held(state, central), DEVICE, sent=False)
                at_work.inspect(_AFTER)
            sent_within(central, box)
            check(more, box, held(state, central), DEVICE, sent=True)
            quiet(holdings(central.engine))


def quiet(told: dict[str, object]) -> None:
    """Nothing is alarmed, and nothing lies apart."""
    assert (told["alarms"], told["quarantined"]) == ([], 0), f"{told['alarms']}, {told['quarantined']} in quarantine"


def _cut(lost: str) -> Runs:
    return lambda count, seed: power_cuts(Results(), count, seed, lost)


class Identity:
    """A box makes its keys and keeps its enrolment."""

    name = "identity"

    def prepare(self, material: Path) -> None:
        """Nothing is needed."""

    def run(self, material: Path, state: Path, note: Note) -> None:
        """Two keys, and three enrolments one after the other."""
        del material
        private = kept_private_key(state / KEY_FILE)
        note(f"key {private.public_key().public_bytes_raw().hex()}")
        note(f"storage {storage_key(state).hex()}")
        for number in range(3):
            Enrolment(f"http://{number}", DEVICE, private.public_key(), "").keep(state)
            note(f"enrolled {number}")

    def check(self, material: Path, state: Path, told: tuple[str, ...]) -> None:
        """The keys that were used are there, and no older enrolment than was told."""
        del material
        keys = [words.split()[1] for words in told if words.startswith("key")]
        try:
            found = kept_private_key(state / KEY_FILE).public_key().public_bytes_raw().hex()
        except SettingsError as error:
            raise AssertionError(f"half a key: {error.message}") from error
        assert keys in ([], [found]), f"{keys[0]} was used, {found} is kept"
        sealed = [words.split()[1] for words in told if words.startswith("storage")]
        assert sealed in ([], [storage_key(state).hex()]), "another storage key than was sealed with"
        enrolled = [int(words.split()[1]) for words in told if words.startswith("enrolled")]
        kept = kept_enrolment(state)
        least = max(enrolled, default=-1)
        assert least < 0 or (kept is not None and int(kept.url[-1]) >= least), f"enrolled {least}, kept {kept}"


HOLDS = "all that an officer was told is on the box, then at the centre and in its feed, once, unchanged"
TRIALS = (
    *interrupted(Identity(), "the keys that were used, whole, and the last enrolment that was told"),
    Trial("results: killed", HOLDS, lambda count, seed: kills(Results(), count, seed), 0.2),
    *(
        Trial(f"results: power cut of {what}", HOLDS, _cut(lost), 1.5, disk.why_unavailable)
        for what, lost in (("both", ""), ("the box", "state/box"), ("the centre", "state/central"))
    ),
)
