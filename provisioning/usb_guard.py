"""What may be plugged into a box: scanners that are named, cameras, sticks; nothing else, and nothing that is two.

Two texts. A policy for usbguard (usbguard-rules.conf(5)): the kernel gives a device no driver until a rule allows it,
so that a "stick" that is also a keyboard (BadUSB) never types. And udev rules: what types is no keyboard of a console,
and a stick with the label SEKISHO gets one name, `/dev/sekisho-stick`, and is never mounted by itself;
`media-stick.mount` mounts it read-only, `media-out.mount` for writing; nosuid, nodev, noexec both. A box may run from a
USB disk: that has another label.

A named scanner is known by what it says of itself, vendor and product, which a hostile device can say too: this stops
the stick from the car park and the phone that is charged, not somebody who knows which scanner a port uses. What such a
device can do is to send codes, which the bench judges like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.errors import RequestRefused

_ID = re.compile(r"[0-9a-f]{4}:[0-9a-f]{4}")

# USB-IF class codes: 01 audio, 02 and 0a communication (serial), 03 HID, 08 mass storage, 09 hub, 0e video, ff vendor's
# own (serial adapters). "match-all": every interface of the device is one of these; so what is two things is neither.
_POLICY = """\
# Written by `sekisho provision usb-guard`. The first rule that fits; what is rejected gets no driver.
allow with-interface match-all {{ 09:*:* }}
{scanners}\
allow with-interface match-all {{ 08:*:* }}
{cameras}\
reject
"""
_SCANNER = "allow id {id} with-interface match-all {{ 03:*:* 02:*:* 0a:*:* ff:*:* }}\n"
_CAMERA = "allow with-interface match-all { 0e:*:* 01:*:* }\n"

_RULES = """\
# Written by `sekisho provision usb-guard`.
# A stick is mounted by media-stick.mount (read-only) or media-out.mount; no program of a desktop may mount it.
ACTION!="remove", SUBSYSTEM=="block", ENV{ID_BUS}=="usb", ENV{UDISKS_IGNORE}="1", ENV{UDISKS_AUTO}="0"
# The label tells a stick from the disk that a box may have been started from, and from any other storage.
ACTION!="remove", SUBSYSTEM=="block", ENV{ID_BUS}=="usb", ENV{ID_FS_USAGE}=="filesystem", \
ENV{ID_FS_LABEL}=="SEKISHO", SYMLINK+="sekisho-stick", TAG+="systemd"
# What types belongs to no seat: no login of a console or desktop takes its keys. The bench reads it as a scanner.
ACTION!="remove", SUBSYSTEM=="input", ENV{ID_BUS}=="usb", ENV{ID_INPUT_KEYBOARD}=="1", \
TAG-="seat", TAG-="uaccess", TAG-="power-switch", ENV{ID_SEAT}="sekisho-scanners", ENV{LIBINPUT_IGNORE_DEVICE}="1", \
GROUP="input", MODE="0660"
"""


@dataclass(frozen=True, slots=True)
class UsbId:
    """Vendor and product of a device, as `lsusb` shows them."""

    text: str

    @classmethod
    def parse(cls, text: str) -> UsbId:
        """An id such as "05e0:1200".

        Raises:
            RequestRefused: request_usb_id.
        """
        if not _ID.fullmatch(text.lower()):
            raise RequestRefused(
                "request_usb_id",
                f"A USB id must be VENDOR:PRODUCT with four hexadecimal digits each, got {text[:80]!r}.",
                hint="`lsusb` shows it after ID, for instance 05e0:1200.",
            )
        return cls(text.lower())


def policy(scanners: tuple[UsbId, ...], *, cameras: bool = True) -> str:
    """The policy for usbguard. `scanners` may be keyboards or serial lines; never storage as well."""
    allowed = "".join(_SCANNER.format(id=one.text) for one in scanners)
    return _POLICY.format(scanners=allowed, cameras=_CAMERA if cameras else "")


def udev_rules() -> str:
    """The rules for udev."""
    return _RULES
