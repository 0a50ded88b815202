"""The three kinds of shelves of a box: registry editions with their supplements, model packs, policies.

`state_dir/registry`, `state_dir/packs`, `state_dir/policies`. Packs and policies have one built in, which is used while
nothing else is activated; a registry has none.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge import policy as policies
from edge.errors import ModelError, PolicyError, RegistryError, SekishoError, ShelfError
from edge.policy import Policy
from edge.settings import Settings
from edge.storage.canonical import verify
from edge.storage.consignments import Consignments
from edge.storage.database import fsync_directory
from edge.storage.incoming import copied, file_digest, keep
from edge.storage.knowledge import Knowledge
from edge.storage.registry import Registry
from edge.storage.shelf import Shelf
from edge.storage.supplements import SupplementedRegistry
from models import pack as packs
from models.errors import ModelsError, PackError
from models.worker import prove

log = logging.getLogger(__name__)

REGISTRY, PACKS, POLICIES = "registry", "packs", "policies"
PACK_BYTES = 1_000_000_000  # of one pack, unpacked
PACK_FILES = 64  # each costs an fsync before the manifest is read
POLICY_BYTES = 1_000_000
# What reading a damaged member or directory of a zip file raises; encrypted is a RuntimeError.
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)


@dataclass(frozen=True, eq=False)  # not slots: weakly referred to
class PackOnDisk:
    """A model pack of the box that was verified by its manifest. Holding one keeps it from being pruned."""

    name: str
    path: Path | None  # None: the built-in one


class EditionKind:
    """Registry editions and their supplements."""

    word, suffix = "edition", ".sqlite"

    def bring(self, source: Path, out: Path) -> str:
        """Copy the file."""
        return copied(source, out)

    def digest(self, source: Path) -> str:
        """SHA-256 of the file."""
        return file_digest(source)

    def open(self, path: Path) -> Registry:
        """Open it and look at its header and its table `edition`.

        Raises:
            RegistryError: see `Registry.open`.
        """
        registry = SupplementedRegistry.open(path)
        try:
            keep(path, registry)
        except OSError as error:
            registry.close()
            came = f"{error.strerror}"
            raise RegistryError("registry_missing", f"{path}: expected a registry edition, got {came}.") from error
        return registry

    def verify(self, path: Path) -> None:
        """Read it whole and compare its content hash: seconds for a million products.

        Raises:
            RegistryError: registry_damaged.
        """
        verify(path)

    def prove(self, path: Path) -> None:
        """What it says of a product is tried by a shadow (edge/trial.py), and not here."""

    def title(self, item: Registry) -> str:
        """Name, number and day of issue."""
        edition = item.edition
        return f"{edition.name} number {edition.number} of {edition.issued:%Y-%m-%d}"

    def join(self, main: Registry, others: Mapping[str, Registry]) -> Registry:
        """The edition that also answers with what its publishers' supplements say."""
        assert isinstance(main, SupplementedRegistry)  # noqa: S101 - as `open` makes them
        main.supplement(others)
        return main

    def built_in(self) -> Registry | None:
        """There is none."""
        return None

    def nothing(self, directory: Path) -> SekishoError:
        """No edition is in use."""
        return RegistryError(
            "registry_missing",
            f"{directory}: expected a registry edition in use, got none.",
            hint="Install one with `sekisho registry install FILE`, or set SEKISHO_REGISTRY.",
        )

    def unknown(self, error: ShelfError) -> SekishoError:
        """CURRENT is damaged."""
        return RegistryError("registry_damaged", error.message, hint=error.hint)


class PolicyKind:
    """Policy files."""

    word, suffix = "policy", ".toml"

    def bring(self, source: Path, out: Path) -> str:
        """Copy the file."""
        return copied(source, out, POLICY_BYTES)

    def digest(self, source: Path) -> str:
        """SHA-256 of the file."""
        return file_digest(source)

    def open(self, path: Path) -> Policy:
        """Read it whole; the log says where it is of before this release.

        Raises:
            PolicyError: see `edge.policy.load`.
        """
        told: list[str] = []
        policy = policies.load(path, tell=told.append)
        if told:
            log.warning(
                "%s is of before this release: sekisho policy check says what it lacks, or names in vain.", path
            )
        return policy

    def verify(self, path: Path) -> None:
        """`open` has read all of it."""

    def prove(self, path: Path) -> None:
        """What it judges is tried by a shadow (edge/trial.py), and not here."""

    def title(self, item: Policy) -> str:
        """Name and version."""
        return item.title

    def join(self, main: Policy, others: Mapping[str, Policy]) -> Policy:
        """A policy has no supplements."""
        del others
        return main

    def built_in(self) -> Policy | None:
        """The policy that comes with the program."""
        return policies.builtin()

    def nothing(self, directory: Path) -> SekishoError:
        """Never asked: there is always the built-in one."""
        return PolicyError("policy_unreadable", f"{directory}: expected a policy, got none.")

    def unknown(self, error: ShelfError) -> SekishoError:
        """CURRENT is damaged."""
        return PolicyError("policy_unreadable", error.message, hint=error.hint)


class PackKind:
    """Model packs: directories on the shelf, brought as a directory or as a flat zip file of it."""

    word, suffix = "pack", ""

    def bring(self, source: Path, out: Path) -> str:
        """Unpack or copy it, every file durable. Named by its manifest, which holds the hash of every file.

        Raises:
            ModelError: model_manifest: the archive holds what no pack holds.
        """
        out.mkdir()
        if source.is_dir():
            for file in sorted(source.iterdir()):
                if file.is_file():
                    copied(file, out / file.name, PACK_BYTES)
        else:
            _unpacked(source, out)
        fsync_directory(out)
        return self.digest(out)

    def digest(self, source: Path) -> str:
        """SHA-256 of the manifest."""
        return file_digest(source / packs.MANIFEST)

    def open(self, path: Path) -> PackOnDisk:
        """Verify manifest, schema and the hash of every file. Its networks are opened by a pixel worker only.

        Raises:
            ModelError: model_missing, model_manifest, model_schema, model_hash.
        """
        if path.is_file():
            return PackOnDisk(_name_in_archive(path), None)
        try:
            found = PackOnDisk(packs.verified(path), path)
            keep(path, found)
        except PackError as error:
            raise ModelError(error.code, error.message, hint=error.hint) from error
        except OSError as error:
            raise ModelError("model_missing", f"{path}: expected a model pack, got {error.strerror}.") from error
        return found

    def verify(self, path: Path) -> None:
        """`open` has hashed all of it."""

    def prove(self, path: Path) -> None:
        """Let a pixel worker of its own compare a drawn pair with it: some seconds.

        Raises:
            ModelError: it cannot be used, or answers otherwise than where it was made.
        """
        try:
            prove(path)
        except ModelsError as error:
            raise ModelError(error.code, error.message, hint=f"What was in use stays in use. {error.hint}") from error

    def title(self, item: PackOnDisk) -> str:
        """Its name."""
        return item.name

    def join(self, main: PackOnDisk, others: Mapping[str, PackOnDisk]) -> PackOnDisk:
        """A pack has no supplements."""
        del others
        return main

    def built_in(self) -> PackOnDisk | None:
        """The pack that comes with the program."""
        return PackOnDisk(packs.BUILTIN, None)

    def nothing(self, directory: Path) -> SekishoError:
        """Never asked: there is always the built-in one."""
        return ModelError("model_missing", f"{directory}: expected a model pack, got none.")

    def unknown(self, error: ShelfError) -> SekishoError:
        """CURRENT is damaged."""
        return ModelError("model_missing", error.message, hint=error.hint)


def editions(state_dir: Path, fixed: Path | None = None) -> Shelf[Registry]:
    """The registry editions of a box; always the file `fixed` when one is given."""
    return Shelf(state_dir / REGISTRY, EditionKind(), fixed)


def policy_shelf(state_dir: Path, fixed: Path | None = None) -> Shelf[Policy]:
    """The policies of a box; always the file `fixed` when one is given."""
    return Shelf(state_dir / POLICIES, PolicyKind(), fixed)


def pack_shelf(state_dir: Path, fixed: Path | None = None) -> Shelf[PackOnDisk]:
    """The model packs of a box; always the directory `fixed` when one is given."""
    return Shelf(state_dir / PACKS, PackKind(), fixed)


@dataclass(frozen=True, slots=True)
class Shelves:
    """All that a box uses and that can be replaced while it works."""

    editions: Shelf[Registry]
    policies: Shelf[Policy]
    packs: Shelf[PackOnDisk]
    knowledge: Knowledge  # of a central: it is used as it comes, so it is no shelf
    consignments: Consignments  # declared ahead: likewise

    @classmethod
    def of(cls, settings: Settings) -> Shelves:
        """The shelves of a box; what a setting names takes precedence over what its shelf names."""
        state_dir = settings.state_dir
        return cls(
            editions(state_dir, settings.registry),
            policy_shelf(state_dir, settings.policy),
            pack_shelf(state_dir, settings.pack_dir),
            Knowledge(state_dir),
            Consignments(state_dir),
        )

    def close(self) -> None:
        """Close what is in use. Safe to call twice."""
        for shelf in (self.editions, self.policies, self.packs, self.consignments):
            shelf.close()


def _name_in_archive(path: Path) -> str:
    """The name of a zip file's pack, once it is known to hold one."""
    with _archive(path) as archive:
        if packs.MANIFEST not in archive.namelist():
            raise _no_pack(path, f"no {packs.MANIFEST} in it")
    return path.name


def _unpacked(source: Path, out: Path) -> None:
    left = PACK_BYTES
    with _archive(source) as archive:
        for entry in _entries(archive, source):
            left = _one_unpacked(archive, entry, out / entry.filename, left, source)


def _entries(archive: zipfile.ZipFile, source: Path) -> list[zipfile.ZipInfo]:
    """The files of a pack's archive, before the first is unpacked.

    Raises:
        ModelError: model_manifest: too many, a name that is not plain or stands there twice, or a place or packing that
            no pack has.
    """
    entries = archive.infolist()
    if len(entries) > PACK_FILES:
        raise _no_pack(source, f"{len(entries)} files, where a pack has at most {PACK_FILES}")
    names = set()
    for entry in entries:
        if _PLAIN.fullmatch(entry.filename) is None:
            raise _no_pack(source, f"the entry {entry.filename!r}")
        if entry.filename in names:
            raise _no_pack(source, f"the entry {entry.filename!r} twice")
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _no_pack(
                source, f"{entry.filename} packed by method {entry.compress_type}, neither stored nor deflate"
            )
        if entry.header_offset < 0:
            raise _no_pack(source, f"{entry.filename} before the beginning of the file")
        names.add(entry.filename)
    return entries


def _one_unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, out: Path, left: int, source: Path) -> int:
    with archive.open(entry) as packed, out.open("xb") as file:
        while block := packed.read(1 << 20):
            left -= len(block)
            if left < 0:
                raise _no_pack(source, f"more than {PACK_BYTES} bytes in it")
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return left


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _BROKEN_ZIP as error:
        raise _no_pack(path, str(error)) from error


def _no_pack(path: Path, came: str) -> ModelError:
    return ModelError(
        "model_manifest",
        f"{path.name}: expected a model pack as a flat zip file, got {came}.",
        hint="Copy the file again from its publisher.",
    )
