"""A rehearsed inspection: a built-in picture goes the whole way but its last step, so that a hung part is found out.

Read by a pixel worker, identified, looked up in the registry and the ledger, judged; and the ledger's writer answers
with an empty commit. Nothing is recorded: a rehearsal is no inspection. It is what systemd's watchdog is fed with.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from importlib import resources

from edge.errors import RegistryError
from edge.inspection import Case, Seen
from edge.ports import Now, Picture
from edge.steps import decide, decode
from edge.steps.identify import identify
from edge.steps.look_up import look_up
from edge.storage.ledger import Ledger
from edge.storage.registry import Registry
from edge.storage.shelves import Shelves
from models.errors import WorkerFailed
from models.worker import PixelWorkers

GTIN = "09521234543213"  # of the prefix that GS1 keeps for examples
_WRITER_S = 5.0


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of one rehearsal."""

    outcome: str
    gtins: tuple[str, ...]  # read in the picture
    faults: tuple[str, ...]
    ms: float

    @property
    def words(self) -> str:
        """In a line."""
        return "; ".join((f"rehearsed in {self.ms:.0f} ms: {self.outcome}", *self.faults))


class Rehearsal:
    """Rehearses on the parts of one bench."""

    def __init__(self, *, workers: PixelWorkers, shelves: Shelves, ledger: Ledger, now: Now) -> None:
        """Use what the bench uses."""
        self._workers = workers
        self._shelves = shelves
        self._ledger = ledger
        self._now = now
        data = (resources.files("edge") / "rehearsal.png").read_bytes()
        self._picture = Picture(hashlib.sha256(data).hexdigest(), data, "rehearsal")

    def __call__(self) -> str:
        """Rehearse once, and say in a line what came of it.

        Raises: see `rehearsed`.
        """
        return self.rehearsed().words

    def rehearsed(self) -> Rehearsed:
        """Rehearse once.

        Raises:
            TimeoutError: the ledger's writer is silent.
            SekishoError: a part that does not do its part; the bench itself says so with its next inspection.
        """
        began = time.monotonic()
        now = self._now()
        seen, faults = self._read()
        registry = self._registry()
        policy = self._shelves.policies.current()
        identity = identify(seen.symbols)
        lookup = look_up(identity, None, (), registry, self._ledger, inspection="", policy=policy, now=now)
        verdict = decide.assess(Case("", seen, identity, lookup, now), policy)
        self._ledger.submit(()).result(_WRITER_S)
        gtins = tuple(sorted(str(item.gtin) for item in identity.items if item.gtin is not None))
        return Rehearsed(str(verdict.outcome), gtins, faults, (time.monotonic() - began) * 1000)

    def _read(self) -> tuple[Seen, tuple[str, ...]]:
        """What the picture says. Workers that are all at work have budgets of their own and are not waited for."""
        try:
            with self._workers.look(self._picture.data, wait=False) as frame:
                seen = decode.read(self._picture, frame, _kept_nowhere, _sealed_nowhere)
        except WorkerFailed as busy:
            return Seen(), (busy.message,)
        read = {str(item.gtin) for item in identify(seen.symbols).items}
        faults = tuple(fault.detail for fault in seen.faults)
        if not faults and read != {GTIN}:
            faults = (f"expected GTIN {GTIN} in the rehearsal's picture, got {', '.join(sorted(read)) or 'none'}",)
        return seen, faults

    def _registry(self) -> Registry | None:
        try:
            return self._shelves.editions.current()
        except RegistryError:
            return None


def _kept_nowhere(data: bytes, _media_type: str) -> str:
    return hashlib.sha256(data).hexdigest()


def _sealed_nowhere(_label: bytes, _capture: str) -> str:
    return ""
