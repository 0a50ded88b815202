"""Manifests that are laid into a folder of the box are taken in by the bench itself, a piece at a time.

Whoever may write there is trusted to declare: the folder belongs to the bench's user, and a port's system reaches it by
the site's own way (sftp, a mounted share, a stick). A file is read once it has rested, and deleted when it is in use,
because it holds names; one that cannot be used at all goes to `refused/`.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from edge import manifests
from edge.errors import BoxError, Conflict, SekishoError
from edge.journal import Plain
from edge.manifests.importing import Import, Report
from edge.ports import Now
from edge.storage.consignments import FOLDER, Consignments
from edge.storage.database import made_folder, write_durably

INBOX, REFUSED = "inbox", "refused"
REASON = ".reason.txt"  # behind the name of what was refused
REST_S = 5.0  # since it was last written to
_ROWS = 50  # in one piece: some milliseconds

log = logging.getLogger(__name__)


def set_aside(state_dir: Path) -> tuple[str, ...]:
    """The names of the manifests that could not be used, as far as they can be shown."""
    try:
        found = list((state_dir / FOLDER / INBOX / REFUSED).iterdir())
    except OSError:
        return ()
    return tuple(sorted(manifests.shown(path) for path in found if _is_manifest(path)))


class Inbox:
    """The inbox of one box. For one thread."""

    def __init__(self, state_dir: Path, cache: Consignments, now: Now) -> None:
        """Look into `state_dir`/consignments/inbox; nothing is made there."""
        self.directory = state_dir / FOLDER / INBOX
        self._cache = cache
        self._now = now
        self._coming: Import | None = None
        self._done: set[tuple[str, int]] = set()  # name and time of what is dealt with, should it not go away

    def close(self) -> None:
        """Give up what is on its way; it is begun anew with the next start."""
        coming, self._coming = self._coming, None
        if coming is not None:
            coming.close()

    def piece(self) -> bool:
        """Take in a few rows; whether there may be more.

        Raises:
            BoxError: consignments_unwritable, file_*. EvidenceError: evidence_key. OSError: a file cannot be put away.
        """
        coming = self._coming or self._begun()
        if coming is None:
            return False
        try:
            if coming.piece(_ROWS):
                return True
            report = coming.finish() if coming.taken or not coming.refused else None
        except (BoxError, OSError):  # the box's: the file stays, and is begun anew
            self.close()
            raise
        except Exception as error:  # noqa: BLE001 - no file may keep those behind it from being taken in
            self.close()
            self._refuse(coming.path, _said(error))
            return True
        refusals = coming.refusals
        self.close()
        if report is None:
            self._refuse(coming.path, "\n".join(refusals))
        else:
            self._put_away(coming.path, report)
        return True

    def _begun(self) -> Import | None:
        """Begin with the oldest file that has rested and can be used; None when there is none, or a command imports."""
        for path in self._waiting():
            try:
                self._coming = Import(path, self._cache, self._now())
            except Conflict:
                return None
            except (BoxError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - as in `piece`
                self._refuse(path, _said(error))
            else:
                return self._coming
        return None

    def _waiting(self) -> list[Path]:
        try:
            found = [(path.lstat().st_mtime_ns, path) for path in self.directory.iterdir() if _is_manifest(path)]
        except OSError:
            return []
        rested_ns = time.time_ns() - int(REST_S * 1e9)
        return [path for at, path in sorted(found) if at < rested_ns and (path.name, at) not in self._done]

    def _put_away(self, path: Path, report: Report) -> None:
        self._done.add((path.name, path.lstat().st_mtime_ns))
        said = "%s: %d consignments were taken, %d rows refused."
        log.info(said, Plain(report.file), report.taken, report.refused)
        path.unlink(missing_ok=True)

    def _refuse(self, path: Path, why: str) -> None:
        """Set a file aside under a name of its own, the reason beside it."""
        self._done.add((path.name, path.lstat().st_mtime_ns))
        log.warning("%s was refused; its reason is beside it.", Plain(manifests.shown(path)))
        folder = made_folder(self.directory / REFUSED)
        place = folder / path.name
        number = 1
        while os.path.lexists(place):  # of the same name, refused before: that one stays
            number += 1
            place = folder / f"{path.stem}-{number}{path.suffix}"
        path.rename(place)
        said = f"{why}\n".encode(errors="backslashreplace")
        write_durably(place.with_name(f"{place.name}{REASON}"), said, mode=0o640)


def _said(error: Exception) -> str:
    if isinstance(error, SekishoError):
        return f"{error.message} {error.hint}".strip()
    return f"It could not be read, got {type(error).__name__}: {error}."


def _is_manifest(path: Path) -> bool:
    return path.suffix.lower() in manifests.SUFFIXES and not path.name.startswith(".") and not path.is_dir()
