"""Releases of the program, brought to the box: fetched like any other target, and laid into a tray. None is used here.

The tray, state_dir/sync/release, is itself a published tree in small: the signed metadata and one bundle. Who applies
it (provisioning/release, as root) verifies it again with trust of its own, so the tray may be written by anybody.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tuf.api.metadata import TargetFile

from edge.releases import version
from edge.storage.database import fsync_directory, write_durably
from sync.client import Client
from sync.state import Box, Item

TRAY = "release"
KIND = "release"
_DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}


def is_for_this_box(path: str) -> bool:
    """Whether a release in a tree is for this processor and this Python, by its name."""
    machine = platform.machine()
    build = f"-{_DEBIAN.get(machine, machine)}-py{sys.version_info.major}.{sys.version_info.minor}.tar.zst"
    return path.endswith(build)


def bring_release(target: TargetFile, client: Client, box: Box, fetch: Callable[[TargetFile], Path]) -> Item:
    """Fetch a release and lay it into the tray with what is signed of it.

    Raises:
        TrustError, TransportError: it cannot be had. OSError: it cannot be written.
    """
    tray, sha256 = box.directory / TRAY, target.hashes["sha256"]
    item = Item(target=target.path, kind=KIND, state="staged", sha256=sha256, reason="for the update service")
    if str((target.custom or {}).get("version")) == version():
        shutil.rmtree(tray, ignore_errors=True)
        return item.model_copy(update={"state": "in use", "reason": ""})
    directory, _, name = target.path.rpartition("/")
    place = tray / "targets" / directory / f"{sha256}.{name}"
    if not place.exists() or place.stat().st_size != target.length:
        file = fetch(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.rename(place)
        fsync_directory(place.parent)
    for other in place.parent.iterdir():
        if other != place:
            other.unlink()
    metadata = tray / "metadata"
    metadata.mkdir(exist_ok=True)
    files = client.as_published()
    for kept in sorted(files, key=lambda one: one == "timestamp.json"):  # the timestamp last: it is what is looked at
        if not (metadata / kept).exists() or (metadata / kept).read_bytes() != files[kept]:
            write_durably(metadata / kept, files[kept])
    for old in metadata.iterdir():
        if old.name not in files:
            old.unlink()
    return item
