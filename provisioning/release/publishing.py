"""The publisher's side: a package becomes a release in a published tree. `sekisho publish release`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from packaging.version import Version
from tuf.api.metadata import Targets

from edge.terminal import clear_errors
from provisioning.release.bundle import from_package
from provisioning.release.taking import PREFIX, said
from sync.errors import PublishError
from sync.publish_command import Clock, Days, Keys, Pass, TreeDir, changing, ring_of
from sync.tree import Lifetimes, Tree

_DAYS = Lifetimes().timestamp
_BUILD = re.compile(r"-[a-z0-9]+-py[0-9.]+\.tar\.zst$")


def publish(tree: Tree, package: Path) -> str:
    """Publish what a .deb installs as the newest release for its processor and Python. The target's path.

    Raises:
        BundleRefused: release_package: it is no package of ours. PublishError: publish_number: it is not newer.
        OSError: it cannot be read or written.
    """
    with tempfile.TemporaryDirectory(dir=tree.directory, prefix=".release-") as room:
        packed = from_package(package, Path(room) / "bundle")
        return publish_bundle(tree, packed.path, packed.name, packed.manifest.about.model_dump(mode="json"))


def publish_bundle(tree: Tree, bundle: Path, name: str, about: dict[str, object]) -> str:
    """Publish a bundle that was made.

    Raises:
        PublishError: publish_number.
    """
    path = f"{PREFIX}{name}"
    current = tree.current()
    build = _BUILD.search(name)
    same = [one for one in current.current if build and one.startswith(PREFIX) and one.endswith(build[0])]
    for known in same:
        target = tree.find(known)
        before = said(target) if target is not None else None
        if before is not None and Version(str(about["version"])) <= Version(before.version):
            message = f"{name}: expected a version above {before.version}, which is published, got {about['version']}."
            raise PublishError("publish_number", message, hint="Boxes only ever go forward.")
    custom = {"kind": "release", "schema": 1, "name": "sekisho", "number": 0, **about}
    tree.change(Targets.type).targets[path] = tree.store(path, bundle, custom)
    kept = tuple(one for one in current.current if one not in same)
    tree.set_current(current.model_copy(update={"issued": tree.now, "current": (*kept, path)}))
    tree.commit()
    return path


def add_release_command(publish_app: typer.Typer) -> None:
    """Join `release` to the commands of publishers."""
    publish_app.command("release")(release)


@clear_errors
def release(
    tree: TreeDir,
    package: Annotated[Path, typer.Argument(help="The .deb of a box, of ./run package.")],
    *,
    keys: Keys,
    days: Days = _DAYS,
    clock: Clock = False,
    passphrase_file: Pass = None,
) -> None:
    """Publish a release of the program for boxes, out of its Debian package."""
    with changing(tree, ring_of(keys, passphrase_file), days, clock=clock) as published:
        typer.echo(f"{publish(published, package)}: published")
