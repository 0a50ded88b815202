"""`sekisho provision usb`: writes the stick that makes bare boxes benches, at the technician's desk.

What a box would refuse is refused here: settings that are none, a tree that does not verify from its root, a package
that is cut short or another than its name states, a certificate that is none. What is on a stick is said by
provisioning/stick.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path

from cryptography import x509
from pydantic import ValidationError

from edge.errors import RequestRefused, SettingsError
from provisioning import cloud_init, stick
from provisioning.debian import read_deb
from provisioning.every_setting import setting_of
from provisioning.hall import settings_of
from provisioning.seed import seed
from provisioning.stick import Hall, Seat
from provisioning.wifi import Wifi

_OURS = re.compile(r"sekisho_[^_]+\+deb(?P<debian>[0-9]+)_(?P<processor>[a-z0-9]+)\.deb")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*_[^_/]+_(?P<processor>[a-z0-9]+)\.deb")
_INSTALLED_KIB = 600_000  # the package laid out, its byte code, and room to work
_FAT_BYTES = 2**32 - 1  # of one file
_ENTRIES = (stick.PACKAGES, stick.TREE, stick.SECRET, stick.ROOT, stick.SITE_CA, stick.BENCH, stick.READ_ME)


@dataclass(frozen=True, slots=True)
class Contents:
    """What shall be on a stick."""

    packages: tuple[Path, ...]
    debs: Path | None = None  # packages of Debian; with several of ours in folders 12-arm64, 13-arm64, ...
    tree: Path | None = None
    root: Path | None = None  # else the first root of the tree
    site_ca: Path | None = None
    settings: str = ""
    seats: tuple[Seat, ...] = ()
    hall: Hall = field(default_factory=Hall)
    wifi: Wifi | None = None
    cloud_init: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A stick that is ready."""

    files: int
    size: int  # bytes
    fingerprint: str  # SHA-256 of install.sh
    root_sha256: str  # of the trust root, "" without a tree
    brings: tuple[str, ...]  # sentences of what a box will use


def write(contents: Contents, out: Path, now: datetime) -> Written:
    """Write the stick `out`. What an earlier stick had there is replaced, but for who has taken which name.

    Raises:
        RequestRefused: request_stick, request_package: something is not what a box could use; nothing was written.
        SettingsError: settings_hall, settings_line, settings_value. BoxError, TrustError, TransportError: the tree.
        OSError: the stick cannot be written.
    """
    if not out.is_dir():
        raise RequestRefused("request_stick", f"{out}: expected a mounted stick, got no directory.")
    contents.hall.require_sound()
    _require_timezone(contents.hall.timezone)
    require_settings(contents.settings)
    if contents.site_ca is not None:
        _require_authority(contents.site_ca)
    packages = dict(_packages(contents))
    brings = _tried(contents)
    for name in (stick.INSTALL, stick.MANIFEST, *cloud_init.FILES):
        (out / name).unlink(missing_ok=True)  # from here on it is no stick until it is one again
    for name in _ENTRIES:
        shutil.rmtree(out / name) if (out / name).is_dir() else (out / name).unlink(missing_ok=True)
    for name, source in (packages | dict(_carried(contents))).items():
        _copied(source, out / name)
    for name, text in _texts(contents, packages, brings, now):
        _put(out / name, text)
    listed = sorted(path for name in _ENTRIES for path in _files(out / name))
    lines = "".join(f"{_sha256(path)}  {path.relative_to(out).as_posix()}\n" for path in listed)
    size = sum(path.stat().st_size for path in listed)
    _put(out / stick.MANIFEST, lines)
    _put(out / stick.INSTALL, _script(lines, size))
    fingerprint = _sha256(out / stick.INSTALL)
    if contents.cloud_init:
        for name, text in cloud_init.documents(fingerprint, contents.hall, contents.wifi):
            _put(out / name, text)
    os.sync()
    root = out / stick.ROOT
    return Written(len(listed) + 2, size, fingerprint, _sha256(root) if root.exists() else "", brings)


def require_settings(text: str) -> None:
    """Pass when every setting exists and can be used.

    Raises:
        SettingsError: settings_line, settings_value.
    """
    for name, value in settings_of(text).items():
        known = setting_of(name)
        if known is None:
            raise _unusable(name, "no such setting")
        model, item = known
        try:
            several = isinstance(model.model_fields[item].default, tuple)
            model(**{item: json.loads(value) if several else value})  # type: ignore[arg-type]
        except ValidationError as error:
            raise _unusable(name, error.errors()[0]["msg"]) from error
        except json.JSONDecodeError as error:
            raise _unusable(name, "no JSON list") from error


def _unusable(name: str, came: str) -> SettingsError:
    message = f"{name}: expected a setting that the bench can use, got: {came}."
    return SettingsError("settings_value", message, hint="`sekisho settings` prints every setting.")


def _packages(contents: Contents) -> Iterator[tuple[str, Path]]:
    """Where each package lies on the stick.

    Raises:
        RequestRefused: request_package.
    """
    targets = {}
    for package in contents.packages:
        match = _OURS.fullmatch(package.name)
        if match is None or not package.is_file():
            message = f"{package}: expected a package as sekisho_VERSION+debNN_ARCH.deb, got no such file."
            raise RequestRefused("request_package", message, hint="Take the file as it was released.")
        _require_as_named(package, match["processor"])
        targets[f"{match['debian']}-{match['processor']}"] = match["processor"]
        yield f"{stick.PACKAGES}/{match['debian']}-{match['processor']}/{package.name}", package
    if not targets:
        raise RequestRefused("request_package", "--package: expected at least one package, got none.")
    if contents.debs is not None:
        for target, processor in targets.items():
            folder = contents.debs / target if len(targets) > 1 else contents.debs
            found = sorted(folder.glob("*.deb")) if folder.is_dir() else []
            if not found:
                came = "none" if folder.is_dir() else "no such folder"
                raise RequestRefused("request_package", f"{folder}: expected packages of Debian, got {came}.")
            for deb in found:
                match = _PACKAGE.fullmatch(deb.name)
                if match is None or match["processor"] not in {processor, "all"}:
                    message = f"{deb}: expected a package of Debian for {processor}, got another."
                    raise RequestRefused("request_package", message, hint="apt-get download keeps the right names.")
                _require_as_named(deb, match["processor"])
                yield f"{stick.PACKAGES}/{target}/{deb.name}", deb


def _require_as_named(deb: Path, processor: str) -> None:
    """Pass when a package is whole, and is for the processor that its name states.

    Raises:
        RequestRefused: request_package.
    """
    told = read_deb(deb)
    if told.package != deb.name.partition("_")[0] or told.architecture != processor:
        message = f"{deb}: expected the package that its name states, got {told.package} for {told.architecture}."
        raise RequestRefused("request_package", message, hint="Take the file as it was released.")


def _require_timezone(name: str) -> None:
    """Pass when the tz database of this desk has the zone: a box would leave what it does not know.

    Raises:
        SettingsError: settings_hall.
    """
    if name and name not in zoneinfo.available_timezones():
        hint = "Names of the tz database: Asia/Tokyo, Europe/London, UTC."
        raise SettingsError("settings_hall", f"timezone: expected one that exists, got {name!r}.", hint=hint)


def _require_authority(path: Path) -> None:
    """Pass when a file holds certificates of authorities, and nothing that should not leave the site.

    Raises:
        RequestRefused: request_stick.
    """
    hint = "Ask the site's administrator for the certificate of its authority, as PEM."
    try:
        data = path.read_bytes()
        certificates = x509.load_pem_x509_certificates(data)
    except (OSError, ValueError) as error:
        came = error.strerror if isinstance(error, OSError) else "none"
        raise RequestRefused(
            "request_stick", f"{path}: expected certificates as PEM, got {came}.", hint=hint
        ) from error
    if b"PRIVATE KEY" in data:
        raise RequestRefused("request_stick", f"{path}: expected certificates alone, got a private key too.", hint=hint)
    for one in certificates:
        try:
            authority = one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            authority = one.issuer == one.subject  # X.509 version 1
        if not authority:
            message = f"{path}: expected an authority's certificate, got one of {one.subject.rfc4514_string()[:80]}."
            raise RequestRefused("request_stick", message, hint=hint)


def _tried(contents: Contents) -> tuple[str, ...]:
    """Take the tree in as a box would.

    Raises:
        BoxError, TrustError, TransportError, ShelfError: a box would refuse it.
    """
    if contents.tree is None:
        return ()
    with tempfile.TemporaryDirectory() as room:
        return seed(Path(room), _root(contents.tree, contents.root), contents.tree)


def _root(tree: Path, root: Path | None) -> Path:
    return root or tree / "metadata" / "1.root.json"


def _carried(contents: Contents) -> Iterator[tuple[str, Path]]:
    """Files that go onto the stick as they are."""
    if contents.tree is not None:
        yield stick.ROOT, _root(contents.tree, contents.root)
        for part in ("metadata", "targets"):
            for path in _files(contents.tree / part):
                yield f"{stick.TREE}/{path.relative_to(contents.tree).as_posix()}", path
    if contents.site_ca is not None:
        yield stick.SITE_CA, contents.site_ca


def _texts(
    contents: Contents, packages: Mapping[str, Path], brings: tuple[str, ...], now: datetime
) -> Iterator[tuple[str, str]]:
    yield stick.BENCH, contents.hall.to_toml()
    yield stick.BOXES, "".join(f"{seat}\n" for seat in contents.seats)
    if contents.settings:
        yield stick.SETTINGS, contents.settings.rstrip() + "\n"
    if contents.wifi is not None:
        yield stick.WIFI, contents.wifi.keyfile()
    yield stick.READ_ME, _read_me(contents, packages, brings, now)


def _read_me(contents: Contents, packages: Mapping[str, Path], brings: tuple[str, ...], now: datetime) -> str:
    """What a person who finds the stick wants to know."""
    hall = contents.hall
    tokens = sum(bool(seat.token) for seat in contents.seats)
    names = ", ".join(seat.name for seat in contents.seats) or "none: give each box its name by hand"
    lines = [
        "This stick makes bare boxes with Debian or Raspberry Pi OS inspection benches, without a network.",
        f"Written {now:%Y-%m-%d %H:%M} UTC.",
        "",
        "At each box, as root:  sh install.sh",
        "First compare the SHA-256 of install.sh (sha256sum install.sh) with the one on paper.",
        "",
        "On it:",
        *(f"  {name.removeprefix('packages/')}" for name in packages),
        *(f"  {told}" for told in brings or ("no registry",)),
        f"  locale {hall.locale or '-'}, keyboard {hall.keyboard or '-'}, time zone {hall.timezone or '-'}",
        f"  time servers {', '.join(hall.time_servers) or '-'}",
        f"  certificate authority of the site: {'yes' if contents.site_ca else 'no'}",
        f"  Wi-Fi: {contents.wifi.ssid if contents.wifi else 'no'}",
        f"  names for {len(contents.seats)} boxes: {names}",
        "",
        f"SECRETS are in the folder secret: {tokens} enrolment tokens (72 hours, once each), the key of the Wi-Fi",
        "and whatever the settings hold. Keep the stick like a key. A flash memory cannot be wiped for certain:",
        "when the last box is done, let it be destroyed or written over whole; the boxes hold no copy of the folder.",
        "",
        "The folder taken says which box has which name. A copy of this stick gives the same names again.",
    ]
    return "\n".join(lines) + "\n"


def _script(manifest: str, size: int) -> str:
    text = resources.files("provisioning").joinpath(stick.INSTALL).read_text(encoding="utf-8")
    needed = size // 1024 + _INSTALLED_KIB
    filled = text.replace("@MANIFEST@", hashlib.sha256(manifest.encode()).hexdigest())
    return filled.replace("@NEEDED_KIB@", str(needed))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (one for one in sorted(path.rglob("*")) if one.is_file())


def _copied(source: Path, place: Path) -> None:
    try:
        if source.stat().st_size > _FAT_BYTES:
            message = f"{source}: expected a file of at most {_FAT_BYTES} bytes, got {source.stat().st_size}."
            raise RequestRefused("request_stick", message, hint="A stick's file system can hold no larger one.")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
    except FileNotFoundError as error:
        raise RequestRefused("request_stick", f"{source}: expected a file to put on the stick, got none.") from error


def _put(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8", newline="\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
