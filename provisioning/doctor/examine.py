"""Every look at the box, each by itself: one that fails or hangs is told and takes no other down.

Reading is apart from judging: the modules beside this one read values under a root (`/`, or a tree that a test drew)
and judge them purely. Here they are joined to what this box is set to.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.devices.clock import system_clock
from edge.errors import BoxError, RegistryError, SekishoError
from edge.examination import Sign, State
from edge.ports import Now
from edge.settings import Settings
from edge.storage.shelves import Shelves
from provisioning.doctor import clock, heat, keys, knowledge, memory, network, storage

LIMIT_S = 20.0
APART_S = 60.0  # for what runs foreign code on pixels, in a process of its own
LEAST_FREE = 0.05  # of the disk

Look = Callable[[], Iterable[Sign]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Box:
    """What the doctor looks at: the kernel's files under `root`, and the box as it is set."""

    settings: Settings
    needs_network: bool = False
    root: Path = Path("/")


def looks(box: Box) -> dict[str, Look]:
    """Every look by the part that it tells of when it fails, in the order in which they are told."""
    state_dir, root = box.settings.state_dir, box.root
    now = system_clock(lambda: _issued(box.settings))
    return {
        "camera": lambda: apart("camera", box.settings),
        "clock": lambda: clock.judged(now(), clock.read(root), datetime.now(UTC)),
        "storage wear": lambda: (storage.worn(storage.read(root, state_dir)),),
        "storage honesty": lambda: (storage.honest(storage.read(root, state_dir), storage.synced_ms(state_dir)),),
        "room": lambda: (_room(state_dir),),
        "temperature": lambda: heat.judged(heat.read(root)),
        "memory": lambda: (memory.judged(memory.read(root)),),
        "network": lambda: (network.judged(network.read(root), needed=box.needs_network),),
        "certificates": lambda: (keys.read(state_dir, datetime.now(UTC)),),
        "registry": lambda: (_registry(box.settings, now),),
        "model": lambda: apart("model", box.settings),
    }


def examined(
    every: Mapping[str, Look], limit_s: float = LIMIT_S, limits_s: Mapping[str, float] | None = None
) -> tuple[Sign, ...]:
    """All signs. A look that raises, or does not answer within its time, becomes a sign that says so."""
    signs: list[Sign] = []
    for part, look in every.items():
        signs += _looked(part, look, (limits_s or {}).get(part, limit_s))
    return tuple(signs)


def _looked(part: str, look: Look, limit_s: float) -> tuple[Sign, ...]:
    found: list[Sign] = []

    def work() -> None:
        try:
            found.extend(look())
        except SekishoError as error:
            found.append(_failed(part, error.message, error.hint))
        except Exception as error:  # whatever one look meets, the others are told
            log.exception("The look at %s failed.", part)
            found.append(
                _failed(part, f"{type(error).__name__}: {error}", "Run it again; if it stays, report this line.")
            )

    thread = threading.Thread(target=work, name=f"doctor {part}", daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        return (
            _failed(
                part, f"no answer within {limit_s:g} s", "Something hangs: a medium, a bus or a device. Restart it."
            ),
        )
    return tuple(found)


def _failed(part: str, value: str, todo: str) -> Sign:
    return Sign(part, State.UNKNOWN, f"could not be looked at: {value}", "an answer", todo)


def apart(part: str, settings: Settings, limit_s: float = APART_S) -> tuple[Sign, ...]:
    """The signs of a look in a process of its own (provisioning/doctor/apart.py).

    Raises:
        BoxError: box_look: it crashed or was ended at its limit.
    """
    command = [sys.executable, "-P", "-m", "provisioning.doctor.apart", part]
    environment = os.environ | {"SEKISHO_STATE_DIR": str(settings.state_dir), "SEKISHO_CAMERA": settings.camera}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=environment, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"The look at the {part} must end within {limit_s:g} s, got none."
        raise BoxError("box_look", message, hint="A device or driver hangs: pull it out and put it back.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        message = f"The look at the {part} must end in order, got exit status {done.returncode}: {last}"
        raise BoxError("box_look", message, hint="Run it again; if it stays, report this line.")
    return tuple(Sign(row["part"], State(row["state"]), row["value"], row["expected"], row["todo"])
                 for row in json.loads(done.stdout))  # fmt: skip


def _room(state_dir: Path) -> Sign:
    usage = shutil.disk_usage(state_dir)
    value = f"{usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB free"
    expected = f"{LEAST_FREE:.0%} or more"
    if usage.free >= usage.total * LEAST_FREE:
        return Sign("room", State.GOOD, value, expected)
    todo = "Bring results out: `sekisho results push` or `sekisho results export`; see `sekisho retention preview`."
    return Sign("room", State.BROKEN, value, expected, todo)


def _registry(settings: Settings, now: Now) -> Sign:
    shelves = Shelves.of(settings)
    try:
        policy = shelves.policies.current()
        try:
            edition, problem = shelves.editions.current().edition, ""
            if shelves.editions.problem is not None:
                problem = shelves.editions.problem.message
        except RegistryError as error:
            edition, problem = None, error.message
        return knowledge.registry(edition, problem, now(), policy)
    finally:
        shelves.close()


def _issued(settings: Settings) -> datetime | None:
    shelves = Shelves.of(settings)
    try:
        return shelves.editions.current().edition.issued
    except SekishoError:
        return None
    finally:
        shelves.close()
