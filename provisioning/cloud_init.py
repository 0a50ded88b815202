"""The stick, or the boot partition it is copied to, as a seed of cloud-init: then nothing is typed at all.

The NoCloud data source reads user-data, meta-data and network-config at the root of a volume labelled CIDATA; Raspberry
Pi OS reads the same files on its boot partition. They only start install.sh, after comparing it with its fingerprint:
what a box becomes is told in one place. YAML 1.1; a JSON string is one of its scalars.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioning.stick import Hall
    from provisioning.wifi import Wifi

FILES = ("user-data", "meta-data", "network-config")

_RUN = """\
set -eu
for place in /boot/firmware /boot /run/sekisho-stick; do
    if [ "$place" = /run/sekisho-stick ] && [ ! -e "$place/install.sh" ]; then
        mkdir -p "$place"
        mount LABEL=CIDATA "$place" || mount LABEL=cidata "$place"
    fi
    if [ -e "$place/install.sh" ]; then
        echo "{fingerprint}  $place/install.sh" | sha256sum -c -
        exec sh "$place/install.sh"
    fi
done
echo "expected install.sh on the boot partition or a volume CIDATA, got none" >&2
exit 1
"""


def documents(fingerprint: str, hall: Hall, wifi: Wifi | None) -> Iterator[tuple[str, str]]:
    """The files by name. `fingerprint` is the SHA-256 of install.sh, 64 hex digits."""
    script = _RUN.replace("{fingerprint}", fingerprint)
    indented = "".join(f"      {line}\n" for line in script.splitlines())
    yield "user-data", f"#cloud-config\npackage_update: false\nruncmd:\n  - - sh\n    - -c\n    - |\n{indented}"
    yield "meta-data", f"instance-id: sekisho-{fingerprint[:16]}\n"
    if wifi is not None:
        yield "network-config", _network(hall, wifi)


def _network(hall: Hall, wifi: Wifi) -> str:
    """Networking config version 2 (netplan); `optional`: no boot waits for it."""
    country = f"      regulatory-domain: {json.dumps(hall.wifi_country)}\n" if hall.wifi_country else ""
    ssid = json.dumps(wifi.ssid, ensure_ascii=False)
    return (
        "version: 2\nethernets:\n  eth0:\n    dhcp4: true\n    optional: true\n"
        "wifis:\n  wlan0:\n    dhcp4: true\n    optional: true\n"
        + country.replace("      ", "    ", 1)
        + f'    access-points:\n      {ssid}:\n        password: "{wifi.psk}"\n'
    )
