"""What lies in the database, proved again: every row against its chain, every head against its device's key.

A batch's signature covers the hash of its last row, and that hash every row before it, to the founding: so each row is
signed by its device, and a worker that walks the chains finds what was altered at rest, by bit rot or by hand. It goes
on from where it stood; `anew` begins at the founding. What is wrong is named and raises an alarm; nothing is mended.

What is absent has to be explained: a personal value that a row commits to by a deletion here or a row of its box that
erased it, a picture that was brought by a deletion; and the deletions end where sync/central/privacy/ends.py says.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select, text

from edge.errors import NotFound
from edge.inspection import Origin
from edge.storage.chain import commitment, root_hash, row_hash
from sync.central.alarms import raise_alarm
from sync.central.central import Central
from sync.central.database import reading, writing
from sync.central.privacy import ends
from sync.central.privacy.retention import DELETION, ran
from sync.central.tables import checked, deletions, entries, evidence, heads, keys, ledgers, personal
from sync.central.tables import pictures as pictures_of_devices
from sync.errors import DocumentRefused
from sync.identity import public_key
from sync.protocol import BATCH, verified

_ROWS = 1_000
_CHECKED = text(
    "INSERT INTO checked (device, ledger, seq, hash, at) VALUES (:device, :ledger, :seq, :hash, :at)"
    " ON CONFLICT (device, ledger) DO UPDATE SET seq=excluded.seq, hash=excluded.hash, at=excluded.at"
)


@dataclass(frozen=True, slots=True)
class Proved:
    """What was proved, and what was found wrong: a sentence each."""

    rows: int = 0
    heads: int = 0
    values: int = 0
    deletions: int = 0
    pictures: int = 0
    wrong: tuple[str, ...] = ()


@dataclass(slots=True)
class _Chain:
    device: str
    ledger: str
    seq: int
    hash: str

    @property
    def name(self) -> str:
        return f"{self.device}, ledger {self.ledger}"


def prove(central: Central, *, anew: bool = False, pictures: bool = False) -> Proved:
    """Prove every chain from where it stood (`anew`: from its founding), every deletion, with `pictures` every object.

    An alarm "altered" is raised for each thing that is wrong, once.
    """
    public = _keys(central)
    told = Proved()
    with reading(central.engine) as connection:
        chains = connection.execute(select(ledgers).order_by(ledgers.c.device, ledgers.c.ledger)).all()
        devices = {chain.device for chain in chains}
        devices |= {row.device for row in connection.execute(select(pictures_of_devices.c.device).distinct())}
    for device in sorted(devices):
        covered = _Covered()
        told = _prove_deletions(central, device, covered, told)
        for chain in chains:
            if chain.device == device:
                told = _prove_chain(central, chain, public.get(device, {}), covered, told, anew=anew)
        if not covered.broken:
            told = _prove_brought(central, device, covered, told)
    told = _prove_ends(central, told)
    if pictures:
        told = _prove_pictures(central, told)
    ran(central, "verify")
    ends.keep(central)
    return told


@dataclass(slots=True)
class _Covered:
    """What the deletions of a device name."""

    values: set[tuple[str, int, str]] = field(default_factory=set)  # (ledger, row, name)
    pictures: set[str] = field(default_factory=set)
    broken: bool = False  # what they name is not known: what is absent proves nothing


def _keys(central: Central) -> dict[str, dict[str, Ed25519PublicKey]]:
    """Every key that a device ever had, revoked ones too: what they signed before stays signed."""
    found: dict[str, dict[str, Ed25519PublicKey]] = {}
    with reading(central.engine) as connection:
        for row in connection.execute(select(keys.c.device, keys.c.key, keys.c.public_key)):
            found.setdefault(row.device, {})[row.key] = public_key(row.public_key)
    return found


def _prove_chain(
    central: Central,
    chain: Any,  # noqa: ANN401 - a database row
    public: dict[str, Ed25519PublicKey],
    covered: _Covered,
    told: Proved,
    *,
    anew: bool,
) -> Proved:
    at = _Chain(chain.device, chain.ledger, 0, root_hash(json.loads(chain.founding)))
    with reading(central.engine) as connection:
        where = (checked.c.device == at.device) & (checked.c.ledger == at.ledger)
        stood = connection.execute(select(checked.c.seq, checked.c.hash).where(where)).one_or_none()
    if stood is not None and not anew:
        at.seq, at.hash = stood.seq, stood.hash
    wrong: list[str] = []
    absent: list[tuple[int, str]] = []
    while at.seq < chain.seq and not wrong:
        with reading(central.engine) as connection:
            upto = min(chain.seq, at.seq + _ROWS)
            signed = _heads(connection, at, upto)
            values = _values(connection, at, upto)
            start = at.seq
            for row in _rows(connection, at, upto):
                wrong += _row_wrong(at, row, values.get(row.seq, {}))
                if wrong:
                    break
                at.seq, at.hash = row.seq, row.hash
                promised = set(json.loads(row.header)["commitments"]) - set(values.get(row.seq, {}))
                absent += [(at.seq, name) for name in promised if (at.ledger, at.seq, name) not in covered.values]
                if row.seq in signed:
                    wrong += _head_wrong(at, signed[row.seq], public)
            if not wrong and at.seq < upto:
                wrong.append(f"{at.name}: expected row {at.seq + 1}, got none.")
            done = [seq for seq in signed if seq <= at.seq]
            told = replace(
                told,
                rows=told.rows + at.seq - start,
                heads=told.heads + len(done),
                values=told.values + sum(len(values.get(seq, {})) for seq in range(start + 1, at.seq + 1)),
            )
    if not wrong and (at.seq, at.hash) != (chain.seq, chain.hash):
        wrong.append(f"{at.name}: expected its end at row {chain.seq} with hash {chain.hash}, got {at.hash}.")
    if absent and not wrong and not covered.broken:
        wrong += _absent_wrong(central, at, absent)
    _note(central, at, wrong)
    return replace(told, wrong=(*told.wrong, *wrong))


def _absent_wrong(central: Central, at: _Chain, absent: list[tuple[int, str]]) -> list[str]:
    """Values that neither a deletion here nor a row of the box that erased them there explains."""
    where = (entries.c.device == at.device) & (entries.c.ledger == at.ledger) & (entries.c.kind == "erased")
    explained: set[tuple[int, str]] = set()
    with reading(central.engine) as connection:
        for row in connection.execute(select(entries.c.body).where(where)):
            with contextlib.suppress(TypeError, AttributeError):  # none of a bench
                told = json.loads(row.body)
                explained |= {(seq, name) for seq in told.get("rows", ()) for name in told.get("names", ())}
    return [
        f"{at.name}: expected the {name!r} of row {seq}, or a deletion that names it, got neither."
        for seq, name in sorted(set(absent) - explained)
    ]


def _rows(connection: Connection, at: _Chain, upto: int) -> Iterator[Any]:
    where = (entries.c.device == at.device) & (entries.c.ledger == at.ledger) & entries.c.seq.between(at.seq + 1, upto)
    yield from connection.execute(select(entries).where(where).order_by(entries.c.seq)).all()


def _heads(connection: Connection, at: _Chain, upto: int) -> dict[int, str]:
    where = (heads.c.device == at.device) & (heads.c.ledger == at.ledger) & heads.c.seq.between(at.seq + 1, upto)
    return {row.seq: row.document for row in connection.execute(select(heads.c.seq, heads.c.document).where(where))}


def _values(connection: Connection, at: _Chain, upto: int) -> dict[int, dict[str, tuple[str, str]]]:
    where = (personal.c.device == at.device) & (personal.c.ledger == at.ledger)
    found: dict[int, dict[str, tuple[str, str]]] = {}
    for row in connection.execute(select(personal).where(where & personal.c.seq.between(at.seq + 1, upto))):
        found.setdefault(row.seq, {})[row.name] = (row.salt, row.value)
    return found


def _row_wrong(at: _Chain, row: Any, values: dict[str, tuple[str, str]]) -> list[str]:  # noqa: ANN401 - a database row
    if row.seq != at.seq + 1:
        return [f"{at.name}: expected row {at.seq + 1}, got row {row.seq}."]
    try:
        told = json.loads(row.header)
        digest = row_hash(
            seq=told["seq"],
            kind=told["kind"],
            inspection=told["inspection"],
            origin=Origin(told["device"], told["station"], told["officer"], told["boot"]),
            at=told["at"],
            clock=told["clock"],
            key=told["key"],
            body_sha256=hashlib.sha256(row.body.encode()).hexdigest(),
            commitments=told["commitments"],
            sightings=told["sightings"],
            previous=at.hash,
        )
    except (ValueError, KeyError, TypeError) as error:
        return [f"{at.name}: expected row {row.seq} as it came, got one that cannot be read ({type(error).__name__})."]
    if digest != row.hash or told["seq"] != row.seq:
        return [f"{at.name}: expected row {row.seq} with hash {row.hash}, got content with {digest}."]
    return [
        f"{at.name}: expected the {name!r} of row {row.seq} that its box committed to, got another."
        for name, (salt, value) in sorted(values.items())
        if not _committed(told["commitments"].get(name), salt, name, value)
    ]


def _committed(promised: str | None, salt: str, name: str, value: str) -> bool:
    try:
        return promised == commitment(bytes.fromhex(salt), name, json.loads(value))
    except (ValueError, TypeError, AttributeError):
        return False


def _head_wrong(at: _Chain, document: str, public: dict[str, Ed25519PublicKey]) -> list[str]:
    for key in public.values():
        try:
            told = verified(document.encode(), BATCH, key)
        except DocumentRefused:
            continue
        if (told.get("ledger"), told.get("seq"), told.get("hash")) == (at.ledger, at.seq, at.hash):
            return []
    return [f"{at.name}: expected a head signed by its device for row {at.seq}, got another."]


def _note(central: Central, at: _Chain, wrong: list[str]) -> None:
    now = central.stamp()
    with writing(central.engine) as connection:
        for sentence in wrong:
            raise_alarm(connection, at.device, "altered", f"{at.ledger}-{at.seq + 1}", sentence, now)
        told = {"device": at.device, "ledger": at.ledger, "seq": at.seq, "hash": at.hash}
        if not wrong:
            connection.execute(_CHECKED, told | {"at": now})


def _prove_deletions(central: Central, device: str, covered: _Covered, told: Proved) -> Proved:
    public, previous, number, wrong = central.private.public_key(), "", 0, []
    with reading(central.engine) as connection:
        where = deletions.c.device == device
        found = connection.execute(select(deletions).where(where).order_by(deletions.c.number)).all()
    for row in found:
        number += 1
        try:
            said = verified(row.document.encode(), DELETION, public)
        except DocumentRefused:
            said = {}
        if (said.get("number"), said.get("previous"), said.get("device")) != (number, previous, device):
            covered.broken = True
            wrong.append(f"{device}: expected deletion {number}, signed, after the one before, got another.")
            break
        previous = hashlib.sha256(row.document.encode()).hexdigest()
        covered.values |= {tuple(one) for one in said["values"]}
        covered.pictures |= {sha256 for sha256, _ in said["pictures"]}
    if wrong:
        with writing(central.engine) as connection:
            raise_alarm(connection, device, "altered", f"deletion-{number}", wrong[0], central.stamp())
    return replace(told, deletions=told.deletions + number - len(wrong), wrong=(*told.wrong, *wrong))


def _prove_brought(central: Central, device: str, covered: _Covered, told: Proved) -> Proved:
    """Every picture that was brought is here, or a deletion names it; and what a deletion names is remembered."""
    known = pictures_of_devices
    with reading(central.engine) as connection:
        found = connection.execute(select(known.c.sha256, known.c.deletion).where(known.c.device == device)).all()
        here = {row.sha256 for row in connection.execute(select(evidence.c.sha256).where(evidence.c.device == device))}
    remembered = {row.sha256 for row in found}
    explained = {row.sha256 for row in found if row.deletion} & covered.pictures
    absent, unknown = remembered - here - explained, (here | covered.pictures) - remembered
    wrong = [
        *((one, f"{device}: expected picture {one}, or a deletion that names it, got neither.") for one in absent),
        *((one, f"{device}: expected picture {one} to be known, got none.") for one in unknown),
    ]
    with writing(central.engine) as connection:
        for sha256, sentence in wrong:
            raise_alarm(connection, device, "altered", sha256, sentence, central.stamp())
    return replace(told, wrong=(*told.wrong, *sorted(sentence for _, sentence in wrong)))


def _prove_ends(central: Central, told: Proved) -> Proved:
    wrong = ends.wrong(central)
    with writing(central.engine) as connection:
        for device, sentence in wrong:
            raise_alarm(connection, device, "altered", "ends", sentence, central.stamp())
    return replace(told, wrong=(*told.wrong, *(sentence for _, sentence in wrong)))


def _prove_pictures(central: Central, told: Proved) -> Proved:
    wrong: list[str] = []
    with reading(central.engine) as connection:
        found = connection.execute(select(evidence.c.device, evidence.c.sha256).order_by(evidence.c.sha256)).all()
    for row in found:
        try:
            digest = hashlib.sha256(central.objects.get(row.sha256)).hexdigest()
        except NotFound:
            digest = "none"
        if digest != row.sha256:
            wrong.append(f"{row.device}: expected picture {row.sha256}, got {digest}.")
            with writing(central.engine) as connection:
                raise_alarm(connection, row.device, "altered", row.sha256, wrong[-1], central.stamp())
    return replace(told, pictures=len(found) - len(wrong), wrong=(*told.wrong, *wrong))
