"""What is on a stick that makes bare boxes benches, and how it hangs together.

    READ-ME.txt          says what is on it
    install.sh           is run on the box; holds the hash of the manifest
    manifest.sha256      holds the hash of every other file, as sha256sum(1) writes it
    bench.toml           locale, keyboard, time zone, time servers, country of the radio
    packages/12-arm64/   the package and what it needs of Debian, by release and processor
    root.json  tree/     the trust root, and the published tree with registry, policy and model pack
    site-ca.pem          the certificate authority of the site
    secret/              settings.env, wifi.nmconnection, boxes (a name a line, with its enrolment token)
    taken/               written by the boxes: who has which name

So the SHA-256 of install.sh, which the technician carries on paper, stands for the whole stick but taken/, of which
nothing is believed but which name is free (docs/decisions/132).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from edge.errors import SettingsError
from edge.messages import LANGUAGES
from sync.identity import TOKEN_MARK, EnrolmentToken
from sync.protocol import DEVICE

INSTALL, MANIFEST, READ_ME, TAKEN = "install.sh", "manifest.sha256", "READ-ME.txt", "taken"
BENCH, SITE_CA, ROOT, TREE = "bench.toml", "site-ca.pem", "root.json", "tree"
SECRET, SETTINGS, WIFI, BOXES = "secret", "secret/settings.env", "secret/wifi.nmconnection", "secret/boxes"
PACKAGES = "packages"

# Whole paths: letters that a shell, a FAT file system and sha256sum(1) all take as they are.
PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~%-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+~%-]*)*")
_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}\.UTF-8|C\.UTF-8")
_KEYBOARD = re.compile(r"[a-z]{2,10}")
_TIMEZONE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){0,2}")
_SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,252}")
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True)
class Hall:
    """What is the same for every box of a hall. "" leaves the box as it is."""

    locale: str = ""  # "ja_JP.UTF-8"
    keyboard: str = ""  # XKB layout: "jp", "us"
    timezone: str = ""  # "Asia/Tokyo"
    time_servers: tuple[str, ...] = ()
    wifi_country: str = ""  # ISO 3166: which channels a radio may use

    @property
    def language(self) -> str:
        """The language of the bench's sentences."""
        language = self.locale.partition("_")[0]
        return language if language in LANGUAGES else "en"

    def require_sound(self) -> None:
        """Pass when every value has its form.

        Raises:
            SettingsError: settings_hall.
        """
        wanted = (
            ("locale", self.locale, _LOCALE, "a locale such as ja_JP.UTF-8"),
            ("keyboard", self.keyboard, _KEYBOARD, "a keyboard layout such as jp"),
            ("timezone", self.timezone, _TIMEZONE, "a time zone such as Asia/Tokyo"),
            ("wifi country", self.wifi_country, _COUNTRY, "a country of two capitals such as JP"),
            *(("time server", server, _SERVER, "a name or an address") for server in self.time_servers),
        )
        for name, value, form, expected in wanted:
            if value and not form.fullmatch(value):
                raise SettingsError("settings_hall", f"{name}: expected {expected}, got {value!r}.")

    def to_toml(self) -> str:
        """The file. Its values have their forms, so that none needs quoting."""
        servers = ", ".join(f'"{server}"' for server in self.time_servers)
        return (
            f'locale = "{self.locale}"\nkeyboard = "{self.keyboard}"\ntimezone = "{self.timezone}"\n'
            f'time_servers = [{servers}]\nwifi_country = "{self.wifi_country}"\n'
        )

    @classmethod
    def parse(cls, text: str) -> Hall:
        """Read the file.

        Raises:
            SettingsError: settings_hall.
        """
        try:
            told = tomllib.loads(text)
            names = ("locale", "keyboard", "timezone", "wifi_country")
            servers = tuple(str(server) for server in told.get("time_servers", ()))
            hall = cls(**{name: str(told.get(name, "")) for name in names}, time_servers=servers)
        except (tomllib.TOMLDecodeError, TypeError) as error:
            raise SettingsError("settings_hall", f"{BENCH}: expected TOML, got: {error}.") from error
        hall.require_sound()
        return hall


@dataclass(frozen=True, slots=True)
class Seat:
    """A box to be: its name, and the token by which it enrols, "" for none."""

    name: str
    token: str = ""

    def __str__(self) -> str:
        """The line in secret/boxes."""
        return f"{self.name} {self.token}".rstrip()


def seats(text: str) -> tuple[Seat, ...]:
    """The boxes of a file: on each line a name, an enrolment token (which names its box), or both. # is a comment.

    Raises:
        SettingsError: settings_boxes: a line is neither, or names a box twice. AccessRefused: access_enrolment_token.
    """
    found: dict[str, Seat] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        token = words[-1] if words[-1].startswith(TOKEN_MARK) else ""
        named = EnrolmentToken.parse(token).device if token else words[0]
        name = words[0] if words[0] != token else named
        if len(words) > (2 if token and name == words[0] else 1) or not DEVICE.fullmatch(name) or named != name:
            expected = "expected a name of letters, digits, dots and dashes, a token, or a name and its own token"
            raise SettingsError("settings_boxes", f"line {number}: {expected}, got {len(words)} words: {name[:80]!r}.")
        if name.lower() in found:  # a file in taken/ each: FAT knows no capitals
            raise SettingsError("settings_boxes", f"line {number}: expected each box once, got {name!r} again.")
        found[name.lower()] = Seat(name, token)
    return tuple(found.values())


def seat_of(boxes: Path, name: str) -> Seat:
    """The line of one box; a seat without a token when there is none.

    Raises:
        SettingsError: settings_boxes. AccessRefused: access_enrolment_token.
    """
    known = seats(boxes.read_text(encoding="utf-8")) if boxes.exists() else ()
    return next((seat for seat in known if seat.name == name), Seat(name))
