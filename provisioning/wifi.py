"""A wireless network that a box joins."""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass

from edge.errors import SettingsError

_PSK_ROUNDS = 4096  # IEEE 802.11, J.4.1


@dataclass(frozen=True, slots=True)
class Wifi:
    """A network to join: its name, and the key made of its passphrase, which itself never goes onto a stick."""

    ssid: str
    psk: str  # 64 hex digits

    @classmethod
    def of(cls, ssid: str, passphrase: str) -> Wifi:
        """The network with a passphrase (WPA2 and WPA3 in its transition mode).

        Raises:
            SettingsError: settings_wifi.
        """
        if not 1 <= len(ssid.encode()) <= 32:  # noqa: PLR2004 - IEEE 802.11
            raise SettingsError("settings_wifi", f"ssid: expected 1 to 32 bytes, got {len(ssid.encode())}.")
        if not re.fullmatch("[ -~]{8,63}", passphrase):
            message = f"passphrase: expected 8 to 63 ASCII characters, got {len(passphrase)} characters."
            raise SettingsError("settings_wifi", message)
        psk = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), ssid.encode(), _PSK_ROUNDS, 32)
        return cls(ssid, psk.hex())

    def keyfile(self) -> str:
        """The connection as NetworkManager keeps one (nm-settings-keyfile(5))."""
        plain = re.fullmatch("[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?", self.ssid)
        ssid = self.ssid if plain else "".join(f"{byte};" for byte in self.ssid.encode())
        return (
            f"[connection]\nid=sekisho\nuuid={uuid.uuid5(uuid.NAMESPACE_DNS, f'sekisho.{self.ssid}')}\ntype=wifi\n\n"
            f"[wifi]\nmode=infrastructure\nssid={ssid}\n\n[wifi-security]\nkey-mgmt=wpa-psk\npsk={self.psk}\n\n"
            "[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n"
        )
