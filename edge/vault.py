"""The label vault at work: a label is sealed before anything of it is kept, and goes when its countdown ends.

Of a released parcel it goes soon after, of any other one hours after its last row; of one that was referred or detained
it is handed over to the evidence, still sealed, and goes up with it. By a clock that is not believed nothing goes.
Before anything is erased a row says what, how large, by which rule; a crash in between is finished by the next start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from edge.inspection import Origin
from edge.moment import ClockTrust, Moment
from edge.policy import Policy, RetentionPolicy
from edge.ports import Now
from edge.retention import Standing, standing_of
from edge.storage.chain import Entry, Row
from edge.storage.evidence import EvidenceStore
from edge.storage.ledger import Ledger
from edge.storage.vault import MEDIA_TYPE, SealedLabel, VaultStore, seal_label, vault_key

VAULT = "vault"  # kind of the rows: "handed_over" of an inspection, "deleted" of the box
HANDED_OVER, DELETED = "handed_over", "deleted"
RELEASED, COUNTDOWN = "vault_released_min", "vault_h"
SEALED = "sealed"  # role of a sealed label among the evidence
_AT_ONCE = 32  # inspections looked at in one piece
_EVERY_S = 20.0  # between two looks at the vault
_AGAIN_S, _OLD_AGAIN_S = 60.0, 900.0  # until an inspection is looked at again, in its first hour and later
_YOUNG = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ending:
    """A sealed label that is to go, and why."""

    inspection: str
    name: str
    rule: str


class Vault:
    """Seals and keeps labels. Safe for threads."""

    def __init__(self, state_dir: Path, key: str) -> None:
        """Labels are sealed to `key`, or to the central that the box is enrolled with when it is ""."""
        self._state_dir, self._key = state_dir, key
        self.store = VaultStore(state_dir)

    def key(self) -> str:
        """The public key that labels are sealed to; "" while there is none, and then no label is kept."""
        return vault_key(self._state_dir, self._key)

    def sealed(self, label: bytes, capture: str) -> SealedLabel | None:
        """A label of a capture, sealed in memory; None where there is nobody to seal it to."""
        key = self.key()
        return seal_label(label, capture, key) if key else None

    def keep(self, inspection: str, labels: Iterable[SealedLabel]) -> None:
        """Keep sealed labels of an inspection.

        Raises:
            EvidenceError: evidence_full, evidence_unwritable.
        """
        for label in labels:
            self.store.keep(inspection, label)


class SealedLabels:
    """The labels of one picture, sealed and not on the disk yet: which inspection they belong to is told later."""

    def __init__(self, vault: Vault) -> None:
        """None so far."""
        self._vault = vault
        self.held: list[SealedLabel] = []

    def seal(self, label: bytes, capture: str) -> str:
        """Seal the label of a capture and hold it; its name, "" where there is nobody to seal it to."""
        sealed = self._vault.sealed(label, capture)
        if sealed is None:
            return ""
        self.held.append(sealed)
        return sealed.name


class Countdown:
    """Lets sealed labels go. For one thread."""

    def __init__(
        self,
        *,
        store: VaultStore,
        ledger: Ledger,
        evidence: EvidenceStore,
        policy: Callable[[], Policy],
        now: Now,
        origin: Callable[[str], Origin],
    ) -> None:
        """`origin` is of a station, "" for the box."""
        self._store = store
        self._ledger = ledger
        self._evidence = evidence
        self._policy = policy
        self._now = now
        self._origin = origin
        self._looked_s = -_EVERY_S  # monotonic
        self._next: dict[str, float] = {}  # when an inspection is to be looked at, monotonic
        self._finished = False

    def piece(self) -> bool:
        """Do a piece of what is to be done; whether there may be more.

        Raises: as `step`.
        """
        if time.monotonic() - self._looked_s < _EVERY_S:
            return False
        more = self.step()
        if not more:
            self._looked_s = time.monotonic()
        return more

    def step(self) -> bool:
        """Look at some inspections whose turn it is; whether there are more.

        Raises:
            LedgerError: the ledger cannot be read or written. EvidenceError: evidence_full, evidence_unwritable.
        """
        now, policy, at = self._now(), self._policy(), time.monotonic()
        if not self._finished:
            self._finish()
        kept = self._store.kept()
        self._next = {name: when for name, when in self._next.items() if name in kept}
        turn = [name for name in kept if self._next.get(name, 0.0) <= at]
        going: list[Ending] = []
        for inspection in turn[:_AT_ONCE]:
            rows = self._ledger.inspection(inspection)
            standing = standing_of(rows) if rows else None
            if standing is not None and standing.case:
                self._hand_over(inspection, kept[inspection], rows, now)
                continue
            rule = self._rule(inspection, standing, policy.retention, now)
            going += [Ending(inspection, name, rule) for name in kept[inspection]] if rule else []
            young = now.utc - _begun(inspection) < _YOUNG
            self._next[inspection] = at + (_AGAIN_S if young else _OLD_AGAIN_S)
        if going:
            self._erase(going, policy, now)
        return len(turn) > _AT_ONCE

    def _rule(self, inspection: str, standing: Standing | None, terms: RetentionPolicy, now: Moment) -> str:
        """By which rule an inspection's labels go now, "" when they stay."""
        if now.trust is ClockTrust.UNTRUSTED:
            return ""
        since = self._ledger.dated(standing.last) if standing is not None else _begun(inspection)
        if since is None:  # no clock has been believed since
            return ""
        if (
            standing is not None
            and standing.released
            and since + timedelta(minutes=terms.vault_released_min) <= now.utc
        ):
            return RELEASED
        return COUNTDOWN if since + timedelta(hours=terms.vault_h) <= now.utc else ""

    def _hand_over(self, inspection: str, names: Iterable[str], rows: Iterable[Row], now: Moment) -> None:
        """Put an inspection's sealed labels among its evidence: a row names them, and they go up with it."""
        told = {one["sha256"] for row in rows if row.entry.kind == VAULT for one in row.entry.body[SEALED]}
        labels = [label for name in names if (label := self._store.read(inspection, name)) is not None]
        for label in labels:
            self._evidence.put(label.data, MEDIA_TYPE)
        named = [
            {"sha256": one.name, "media_type": MEDIA_TYPE, "role": SEALED} for one in labels if one.name not in told
        ]
        if named:
            body = {VAULT: HANDED_OVER, SEALED: named}
            self._ledger.append([Entry(VAULT, inspection, self._origin(""), now, body)])
        for name in names:
            self._store.delete(inspection, name)

    def _erase(self, going: list[Ending], policy: Policy, now: Moment) -> None:
        """First the row that says what goes and why, then the files."""
        body = {
            VAULT: DELETED,
            "reason": "retention",
            "policy": policy.title,
            "terms": {rule: getattr(policy.retention, rule) for rule in sorted({one.rule for one in going})},
            "count": len(going),
            "labels": [[one.name, self._store.size(one.inspection, one.name), one.rule] for one in going],
        }
        self._finished = False
        self._ledger.append([Entry(VAULT, "", self._origin(""), now, body)])
        self._finish()

    def _finish(self) -> None:
        """See to it that what the last row "deleted" names is gone."""
        where = {name: inspection for inspection, names in self._store.kept().items() for name in names}
        for row in self._ledger.recent(_AT_ONCE, kinds=(VAULT,)):
            if row.entry.body.get(VAULT) != DELETED:
                continue
            for name, _, _ in row.entry.body["labels"]:
                if name in where:
                    self._store.delete(where[name], name)
            break
        self._finished = True


def _begun(inspection: str) -> datetime:
    """When an inspection was begun by the box's clock, which its UUIDv7 holds."""
    return datetime.fromtimestamp((UUID(inspection).int >> 80) / 1000, UTC)
