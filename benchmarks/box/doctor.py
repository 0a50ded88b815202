"""The nightly look inside of a booted box, under its unit's sandbox: every part is told, and the bench shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.box.container import Container
from benchmarks.box.shown import Shown
from provisioning.demo.parcels import Parcel

_WAIT_S = 90.0
_OK = 200  # HTTP
_PARTS = {"clock", "storage wear", "storage honesty", "room", "memory", "network", "certificates", "registry", "model"}
_FAILED = "could not be looked at"


def looked_at(tree: Path, _parcel: Parcel) -> Iterator[Shown]:
    """The timer waits, the service looks, the bench shows what it found."""
    with Container(tree) as box:
        box.ask("/api/v1/health/ready", wait_s=_WAIT_S)
        timer = box.run("systemctl", "is-active", "sekisho-selftest.timer", check=False).strip()
        yield Shown("the nightly look waits for its hour", kept=timer == "active", detail=timer)
        box.run("systemctl", "start", "sekisho-selftest.service", check=False)
        result = box.run("systemctl", "show", "-P", "Result", "sekisho-selftest.service").strip()
        yield Shown("the look ends in order", kept=result == "success", detail=result)
        signs = json.loads((tree / "var/lib/sekisho/doctor.json").read_text("utf-8"))["signs"]
        told = {sign["part"]: sign for sign in signs}
        missing = sorted(_PARTS - told.keys())
        yield Shown("every part is told", kept=not missing, detail=", ".join(missing))
        failed = [f"{sign['part']}: {sign['value']}" for sign in signs if _FAILED in sign["value"]]
        yield Shown("no look failed in its sandbox", kept=not failed, detail="; ".join(failed))
        model = told.get("model", {"state": "", "value": ""})
        yield Shown("the model answers as where it was made", kept=model["state"] == "good", detail=model["value"])
        status, told_by_bench = box.ask("/api/v1/status")
        part = next((one for one in told_by_bench["parts"] if one["name"] == "doctor"), {"detail": "nothing"})
        seen = status == _OK and part["detail"].startswith("looked ")
        yield Shown("the bench shows what was found", kept=seen, detail=part["detail"])
