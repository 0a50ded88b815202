"""A manifest becomes a segment of the box's consignments: whole, or not at all; in pieces beside a working bench."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge import manifests
from edge.declaration import ConsignmentIn
from edge.errors import RequestRefused
from edge.manifests.claims import Refused
from edge.moment import ClockTrust, Moment
from edge.storage.consignment_segment import Again
from edge.storage.consignments import Consignments

MOST_REFUSALS = 1_000  # of one manifest, kept and shown; the others are counted


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a manifest."""

    file: str
    taken: int
    refused: int
    refusals: tuple[str, ...]  # "row N: ...", the first MOST_REFUSALS


class Import:
    """One manifest on its way in. For one thread; it holds the lock of the consignments until it is closed."""

    def __init__(self, path: Path, cache: Consignments, now: Moment) -> None:
        """Begin.

        Raises:
            RequestRefused: request_manifest. Conflict: consignments_conflict: another import is at work.
            BoxError: consignments_unwritable. EvidenceError: evidence_key.
        """
        self.path = path
        self._refusals: list[str] = []
        self._rows = manifests.rows(path)
        with ExitStack() as stack:
            stack.enter_context(cache.held())
            day = None if now.trust is ClockTrust.UNTRUSTED else now.utc.date()
            try:
                digest = _digest(path)
            except OSError as error:
                raise _unreadable(path, error) from error
            self._builder = cache.building(manifests.shown(path), digest, now.utc, day)
            stack.callback(self._builder.close)
            self._open = stack.pop_all()

    @property
    def taken(self) -> int:
        """How many consignments were taken so far."""
        return self._builder.taken

    @property
    def refused(self) -> int:
        """How many rows were refused so far."""
        return self._builder.refused

    @property
    def refusals(self) -> tuple[str, ...]:
        """The refused rows so far, the first MOST_REFUSALS."""
        return tuple(self._refusals)

    def close(self) -> None:
        """Let go of what is held; an import that was not finished leaves nothing."""
        self._open.close()

    def piece(self, most: int) -> bool:
        """Take at most so many rows; whether there may be more.

        Raises:
            RequestRefused: request_manifest: the manifest cannot be read on. BoxError: consignments_unwritable.
        """
        for _ in range(most):
            try:
                row = next(self._rows, None)
            except OSError as error:
                raise _unreadable(self.path, error) from error
            if row is None:
                return False
            self._take(*row)
        return True

    def _take(self, number: int, came: ConsignmentIn | Refused) -> None:
        if isinstance(came, ConsignmentIn):
            again = self._builder.add(came)
            if again is None:
                return
            got = "it again" if again is Again.SAME else "another declaration of it: neither is used"
            shown = f"{came.document:.80}"
            came = Refused("document", f"{shown!r}: expected each document once in a manifest, got {got}.")
        said = f"row {number}: {came}"
        kept = len(self._refusals) < MOST_REFUSALS
        self._builder.refuse(number, said, kept=kept)
        if kept:
            self._refusals.append(said)

    def finish(self) -> Report:
        """Put what was taken into use.

        Raises:
            BoxError: consignments_unwritable.
        """
        self._builder.finish()
        return Report(manifests.shown(self.path), self.taken, self.refused, self.refusals)


def taken_in(path: Path, cache: Consignments, now: Moment) -> Report:
    """Import a whole manifest.

    Raises: as `Import`.
    """
    coming = Import(path, cache, now)
    try:
        while coming.piece(10_000):
            pass
        return coming.finish()
    finally:
        coming.close()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
    return digest.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1_000_000):
            yield block


def _unreadable(path: Path, error: OSError) -> RequestRefused:
    message = f"{manifests.shown(path)}: expected a file that can be read, got {error.strerror or error}."
    return RequestRefused("request_manifest", message, hint="Check the stick and the file's permissions.")
