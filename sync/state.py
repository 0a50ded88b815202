"""What sync keeps of itself under state_dir/sync: the trusted root, the floor, and what the last pull came to.

root.json     the root that a technician brought, pinned by its SHA-256 in floor.json
floor.json    the highest versions seen; see sync/trust.py
state.json    what `sekisho sync status` tells
metadata/     a cache; may be damaged or gone
incoming/     what is on its way
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from edge.storage.database import made_folder, write_durably
from sync.errors import TransportError, TrustError
from sync.trust import Floor, parse_floor

Became = Literal["in use", "staged", "refused", "waiting", "nothing"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Item(_Part):
    """One thing that the tree calls current, and what became of it here."""

    target: str
    kind: str = ""
    state: Became
    code: str = ""  # of the reason why it was not taken
    reason: str = ""
    file: str = ""  # on the shelf
    sha256: str = ""  # of the target


class PublisherState(_Part):
    """A publisher's part, and its rows that were refused."""

    state: Became
    code: str = ""  # of the reason why it was not taken
    reason: str = ""
    file: str = ""  # on the shelf
    digest: str = ""  # of the part and its scope
    rows: int = 0
    refused: tuple[str, ...] = ()


class State(_Part):
    """What the last pull came to."""

    state: Literal["never", "fresh", "expired", "refused", "unwritable", "unreachable"] = "never"
    code: str = ""
    reason: str = "Nothing was pulled yet."
    hint: str = ""
    source: str = ""
    tried: AwareDatetime | None = None  # by this clock
    clock: str = ""  # by what time expiry was judged
    succeeded: AwareDatetime | None = None
    issued: AwareDatetime | None = None  # when the timestamp in hand was signed
    good_until: str = ""
    items: tuple[Item, ...] = ()
    publishers: dict[str, PublisherState] = Field(default_factory=dict)


class Box:
    """state_dir/sync of one box."""

    def __init__(self, state_dir: Path, side: str = "sync") -> None:
        """Use `state_dir`/sync; nothing is made before something is kept. `sekisho SIDE trust` is who trusts for it."""
        self._side = side
        self.state_dir = state_dir
        self.directory = state_dir / "sync"
        self.metadata = self.directory / "metadata"
        self.incoming = self.directory / "incoming"

    def trust(self, file: Path, *, replace: bool = False) -> str:
        """Take `file` as the root to begin from. Returns its SHA-256, to be compared with what the publisher says.

        `replace` forgets what was seen under the root before.

        Raises:
            TrustError: trust_root: it is no root that is signed by enough of its own keys, or another is trusted.
            TransportError: transport_disk.
        """
        try:
            data = file.read_bytes()
            root: Metadata[Root] = Metadata.from_bytes(data)
            if not isinstance(root.signed, Root):
                raise self._no_root(file, f"{root.signed.type} metadata")
            root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)
        except (OSError, RepositoryError, ValueError) as error:
            raise self._no_root(file, str(error)) from error
        sha256 = hashlib.sha256(data).hexdigest()
        with self.locked(), self.told():
            if (self.directory / "floor.json").exists() and not replace:
                before = self.floor().root_sha256
                if before == sha256:
                    return sha256
                message = f"{file}: expected the root that is trusted already, {before}, got {sha256}."
                hint = "A newer root of the same tree comes by itself; --replace begins anew with another tree."
                raise TrustError("trust_root", message, hint=hint)
            # Floor last: until it is written the root before is the one that its hash fits.
            shutil.rmtree(self.metadata, ignore_errors=True)
            self.keep(State())
            write_durably(self.directory / f"{sha256}.root.json", data)
            self.raise_floor(Floor(sha256))
            for old in self.directory.glob("*.root.json"):
                if old.name != f"{sha256}.root.json":
                    old.unlink()
        return sha256

    def root(self, floor: Floor) -> bytes:
        """The trusted root.

        Raises:
            TrustError: trust_root: it is not the one that was trusted.
        """
        path = self.directory / f"{floor.root_sha256}.root.json"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise self._no_root(path, error.strerror or str(error)) from error
        if hashlib.sha256(data).hexdigest() != floor.root_sha256:
            raise self._no_root(path, "other content")
        return data

    def floor(self) -> Floor:
        """The versions seen.

        Raises:
            TrustError: trust_missing: no root was brought yet; trust_floor: the file is damaged.
        """
        path = self.directory / "floor.json"
        try:
            return parse_floor(path.read_bytes())
        except FileNotFoundError as error:
            message = f"{path}: expected a trusted root, got none."
            hint = f"Bring the publisher's root: sekisho {self._side} trust ROOT.json."
            raise TrustError("trust_missing", message, hint=hint) from error

    def raise_floor(self, floor: Floor) -> None:
        """Keep `floor`, durable.

        Raises:
            OSError: it cannot be written.
        """
        write_durably(self.directory / "floor.json", floor.to_bytes())

    def state(self) -> State:
        """What the last pull came to; a damaged file tells nothing, and the next pull writes it again.

        Raises:
            PermissionError: this user may not know it.
        """
        try:
            return State.model_validate_json((self.directory / "state.json").read_bytes())
        except PermissionError:  # whoever may not read it is not told that there is nothing
            raise
        except (OSError, ValidationError):
            return State()

    def keep(self, state: State) -> None:
        """Keep `state`, durable.

        Raises:
            OSError: it cannot be written.
        """
        made_folder(self.directory)
        write_durably(self.directory / "state.json", state.model_dump_json(indent=1).encode())

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one pull at a time work.

        Raises:
            TransportError: transport_busy, transport_disk.
        """
        with self.told():
            made_folder(self.directory)
            descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            message = f"{self.directory}: expected no other pull, got one at work."
            raise TransportError("transport_busy", message, hint="Wait for it: sekisho sync status.") from error
        try:
            yield
        finally:
            os.close(descriptor)

    def _no_root(self, path: Path, came: str) -> TrustError:
        message = f"{path}: expected the root that this box trusts, signed by enough of its own keys, got: {came}."
        hint = f"Bring the publisher's root again: sekisho {self._side} trust ROOT.json --replace."
        return TrustError("trust_root", message, hint=hint)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """What the file system refuses, in this box's words."""
        try:
            yield
        except OSError as error:
            message = f"{self.directory}: expected a directory that can be written to, got: {error.strerror or error}."
            hint = "Check the space and the permissions of the state directory."
            raise TransportError("transport_disk", message, hint=hint) from error


def now_utc() -> datetime:
    """The system's time, believed or not."""
    return datetime.now(UTC)
