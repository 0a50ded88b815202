"""A keyboard-wedge scanner as the kernel shows it: the events of a text that is typed on a US keyboard."""

from __future__ import annotations

from edge.devices.scanner_evdev import EV_KEY, EV_SYN, EVENT, PRESSED, RELEASED

_PLAIN = {2: "1234567890-=", 15: "\tqwertyuiop[]", 30: "asdfghjkl;'`", 43: "\\zxcvbnm,./", 57: " ", 28: "\r"}
_SHIFTED = {2: "!@#$%^&*()_+", 16: "QWERTYUIOP{}", 30: 'ASDFGHJKL:"~', 43: "|ZXCVBNM<>?"}
_KEYS = {c: (first + i, 0) for first, row in _PLAIN.items() for i, c in enumerate(row)}
_KEYS |= {c: (first + i, 42) for first, row in _SHIFTED.items() for i, c in enumerate(row) if c not in _KEYS}
_KEYS["\x1d"] = (27, 29)  # Control and ]


def event(kind: int, code: int, value: int) -> bytes:
    return EVENT.pack(0, 0, kind, code, value)


def stroke(key: int, held: int = 0) -> bytes:
    strokes: tuple[tuple[int, int], ...] = ((key, PRESSED), (key, RELEASED))
    if held:
        strokes = ((held, PRESSED), *strokes, (held, RELEASED))
    return b"".join(event(4, 4, 458756) + event(EV_KEY, code, value) + event(EV_SYN, 0, 0) for code, value in strokes)


def typed(text: bytes) -> bytes:
    return b"".join(stroke(*_KEYS[character]) for character in text.decode("ascii"))
