"""`./run demo --with-central`: a central with the embedded database beside the demo's bench, and what it then holds."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from edge.devices.clock import system_clock
from edge.errors import SettingsError
from provisioning.demo import platform
from sync.identity import KEY_FILE, kept_private_key
from sync.link import Link, enrol
from sync.protocol import key_id
from sync.push import Signer, push
from sync.push_evidence import push_evidence

if TYPE_CHECKING:
    from edge.settings import Settings
    from sync.central.central import Central

_PATIENCE_S = 30.0
_BUDGET_BYTES = 10**9


@contextmanager
def beside(out: Path, settings: Settings, console: Console, *, stays: bool = True) -> Iterator[None]:
    """Serve a central in `out`/central until the block is left, and send it all that the bench has recorded.

    Where it does not stay after the demo, no address is told. With the demo's edition a platform's loop is gone through
    too (provisioning/demo/platform.py).

    Raises:
        SettingsError: settings_central: its libraries are absent; the central does not start.
        SekishoError: the results could not be sent.
    """
    from sync.command_central import opened_central, require_libraries  # noqa: PLC0415 - the demo runs without

    require_libraries()
    central = opened_central(out / "central", "")
    with _served(central) as url:
        token = _send(central, url, settings, console)
        if settings.registry is not None:
            platform.loop(out, settings, central, url, console)
        _show(central, console)
        if stays:
            console.print(f"central: {url}  read it with:", soft_wrap=True)
            console.print(f"  curl '{url}/v1/feed?after=0&limit=2' -H 'Authorization: Bearer {token}'", soft_wrap=True)
        yield
    central.engine.dispose()


def _send(central: Central, url: str, settings: Settings, console: Console) -> str:
    """Enrol the bench and push; a token to read the feed with."""
    from sync.central.clients import new_client  # noqa: PLC0415 - absent on a bench
    from sync.central.database import writing  # noqa: PLC0415 - likewise
    from sync.central.intake.devices import new_token  # noqa: PLC0415 - likewise

    with writing(central.engine) as connection:
        token = new_token(connection, url, central.id, settings.device, port=settings.place, now=datetime.now(UTC))
        reader = new_client(connection, "demo", nominal=True)
    private = kept_private_key(settings.state_dir / KEY_FILE)
    enrolment = enrol(token, private)
    enrolment.keep(settings.state_dir)
    with closing(Link(enrolment, private)) as link:
        signer = Signer(settings.device, private.sign, key_id(private.public_key()))
        sent = push(settings.state_dir, link, signer, system_clock(lambda: None))
        brought = push_evidence(settings.state_dir, link, _BUDGET_BYTES)
        size = link.bytes_up
    console.print(
        f"{settings.device} sent {sent.rows} rows in {sent.batches} batches and {brought.pictures} pictures, "
        f"{size:,} bytes; every row is receipted",
        soft_wrap=True,
    )
    return reader


def _show(central: Central, console: Console) -> None:
    from sync.central.intake.holdings import holdings  # noqa: PLC0415 - absent on a bench

    held = holdings(central.engine)
    shown = Table(title="The central holds", title_justify="left", header_style="bold")
    for name in ("device", "port", "rows", "behind"):
        shown.add_column(name)
    for device in held["devices"]:
        for chain in device["chains"]:
            shown.add_row(device["device"], device["port"], str(chain["rows"]), str(chain["behind"]))
    console.print(shown)
    said = ", ".join(f"{times} {outcome.replace('_', ' ')}" for outcome, times in held["assessments"].items())
    console.print(f"assessments of all boxes: {said}", soft_wrap=True)


@contextmanager
def _served(central: Central) -> Iterator[str]:
    import uvicorn  # noqa: PLC0415 - the demo runs without

    from sync.central.app import build  # noqa: PLC0415 - absent on a bench

    server = uvicorn.Server(uvicorn.Config(build(central), log_level="warning", timeout_graceful_shutdown=1))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as held:
        held.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, name="central", daemon=True)
        thread.start()
        until = time.monotonic() + _PATIENCE_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > until:
                raise SettingsError("settings_central", "The central must start within 30 s, got none.")
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{held.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_PATIENCE_S)
