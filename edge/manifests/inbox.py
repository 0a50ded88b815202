"""Manifests that are laid into a folder of the box are taken in by the bench itself, a piece at a time.

Whoever may write there is trusted to declare: the folder belongs to the bench's user, and a port's system reaches it by
the site's own way (sftp, a mounted share, a stick). A file is read once it has rested, and deleted when it is in use,
because it holds names; one that cannot be used at all goes to `refused/`.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from edge import manifests
from edge.errors import Conflict, SekishoError
from edge.journal import Plain
from edge.manifests.importing import Import
from edge.ports import Now
from edge.storage.consignments import FOLDER, Consignments
from edge.storage.database import made_folder

INBOX = "inbox"
REST_S = 5.0  # since it was last written to
_ROWS = 50  # in one piece: some milliseconds

log = logging.getLogger(__name__)


class Inbox:
    """The inbox of one box. For one thread."""

    def __init__(self, state_dir: Path, cache: Consignments, now: Now) -> None:
        """Look into `state_dir`/consignments/inbox; nothing is made there."""
        self.directory = state_dir / FOLDER / INBOX
        self._cache = cache
        self._now = now
        self._coming: Import | None = None

    def close(self) -> None:
        """Give up what is on its way; it is begun anew with the next start."""
        if self._coming is not None:
            self._coming.close()
            self._coming = None

    def piece(self) -> bool:
        """Take in a few rows; whether there may be more.

        Raises:
            BoxError: consignments_unwritable, file_*. EvidenceError: evidence_key.
        """
        if self._coming is None and not self._begun():
            return False
        coming = self._coming
        if coming is None:
            return True
        try:
            if coming.piece(_ROWS):
                return True
            report = coming.finish()
        except SekishoError as error:
            self.close()
            self._refuse(coming.path, error)
            return True
        except BaseException:
            self.close()
            raise
        self.close()
        coming.path.unlink(missing_ok=True)
        said = "%s: %d consignments were taken, %d rows refused."
        log.info(said, Plain(report.file), report.taken, report.refused)
        return True

    def _begun(self) -> bool:
        """Begin with the oldest file that has rested; whether there was one."""
        for path in self._waiting():
            try:
                self._coming = Import(path, self._cache, self._now())
            except Conflict:  # a command imports: later
                return False
            except SekishoError as error:
                self._refuse(path, error)
            return True
        return False

    def _waiting(self) -> list[Path]:
        try:
            found = [(path.lstat().st_mtime, path) for path in self.directory.iterdir() if _is_manifest(path)]
        except OSError:
            return []
        return [path for at, path in sorted(found) if at < time.time() - REST_S]

    def _refuse(self, path: Path, error: SekishoError) -> None:
        log.warning("%s was refused: %s", Plain(path.name), Plain(error.message))
        if error.status < 500:  # noqa: PLR2004 - HTTP: the file's fault; what is the box's stays and is tried again
            path.rename(made_folder(self.directory / "refused") / path.name)


def _is_manifest(path: Path) -> bool:
    return path.suffix.lower() in manifests.SUFFIXES and not path.name.startswith(".") and not path.is_dir()
