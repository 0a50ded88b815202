"""The accounts of a box: one sealed file in its state directory, made by the technician, read by the bench.

It is sealed with the box's storage key (edge/storage/keys.py): whoever has the file alone reads no name and adds no
account. A PIN is kept as in edge/people/pin.py; a badge as a keyed hash, which needs no slowness: it is 80 random bits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from edge.badge import badge_in, new_badge
from edge.errors import Conflict, LedgerError, NotFound, RequestRefused
from edge.people import pin as pins
from edge.people.roles import Role
from edge.people.rows import AccountStamp
from edge.storage import documents
from edge.storage.chain import canonical
from edge.storage.kept import KeptFile
from edge.storage.keys import derived, kept_key, seal, storage_key, unseal

FILE = "people.sealed"
_NAME = b"sekisho people 1"
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_MOST_NAME = 64


@dataclass(frozen=True, slots=True)
class Account:
    """One person of the box. `pin` and `badge` are what is kept of them, "" for none."""

    id: str
    name: str
    role: Role
    pin: str = ""
    badge: str = ""


Accounts = Mapping[str, Account]
NOBODY: Accounts = MappingProxyType({})


class PeopleFile(KeptFile[Accounts]):
    """The accounts on disk, by id."""

    codes = ("people_damaged", "people_unreadable", "people_unwritable")
    file, what = FILE, "the accounts of this box"
    remedy = "Restore the file together with storage.key, or move it away and make the accounts again."
    most_bytes = 16_000_000
    nothing = NOBODY

    def secret(self) -> bytes:
        """The key under which PINs, badges and ids are hashed. Made with the storage key where there is none.

        Raises:
            EvidenceError: the storage key cannot be read or made.
        """
        return derived(storage_key(self._state_dir), "people: PINs and badges")

    def _from_bytes(self, data: bytes) -> Accounts:
        key = kept_key(self._state_dir)
        told = None if key is None else unseal(derived(key, "people"), data, _NAME)
        if told is None:
            raise self.damaged("one that was not sealed with the key of this box, or was altered")
        try:
            found = documents.from_json(_File, json.loads(told))
        except (LedgerError, ValueError) as error:
            raise self.damaged("one of another version") from error
        return MappingProxyType({account.id: account for account in found.accounts})

    def _to_bytes(self, held: Accounts) -> bytes:
        document = documents.to_json(_File(tuple(held[name] for name in sorted(held))))
        return seal(derived(storage_key(self._state_dir), "people"), canonical(document), _NAME)


@dataclass(frozen=True, slots=True)
class _File:
    accounts: tuple[Account, ...]


def hashed(secret: bytes, purpose: str, text: str) -> str:
    """A keyed hash, 32 hex digits, of a badge or of an id that somebody typed."""
    keyed = hashlib.blake2b(text.encode(), key=secret, person=purpose.encode(), digest_size=16)
    return keyed.hexdigest()


def stamp_of(account: Account, secret: bytes) -> AccountStamp:
    """The account without its name and secrets; its stamp is another one when its role, PIN or badge is."""
    kept = f"{account.id}\n{account.role}\n{account.pin}\n{account.badge}"
    return AccountStamp(account.id, account.role, hashed(secret, "account", kept)[:16])


def of_badge(accounts: Accounts, badge: str, secret: bytes) -> Account | None:
    """Whose badge this is."""
    digest = hashed(secret, "badge", badge)
    return next((one for one in accounts.values() if one.badge == digest), None)  # hashes: no timing tells a badge


# --- What the technician does -----------------------------------------------------------------------------------------


def added(accounts: Accounts, account: Account) -> Accounts:
    """With one account more.

    Raises:
        RequestRefused: request_person: the id or the name is not usable. Conflict: person_conflict: the id is taken.
    """
    if not _ID.fullmatch(account.id):
        raise RequestRefused(
            "request_person",
            f"Expected an id of 1 to 32 of a-z, 0-9, '.', '_' and '-', got {account.id!r}.",
            hint="A staff number can be typed on the keypad.",
        )
    if not 0 < len(account.name) <= _MOST_NAME or not account.name.isprintable():
        message = f"Expected a name of 1 to {_MOST_NAME} printable characters, got {account.name[:80]!r}."
        raise RequestRefused("request_person", message, hint="It is shown on the page and nowhere kept with results.")
    if account.id in accounts:
        message = f"Expected an id that nobody has, got {account.id!r}."
        raise Conflict("person_conflict", message, hint="sekisho people list shows all.")
    return MappingProxyType({**accounts, account.id: account})


def changed(accounts: Accounts, name: str, *, pin: str | None = None, badge: str | None = None) -> Accounts:
    """With another PIN or badge of one account; None keeps what there is.

    Raises:
        NotFound: person_not_found.
    """
    before = existing(accounts, name)
    after = replace(before, pin=before.pin if pin is None else pin, badge=before.badge if badge is None else badge)
    return MappingProxyType({**accounts, name: after})


def removed(accounts: Accounts, name: str) -> Accounts:
    """Without one account. Its id stays in the rows that it wrote.

    Raises:
        NotFound: person_not_found.
    """
    existing(accounts, name)
    return MappingProxyType({one: account for one, account in accounts.items() if one != name})


def existing(accounts: Accounts, name: str) -> Account:
    """The account of this id.

    Raises:
        NotFound: person_not_found.
    """
    if name not in accounts:
        raise NotFound("person_not_found", f"Expected the id of an account, got {name!r}.", hint="sekisho people list")
    return accounts[name]


def given_badge(secret: bytes) -> tuple[str, str]:
    """A new badge: what is printed once, and what is kept of it."""
    badge = new_badge()
    return badge, hashed(secret, "badge", badge)


def given_pin(pin: str, secret: bytes) -> str:
    """What is kept of a PIN.

    Raises:
        RequestRefused: request_pin: it may not be chosen.
    """
    return pins.kept(pins.checked(pin), secret)


def read_badge(text: str) -> str:
    """The badge in what was scanned.

    Raises:
        RequestRefused: request_badge: it is none. It is not repeated.
    """
    found = badge_in(text.encode("utf-8", "replace"))
    if found is None:
        message = f"Expected the code of a badge, got {len(text)} other characters."
        raise RequestRefused("request_badge", message, hint="Scan the barcode of the badge again.")
    return found
