"""The command group `sekisho provision`: what a technician does to a box. The commands live with what they do."""

from __future__ import annotations

import typer

from provisioning import identity_command
from provisioning.firewall_command import firewall
from provisioning.retire_command import retire_command
from provisioning.stick_command import first_boot, usb
from provisioning.usb_guard_command import usb_guard

provision_app = typer.Typer(no_args_is_help=True, help="Prepare, protect and retire a box.")
provision_app.command("firewall")(firewall)
provision_app.command("usb-guard")(usb_guard)
provision_app.command("usb")(usb)
provision_app.command("first-boot")(first_boot)
for _command in (identity_command.seal, identity_command.unseal, identity_command.identity, identity_command.renew):
    provision_app.command()(_command)
provision_app.command("site-ca")(identity_command.site_ca)
provision_app.command("retire")(retire_command)
