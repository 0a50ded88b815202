"""Manifests that are laid into a folder of the box are taken in by the bench itself, a piece at a time.

Whoever may write there is trusted to declare: the folder belongs to the bench's user, and a port's system reaches it by
the site's own way (sftp, a mounted share, a stick). A file is read once it has rested, and deleted when it is in use,
because it holds names; one that cannot be used at all goes to `refused/`, where it has a countdown of its own
(edge/storage/refused_manifests.py). A name that begins with a point is being written; what nobody has written on for a
day is set aside, too.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from edge import manifests
from edge.errors import BoxError, Conflict, SekishoError
from edge.journal import Plain
from edge.manifests.importing import Import, Report
from edge.moment import ClockTrust
from edge.ports import Now
from edge.storage.consignments import FOLDER, INBOX, Consignments

REST_S = 5.0  # since it was last written to
LEFT_S = 86_400.0  # since one that is being written was
_ROWS = 50  # in one piece: some milliseconds

log = logging.getLogger(__name__)


def set_aside(state_dir: Path) -> tuple[str, ...]:
    """The names of the manifests that could not be used, as far as they can be shown."""
    try:
        return tuple(sorted(manifests.shown(path) for path in Consignments(state_dir).refused.names()))
    except OSError:
        return ()


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
            if path.name.startswith("."):
                left = "expected to be renamed when it is whole, got nothing more written to it for a day."
                self._refuse(path, f"{manifests.shown(path)}: {left}")
                continue
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
        """What is there and has rested, the oldest first; folders are not looked into."""
        try:
            found = [(path.lstat().st_mtime_ns, path) for path in self.directory.iterdir() if _is_file(path)]
        except OSError:
            return []
        rested = [(at, path) for at, path in sorted(found) if at < time.time_ns() - int(_rest_s(path) * 1e9)]
        return [path for at, path in rested if (path.name, at) not in self._done]

    def _put_away(self, path: Path, report: Report) -> None:
        self._done.add((path.name, path.lstat().st_mtime_ns))
        said = "%s: %d consignments were taken, %d rows refused."
        log.info(said, Plain(report.file), report.taken, report.refused)
        path.unlink(missing_ok=True)

    def _refuse(self, path: Path, why: str) -> None:
        """Set a file aside with its reason."""
        self._done.add((path.name, path.lstat().st_mtime_ns))
        log.warning("%s was refused; its reason is beside it.", Plain(manifests.shown(path)))
        now = self._now()
        self._cache.refused.set_aside(path, why, None if now.trust is ClockTrust.UNTRUSTED else now.utc.date())


def _said(error: Exception) -> str:
    if isinstance(error, SekishoError):
        return f"{error.message} {error.hint}".strip()
    return f"It could not be read, got {type(error).__name__}: {error}."


def _is_file(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _rest_s(path: Path) -> float:
    return LEFT_S if path.name.startswith(".") else REST_S
