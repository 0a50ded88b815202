"""What the status page and the probes say of the box: each part with its state and what to do. It mends nothing."""

from __future__ import annotations

import ctypes.util
import json
import os
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from edge import examination
from edge.bench import Bench
from edge.checks.registry import age_days
from edge.errors import BoxError, RegistryError, SekishoError
from edge.examination import State
from edge.manifests.inbox import set_aside
from edge.moment import ClockTrust
from edge.releases import read_journal, told, version

_LOOKED_DAYS = 8  # without a look, from which on the timer is doubted
_DISK_LOW = 0.05  # share of the disk that is left
_NONE = "–"
_SYNC_STATE = ("sync", "state.json")
_INSTEAD = "What was usable before is in use; install another."


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the box. State: "ok", "note" (works, with a limit), "fault" (does not do its part)."""

    name: str
    state: str
    detail: str
    hint: str = ""
    brief: str = ""  # for the status bar, which shows the parts that have one


@dataclass(frozen=True, slots=True)
class Status:
    """The whole box. `ready` is whether an inspection can be answered durably."""

    device: str
    place: str
    stations: tuple[str, ...]
    ready: bool
    parts: tuple[Part, ...]


def status(bench: Bench) -> Status:
    """Look at every part of the box now."""
    parts = (
        _network(bench),
        _registry(bench),
        _policy(bench),
        _pack(bench),
        _ledger(bench),
        _disk(bench),
        _clock(bench),
        _people(bench),
        _workers(bench),
        _vault(bench),
        _upkeep(bench),
        *_manifests(bench),
        _second_engine(),
        *_doctor(bench),
        _program(),
    )
    ready = all(part.state != "fault" for part in parts if part.name in ("ledger", "workers"))
    return Status(bench.settings.device, bench.settings.place, bench.settings.stations, ready, parts)


def _registry(bench: Bench) -> Part:
    try:
        edition = bench.registry().edition
    except RegistryError as error:
        return Part("registry", "fault", error.message, error.hint, _NONE)
    age = age_days(edition, bench.now())
    limits = bench.policy.freshness
    detail = f"{edition.name} number {edition.number}, {'?' if age is None else age} days old"
    brief = "?" if age is None else f"{age} d"
    if (problem := bench.shelves.editions.problem) is not None:
        return Part("registry", "note", f"{detail}; {problem.message}", problem.hint or _INSTEAD, brief)
    if age is None or age > limits.registry_note_days:
        return Part("registry", "note", detail, "Bring the box up to date by network or USB.", brief)
    return Part("registry", "ok", detail, brief=brief)


def _policy(bench: Bench) -> Part:
    return replace(_of_shelf("policy", bench.policy.title, bench.shelves.policies.problem), brief="")


def _pack(bench: Bench) -> Part:
    path = bench.settings.pack_dir
    name = str(path) if path is not None else bench.shelves.packs.current().name
    return _of_shelf("pack", name, None if path is not None else bench.shelves.packs.problem)


def _of_shelf(name: str, title: str, problem: SekishoError | None) -> Part:
    if problem is None:
        return Part(name, "ok", title, brief=title)
    return Part(name, "note", f"{title}; {problem.message}", problem.hint or _INSTEAD, title)


def _ledger(bench: Bench) -> Part:
    state = bench.ledger_state()
    detail = f"{state.rows} rows, {state.unsent} not sent"
    brief = str(state.unsent)
    if state.set_aside:
        told = f"{detail}; a damaged one was set aside as {state.set_aside}"
        return Part("ledger", "note", told, "Keep that file.", brief)
    if state.reserve_used:
        return Part("ledger", "note", f"{detail}, the disk reserve is in use", "Free space on the disk.", brief)
    return Part("ledger", "ok", detail, brief=brief)


def _network(bench: Bench) -> Part:
    """When sync last reached a source of registries, by what it left in its own directory."""
    try:
        told = json.loads(Path(bench.settings.state_dir, *_SYNC_STATE).read_bytes())
        state, last = str(told["state"]), told["succeeded"] and datetime.fromisoformat(told["succeeded"])
    except (OSError, ValueError, KeyError, TypeError):
        return Part("network", "ok", "nothing was fetched yet; the bench needs no network", brief=_NONE)
    when = f"{last:%m-%d %H:%M}" if last else _NONE
    detail = f"{state}; last reached {when} UTC" if last else state
    return Part("network", "ok" if state == "fresh" else "note", detail, "sekisho sync status says more.", when)


def _disk(bench: Bench) -> Part:
    usage = shutil.disk_usage(bench.settings.state_dir)
    detail = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.1f} GB free"
    brief = f"{100 * usage.free / usage.total:.0f} %"
    if usage.free < usage.total * _DISK_LOW:
        return Part("disk", "note", detail, "Bring results and evidence out, then free space.", brief)
    return Part("disk", "ok", detail, brief=brief)


def _clock(bench: Bench) -> Part:
    moment = bench.now()
    detail = f"{moment.utc:%Y-%m-%d %H:%M} UTC, {moment.trust}"
    brief = f"{moment.utc:%H:%M} UTC"
    if moment.trust is ClockTrust.UNTRUSTED:
        return Part("clock", "fault", detail, "Set the clock; results are kept in their order meanwhile.", brief)
    return Part("clock", "ok" if moment.trust is ClockTrust.SYNCED else "note", detail, brief=brief)


def _people(bench: Bench) -> Part:
    try:
        count = bench.desk.count()
    except BoxError as error:
        return Part("people", "fault", error.message, error.hint)
    if bench.desk.needed() and not count:
        return Part("people", "note", "no accounts, and decisions need one", "Make them: sekisho people add.")
    return Part("people", "ok", f"{count} accounts" if count else "no accounts: who decides is not checked")


def _workers(bench: Bench) -> Part:
    alive = sum(_alive(pid) for pid in bench.worker_pids())
    detail = f"{alive} of {bench.settings.workers} pixel workers"
    if not alive:
        return Part("workers", "fault", detail, "Restart the bench.")
    return Part("workers", "ok" if alive == bench.settings.workers else "note", detail)


def _vault(bench: Bench) -> Part:
    """Whether what a transport label shows is kept for the central, and how much of it waits."""
    count = sum(map(len, bench.vault.store.kept().values()))
    if not bench.vault.key():
        detail = "no key to seal labels to: what is hidden in a picture is not kept at all"
        return Part("label vault", "ok", detail, "Enrol the box, or set SEKISHO_VAULT_KEY.")
    return Part("label vault", "ok", f"{count} sealed labels wait for their end")


def _upkeep(bench: Bench) -> Part:
    """Whether all that is done beside the inspections is done: retention, countdowns, late findings, manifests."""
    troubles = bench.troubles.standing()
    if not troubles:
        return Part("upkeep", "ok", "every part does its work")
    detail = "; ".join(f"{one.part}, since {one.since:%m-%d %H:%M} UTC: {one.said}" for one in troubles)
    return Part("upkeep", "fault", detail, troubles[0].hint)


def _manifests(bench: Bench) -> tuple[Part, ...]:
    """The manifests of the inbox that could not be used."""
    names = set_aside(bench.settings.state_dir)
    if not names:
        return ()
    detail = f"{len(names)} set aside: {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"  # noqa: PLR2004 - shown
    hint = "Why stands beside each, by days, in consignments/inbox/refused. Mend it or delete it: it names people."
    return (Part("manifests", "note", detail, hint),)


def _second_engine() -> Part:
    if ctypes.util.find_library("zbar"):
        return Part("second barcode engine", "ok", "zbar")
    return Part("second barcode engine", "note", "zbar is absent", "Debian: apt-get install libzbar0")


def _doctor(bench: Bench) -> tuple[Part, ...]:
    """What `sekisho doctor` found when it last looked, and whether it found the box slow."""
    found = examination.read(bench.settings.state_dir)
    if found.at is None:
        return (Part("doctor", "ok", "has not looked yet", "sekisho doctor"),)
    days = (bench.now().utc - found.at).days
    bad = [f"{one.sign.part} {one.sign.state}" for one in found.of(State.BROKEN, State.LOOK)]
    detail = f"looked {found.at:%Y-%m-%d}: {', '.join(bad) or 'nothing to do'}"
    speed = found.sign(examination.SPEED)
    slow = (Part("speed", "note", speed.sign.value, speed.sign.todo),) if speed and speed.sign.state != "good" else ()
    if days > _LOOKED_DAYS:
        return (
            Part("doctor", "note", f"has not looked for {days} days", "Is the timer on? sekisho-selftest.timer"),
            *slow,
        )
    broken = found.of(State.BROKEN)
    return (Part("doctor", "note" if broken else "ok", detail, "The page /doctor says what to do."), *slow)


def _program() -> Part:
    """Which release runs, and what the last update came to (docs/technician.md, Updates)."""
    journal = read_journal()
    last = journal.events[-1] if journal.events else None
    if last is None or last.kind == "in use" or journal.step != "rest":
        return Part("program", "ok", told(journal, version()))
    return Part("program", "note", told(journal, version()), "sekisho update status says more.")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
