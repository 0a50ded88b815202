"""Where releases lie: a directory that root alone writes, beside the state and not in it.

    current -> DIR     the release in use; without it the package's own program is
    previous -> DIR    the one before, while and after it is tried; without it the package's
    trial              there while current is on trial: a line for each boot since (systemd/trial-boot)
    back               why the boot has taken current back, for the journal
    journal.json       where the update service stands (edge/releases.py)
    DIR/               whole, lib/, doc/, manifest.json
    sync/              root's own trust: root, floor, cache of metadata (sync/state.py)

The state's directory belongs to the bench's user, who could put another directory in this one's place. Links change by
a rename and are synced, so that a power cut leaves the old one or the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

from edge.releases import HOME, JOURNAL, About, Event, Journal, Kind, Wanted, about, read_journal
from edge.storage.database import fsync_directory, write_durably
from provisioning.release import bundle
from provisioning.release.errors import BundleRefused, UpdateFailed
from sync.state import Box

PACKAGED = Path("/opt/sekisho/lib")
WHOLE = "whole"
_EVENTS = 100
_REFUSED = 20
_ROOM = 200_000_000  # bytes that an unpacked release leaves free
_COMPILED = 1.6  # with byte code, times the files


@dataclass(frozen=True, slots=True)
class Home:
    """The releases of one box."""

    path: Path = HOME
    packaged: Path = PACKAGED

    def trust(self, root: Path, *, replace: bool = False) -> str:
        """Take releases under this root from now on; its SHA-256, to be compared with what the publisher says.

        Raises:
            TrustError, TransportError: see `sync.state.Box.trust`. OSError: the disk.
        """
        self.path.mkdir(mode=0o755, exist_ok=True)
        return Box(self.path, "update").trust(root, replace=replace)

    # --- what there is -------------------------------------------------------------------------------------------

    def link(self, name: str) -> str:
        """The directory that a link names; "" when there is none: the package's program."""
        try:
            return str((self.path / name).readlink())
        except OSError:
            return ""

    def lib(self, directory: str) -> Path:
        """Where the program of a directory lies; "" is the package's."""
        return self.path / directory / "lib" if directory else self.packaged

    def about(self, directory: str) -> About:
        """What the program of a directory says of itself.

        Raises:
            UpdateFailed: update_program: it says nothing.
        """
        said = about(self.lib(directory))
        if said is None:
            message = f"{self.lib(directory)}: expected a program that says its version, got none."
            raise UpdateFailed("update_program", message, hint="Install the package again.")
        return said

    def journal(self) -> Journal:
        """Where the service stands."""
        return read_journal(self.path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time change anything.

        Raises:
            UpdateFailed: update_busy; update_home: there is no such directory.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            message = f"{self.path}: expected the directory of releases, got {error.strerror}."
            raise UpdateFailed(
                "update_home", message, hint="The package makes it; on a read-only root, mount it."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            message = f"{self.path}: expected no other update at work, got one."
            raise UpdateFailed(
                "update_busy",
                message,
                hint="Wait for it, see sekisho update status; or: systemctl stop sekisho-update.",
            ) from error
        finally:
            os.close(descriptor)

    # --- the journal ---------------------------------------------------------------------------------------------

    def keep(self, journal: Journal) -> Journal:
        """Keep the journal, durable."""
        write_durably(self.path / JOURNAL, journal.to_bytes())
        return journal

    def tell(self, journal: Journal, kind: Kind, words: str, *, refuse: bool = False) -> Journal:
        """Close an update with an event, durable; with `refuse` the bundle is not tried again by itself."""
        wanted = journal.wanted or Wanted(version="", sha256="", directory="")
        number = 1 + max((event.number for event in journal.events), default=0)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        event = Event(
            number=number,
            at=at,
            kind=kind,
            version=wanted.version,
            before=journal.before_version,
            sha256=wanted.sha256,
            words=words,
        )
        refused = dict(journal.refused)
        if refuse:
            refused[wanted.sha256] = words
        return self.keep(
            Journal(
                refused=dict(list(refused.items())[-_REFUSED:]),
                events=(*journal.events, event)[-_EVENTS:],
            )
        )

    # --- changing ------------------------------------------------------------------------------------------------

    def unpack(self, verified: BufferedReader, wanted: Wanted) -> None:
        """Unpack a verified bundle beside what is in use; whole, with byte code, or not there at all.

        Raises:
            BundleRefused: release_bundle. UpdateFailed: update_room. OSError: it cannot be written.
        """
        if (self.path / wanted.directory / WHOLE).exists():
            return
        beside = self.path / f".{wanted.directory}.unpacking"
        shutil.rmtree(beside, ignore_errors=True)
        if hashlib.file_digest(verified, "sha256").hexdigest() != wanted.sha256:
            raise BundleRefused("release_bundle", "The bundle: expected what was signed, got other content.")
        verified.seek(0)
        need = int(bundle.read_manifest(verified).size * _COMPILED) + _ROOM
        verified.seek(0)
        if (free := shutil.disk_usage(self.path).free) < need:
            message = f"{self.path}: expected {need // 1_000_000} MB for a release, got {free // 1_000_000} MB."
            raise UpdateFailed("update_room", message, hint="Make room; it is tried again.")
        try:
            bundle.unpack(verified, beside)
            # Compiled, never run: what runs it first is the sandboxed check.
            compiled = [sys.executable, "-I", "-m", "compileall", "-q", str(beside / "lib")]
            subprocess.run(compiled, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - a fixed command
            (beside / WHOLE).touch()
            os.sync()
            shutil.rmtree(self.path / wanted.directory, ignore_errors=True)
            beside.rename(self.path / wanted.directory)
            fsync_directory(self.path)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def point(self, name: str, directory: str) -> None:
        """Let the link `name` name a directory; "" takes it away: the package's program. Durable.

        Raises:
            OSError: it cannot be written.
        """
        link, beside = self.path / name, self.path / f".{name}.new"
        beside.unlink(missing_ok=True)
        if directory:
            beside.symlink_to(directory)
            beside.rename(link)
        else:
            link.unlink(missing_ok=True)
        fsync_directory(self.path)

    def begin_trial(self) -> None:
        """From here on the next boot but one goes back."""
        write_durably(self.path / "trial", b"")

    def end_trial(self) -> None:
        """The release in use is on trial no more."""
        (self.path / "trial").unlink(missing_ok=True)
        fsync_directory(self.path)

    @property
    def on_trial(self) -> bool:
        """Whether the release in use is on trial."""
        return (self.path / "trial").exists()

    def taken_back_at_boot(self) -> str:
        """Why the boot has taken the release back, since this was asked last; "" when it has not."""
        note = self.path / "back"
        try:
            return note.read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def noted(self) -> None:
        """The journal has it."""
        (self.path / "back").unlink(missing_ok=True)

    def tidy(self, *keep: str) -> None:
        """Drop every release that no link names."""
        named = {self.link("current"), self.link("previous"), *keep}
        for path in self.path.iterdir():
            if path.is_dir() and not path.is_symlink() and path.name not in {*named, "sync"}:
                shutil.rmtree(path, ignore_errors=True)
