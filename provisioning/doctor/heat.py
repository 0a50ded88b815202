"""Temperature of the processor, and whether it was slowed down or its supply was too weak."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.examination import Sign, State
from provisioning.doctor import kernel

USUAL_PASSIVE_C = 80.0  # where a Raspberry Pi begins to slow itself down
MARGIN_C = 5.0
CRITICAL_C = 95.0
# Of the Raspberry Pi's firmware (get_throttled): what is so now, and 16 bits higher what was so since the start.
WEAK, CAPPED, SLOWED, SOFT = 0x1, 0x2, 0x4, 0x8
_WORDS = {
    WEAK: "the supply is too weak",
    CAPPED: "the clock is capped",
    SLOWED: "slowed down",
    SOFT: "at the soft limit",
}
_FIRMWARE = "sys/devices/platform/soc*/soc*:firmware/get_throttled"
_COOL = "Give the box air or a cooler; a closed case in the sun is too hot."


@dataclass(frozen=True, slots=True)
class Heat:
    """Degrees Celsius of the hottest sensor, and where the kernel slows down; the firmware's word, if there is one."""

    hottest_c: float | None
    passive_c: float | None = None
    throttled: int | None = None


def read(root: Path) -> Heat:
    """What the sensors and the firmware say now."""
    hottest, passive = None, None
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*")):
        found = kernel.number(zone / "temp")
        if found is None or (hottest is not None and found <= hottest):
            continue
        hottest, passive = found, None
        for kind in sorted(zone.glob("trip_point_*_type")):
            if kernel.text(kind) == "passive":
                passive = kernel.number(kind.with_name(kind.name.replace("_type", "_temp")))
                break
    firmware = next(iter(sorted(root.glob(_FIRMWARE))), None)
    throttled = kernel.number(firmware, 16) if firmware else None
    return Heat(None if hottest is None else hottest / 1000, passive / 1000 if passive else None, throttled)


def judged(heat: Heat) -> tuple[Sign, ...]:
    """The signs "temperature" and "throttling"."""
    return _temperature(heat), _throttling(heat)


def _temperature(heat: Heat) -> Sign:
    limit = heat.passive_c or USUAL_PASSIVE_C
    expected = f"below {limit - MARGIN_C:.0f} °C"
    if heat.hottest_c is None:
        todo = "Feel it after an hour of work."
        return Sign("temperature", State.UNKNOWN, "no sensor", expected, todo)
    value = f"{heat.hottest_c:.0f} °C"
    if heat.hottest_c >= max(CRITICAL_C, limit):
        return Sign("temperature", State.BROKEN, value, expected, f"Switch it off and let it cool. {_COOL}")
    if heat.hottest_c >= limit - MARGIN_C:
        return Sign("temperature", State.LOOK, value, expected, _COOL)
    return Sign("temperature", State.GOOD, value, expected)


def _throttling(heat: Heat) -> Sign:
    expected = "never slowed down since the start"
    if heat.throttled is None:
        return Sign(
            "throttling", State.UNKNOWN, "the firmware does not tell", expected, "Only a Raspberry Pi tells it."
        )
    now = [words for bit, words in _WORDS.items() if heat.throttled & bit]
    before = [words for bit, words in _WORDS.items() if heat.throttled & bit << 16]
    weak = heat.throttled & (WEAK | WEAK << 16)
    todo = "Use the supply of the board's maker (27 W for a Pi 5) and a short cable." if weak else _COOL
    if heat.throttled & (WEAK | SLOWED):
        return Sign("throttling", State.BROKEN, f"now: {', '.join(now)}", expected, todo)
    if now or before:
        value = f"now: {', '.join(now)}" if now else f"since the start: {', '.join(before)}"
        return Sign("throttling", State.LOOK, value, expected, todo)
    return Sign("throttling", State.GOOD, "not slowed down", expected)
