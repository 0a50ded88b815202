"""`sekisho provision usb-guard`: prints which USB devices this box takes, for usbguard and for udev."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from edge.terminal import clear_errors
from provisioning.usb_guard import UsbId, policy, udev_rules


@clear_errors
def usb_guard(
    scanner: Annotated[list[str] | None, typer.Option(help="VENDOR:PRODUCT of a scanner of this box; lsusb.")] = None,
    udev: Annotated[bool, typer.Option("--udev", help="Print the rules for udev instead.")] = False,  # noqa: FBT002 - typer
    cameras: Annotated[bool, typer.Option(help="USB cameras are taken.")] = True,  # noqa: FBT002 - typer
) -> None:
    """Print the policy for usbguard: named scanners, cameras and sticks are taken, everything else gets no driver."""
    scanners = tuple(map(UsbId.parse, scanner or ()))
    sys.stdout.write(udev_rules() if udev else policy(scanners, cameras=cameras))
