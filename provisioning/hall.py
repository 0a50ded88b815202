"""What a box is told about its hall, written where Debian and Raspberry Pi OS look for it.

Files: sekisho.env, the site's CA; keyboard(5), locale, localtime(5), timesyncd.conf(5), a keyfile of NetworkManager
(nm-settings-keyfile(5)), the radio's country. Every step may be done again. What this box has not (a locale that was
never generated, time zones, a radio) is left and told: nothing of it keeps a bench from inspecting.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.errors import SettingsError
from edge.storage.database import write_durably
from provisioning import stick
from provisioning.stick import Hall

ENVIRONMENT = "etc/sekisho/sekisho.env"
TOKEN = "etc/sekisho/token"  # noqa: S105 - a file's name
ENROLMENT_TOKEN = "etc/sekisho/enrolment.token"  # noqa: S105 - likewise; sekisho-enrol.service uses it up
CA = "etc/sekisho/site-ca.pem"
KEYFILE = "etc/NetworkManager/system-connections/sekisho.nmconnection"
_LINE = re.compile(r"(SEKISHO_[A-Z0-9_]+)=(.*)")


@dataclass(frozen=True, slots=True)
class Host:
    """The machine that is settled: where its files begin, and whether programs of it may be run."""

    root: Path = Path("/")
    programs: bool = True

    def run(self, *command: str) -> bool:
        """Run a program where this host has it; whether it did and succeeded."""
        if not self.programs or shutil.which(command[0]) is None:
            return False
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - fixed
        return done.returncode == 0

    def write(self, name: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file below the root, durably.

        Raises:
            OSError: it cannot be written.
        """
        place = self.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_durably(place, text.encode(), mode=mode)


def settle(copy: Path, hall: Hall, name: str, host: Host) -> Iterator[str]:
    """Tell `host` what `copy`, a checked copy of a stick, says; a sentence for each thing.

    Raises:
        SettingsError: settings_line: the settings hold a line that is none. OSError: the disk.
    """
    changes = {"SEKISHO_DEVICE": name, "SEKISHO_LANGUAGE": hall.language}
    if (copy / stick.SETTINGS).exists():
        changes = {
            **changes,
            **settings_of((copy / stick.SETTINGS).read_text(encoding="utf-8")),
            "SEKISHO_DEVICE": name,
        }
    if token := changes.pop("SEKISHO_TOKEN", ""):  # by a file of root's, which systemd hands to the bench alone
        host.write(TOKEN, f"{token}\n", mode=0o600)
        yield f"token of the API: /{TOKEN}"
    host.write(ENVIRONMENT, _changed(_read(host.root / ENVIRONMENT), changes))
    yield f"settings: {name}, {len(changes)} settings in /{ENVIRONMENT}"
    if (copy / stick.SITE_CA).exists():
        host.write(CA, (copy / stick.SITE_CA).read_text(encoding="utf-8"))
        yield f"certificate authority of the site: /{CA}"
    if hall.keyboard:
        host.write("etc/default/keyboard", f'XKBMODEL="pc105"\nXKBLAYOUT="{hall.keyboard}"\nBACKSPACE="guess"\n')
        host.run("setupcon", "--force")
        yield f"keyboard: {hall.keyboard}"
    if hall.locale:
        yield _locale(hall.locale, host)
    if hall.timezone:
        yield _timezone(hall.timezone, host)
    if hall.time_servers:
        host.write("etc/systemd/timesyncd.conf.d/sekisho.conf", f"[Time]\nNTP={' '.join(hall.time_servers)}\n")
        if (host.root / "etc/chrony").is_dir():
            lines = "".join(f"server {server} iburst\n" for server in hall.time_servers)
            host.write("etc/chrony/sources.d/sekisho.sources", lines)
        host.run("systemctl", "--no-block", "try-restart", "systemd-timesyncd.service", "chrony.service")
        yield f"time servers: {', '.join(hall.time_servers)}"
    if (copy / stick.WIFI).exists():
        yield _wifi(copy, hall, host)


def settings_of(text: str) -> dict[str, str]:
    """The settings of a file, SEKISHO_NAME=VALUE on each line; # begins a comment line.

    Raises:
        SettingsError: settings_line.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:  # the line is not shown: it may be a token that lost its name
            message = f"line {number}: expected SEKISHO_NAME=VALUE, got {len(line)} other characters."
            raise SettingsError("settings_line", message, hint="`sekisho settings` prints every setting.")
        found[match[1]] = match[2]
    return found


def _changed(text: str, changes: Mapping[str, str]) -> str:
    """A settings file with `changes`; comments and what a technician wrote beside them stay."""
    kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in changes]
    return "".join(f"{line}\n" for line in [*kept, *(f"{name}={value}" for name, value in changes.items())])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _locale(locale: str, host: Host) -> str:
    generated = host.root / "etc/locale.gen"
    if generated.exists() and locale != "C.UTF-8":
        line = f"{locale} UTF-8"
        if line not in _read(generated).splitlines():
            host.write("etc/locale.gen", f"{_read(generated).rstrip()}\n{line}\n")
        if not host.run("locale-gen"):
            return (
                f"locale: {locale} could not be generated and is left; the bench's own sentences are not touched by it"
            )
    elif locale != "C.UTF-8":
        return f"locale: {locale} is not on this box and is left; the bench's own sentences are not touched by it"
    host.write("etc/default/locale", f"LANG={locale}\n")
    return f"locale: {locale}"


def _timezone(timezone: str, host: Host) -> str:
    if not (host.root / "usr/share/zoneinfo" / timezone).is_file():
        return f"time zone: {timezone} is not on this box and is left; records are in UTC as ever"
    host.write("etc/timezone", f"{timezone}\n")
    fresh = host.root / "etc/localtime.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(f"/usr/share/zoneinfo/{timezone}")
    fresh.rename(host.root / "etc/localtime")
    return f"time zone: {timezone}"


def _wifi(copy: Path, hall: Hall, host: Host) -> str:
    host.write(KEYFILE, (copy / stick.WIFI).read_text(encoding="utf-8"), mode=0o600)
    if hall.wifi_country:
        host.write("etc/modprobe.d/sekisho-radio.conf", f"options cfg80211 ieee80211_regdom={hall.wifi_country}\n")
        host.run("iw", "reg", "set", hall.wifi_country)
    host.run("rfkill", "unblock", "wifi")
    if host.run("nmcli", "connection", "reload"):
        return f"Wi-Fi: /{KEYFILE}"
    return f"Wi-Fi: /{KEYFILE}, for when NetworkManager runs"
