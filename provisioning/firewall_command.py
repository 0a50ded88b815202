"""`sekisho provision firewall`: prints the packet filter of this box."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from edge.terminal import clear_errors, settings_from_environment
from edge.web.access import is_loopback
from provisioning.firewall import Opening, network, ruleset


@clear_errors
def firewall(
    opened: Annotated[
        list[str] | None,
        typer.Option("--open", help="tcp/PORT or udp/PORT that another socket of this box listens on."),
    ] = None,
    senders: Annotated[
        list[str] | None, typer.Option("--from", help="Network that may use the openings; without, any.")
    ] = None,
) -> None:
    """Print the packet filter of this box for nft: the bench's port where it is on the LAN, and what --open names."""
    settings = settings_from_environment()
    openings = [] if is_loopback(settings.host) else [Opening("tcp", settings.port)]
    openings += [one for one in map(Opening.parse, opened or ()) if one not in openings]
    sys.stdout.write(ruleset(tuple(openings), tuple(map(network, senders or ()))))
