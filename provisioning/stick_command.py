"""`sekisho provision usb` at the desk, `sekisho provision first-boot` on the box."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.errors import SettingsError
from edge.terminal import clear_errors, settings_from_environment
from provisioning import first_boot as boots
from provisioning import usb as sticks
from provisioning.hall import Host
from provisioning.stick import Hall, seats
from provisioning.wifi import Wifi
from sync.state import now_utc


@clear_errors
def usb(
    out: Annotated[Path, typer.Option(help="The mounted stick.")],
    package: Annotated[list[Path], typer.Option(help="A package of this program; repeated for each kind of box.")],
    *,
    debs: Annotated[Path | None, typer.Option(help="Folder of Debian packages that the boxes lack.")] = None,
    tree: Annotated[Path | None, typer.Option(help="The published tree: registry, policy, model pack.")] = None,
    root: Annotated[Path | None, typer.Option(help="The trust root; else the first root of the tree.")] = None,
    site_ca: Annotated[Path | None, typer.Option(help="Certificate authority of the site, PEM.")] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="Names of the boxes, enrolment tokens or both, a box a line.")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="Settings of the benches, SEKISHO_NAME=VALUE a line.")] = None,
    locale: Annotated[str, typer.Option(help="ja_JP.UTF-8, en_GB.UTF-8, ...")] = "",
    keyboard: Annotated[str, typer.Option(help="Keyboard layout: jp, us, ...")] = "",
    timezone: Annotated[str, typer.Option(help="Asia/Tokyo, ...")] = "",
    time_server: Annotated[list[str] | None, typer.Option(help="A time server; may be repeated.")] = None,
    wifi: Annotated[str, typer.Option(help="Name of the Wi-Fi to join; its passphrase is asked for.")] = "",
    wifi_country: Annotated[str, typer.Option(help="Country of the radio: JP, ...")] = "",
    wifi_passphrase_file: Annotated[Path | None, typer.Option(help="File with the passphrase of the Wi-Fi.")] = None,
    cloud_init: Annotated[
        bool, typer.Option("--cloud-init", help="Also user-data and meta-data of cloud-init.")
    ] = False,
) -> None:
    """Write the stick that makes bare boxes benches, without a network (docs/technician.md)."""
    contents = sticks.Contents(
        tuple(package),
        debs=debs,
        tree=tree,
        root=root,
        site_ca=site_ca,
        settings=_text(settings),
        seats=seats(_text(boxes)),
        hall=Hall(locale, keyboard, timezone, tuple(time_server or ()), wifi_country),
        wifi=Wifi.of(wifi, _passphrase(wifi, wifi_passphrase_file)) if wifi else None,
        cloud_init=cloud_init,
    )
    written = sticks.write(contents, out, now_utc())
    _say(f"{out}: {written.files} files, {written.size / 1e6:.1f} MB, names for {len(contents.seats)} boxes")
    for told in written.brings:
        _say(told)
    if written.root_sha256:
        _say(f"trust root, to be compared with the publisher's SHA-256:\n{written.root_sha256}")
    _say(f"install.sh, to be compared at each box, SHA-256 (write it on paper):\n{written.fingerprint}")


@clear_errors
def first_boot(
    folder: Annotated[Path, typer.Argument(help="Where install.sh keeps what the stick brought.")] = boots.KEPT,
    seed: Annotated[bool, typer.Option("--seed", help="FOLDER is the copy; only what the bench's user does.")] = False,  # noqa: FBT002 - typer
    wait: Annotated[bool, typer.Option("--wait", help="End when the bench is ready.")] = False,  # noqa: FBT002 - typer
) -> None:
    """Make this box what the stick says: settings, registry, policy, model pack, enrolment. Run by install.sh."""
    if seed:
        boots.seed_state(settings_from_environment().state_dir, folder, _say)
        return
    boots.first_boot(folder, Host(), _say)
    if wait and Path("/run/systemd/system").is_dir():
        boots.wait_until_ready(_say)


def _passphrase(ssid: str, file: Path | None) -> str:
    if file is not None:
        return _text(file).rstrip("\r\n")
    return str(typer.prompt(f"Passphrase of {ssid}", hide_input=True, err=True))


def _text(path: Path | None) -> str:
    """A file's text, "" for none.

    Raises:
        SettingsError: settings_file: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: expected a text file, got: {error}."
        raise SettingsError("settings_file", message, hint="Name an existing file.") from error


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
