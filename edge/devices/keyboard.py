"""What a scanner types, from the keys of a US keyboard to bytes: the arithmetic behind edge/devices/scanner_evdev.py.

Keys are Linux key codes (linux/input-event-codes.h). A scanner that is set to another layout types other characters;
edge/scanner_faults.py knows them. Caps lock is no part of it: the keyboard's state stays with the console.
"""

from __future__ import annotations

KEY_ENTER, KEY_KPENTER = 28, 96
_SHIFT, _CONTROL, _ALT = frozenset({42, 54}), frozenset({29, 97}), frozenset({56, 100})
_TERMINATOR = b"\r"
_LAST = 255  # highest byte that Alt and digits spell


def _row(first: int, plain: str, shifted: str) -> dict[int, tuple[str, str]]:
    return {first + place: pair for place, pair in enumerate(zip(plain, shifted, strict=True))}


_KEYS = (
    _row(2, "1234567890-=", "!@#$%^&*()_+")
    | _row(15, "\tqwertyuiop[]", "\tQWERTYUIOP{}")
    | _row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~')
    | _row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?")
    | {57: (" ", " "), 86: ("<", ">"), 55: ("*", "*"), 98: ("/", "/")}
)
_KEYPAD = _row(71, "789-456+1230.", "789-456+1230.")


class Keyboard:
    """Turns presses and releases into bytes.

    Control and a key give a control character, as GS is often sent (Control-]); Alt and digits of the key pad give the
    byte of that number (Alt-029).
    """

    def __init__(self) -> None:
        """No key is down."""
        self._down: set[int] = set()
        self._spelled = ""

    def press(self, key: int) -> bytes:
        """The bytes that a press types; enter types a carriage return."""
        if key in _SHIFT | _CONTROL | _ALT:
            self._down.add(key)
            return b""
        if key in (KEY_ENTER, KEY_KPENTER):
            return _TERMINATOR
        plain, shifted = _KEYPAD.get(key) or _KEYS.get(key) or ("", "")
        if self._down & _ALT:
            self._spelled += plain if plain.isdigit() else ""
            return b""
        if self._down & _CONTROL:
            return _control(plain)
        return (shifted if self._down & _SHIFT else plain).encode()

    def release(self, key: int) -> bytes:
        """The byte that Alt and digits spelled, when the last Alt is let go; nothing for any other key."""
        self._down.discard(key)
        if key not in _ALT or self._down & _ALT:
            return b""
        spelled, self._spelled = self._spelled, ""
        return bytes([int(spelled)]) if spelled and int(spelled) <= _LAST else b""


def _control(plain: str) -> bytes:
    """The control character of a key: Control-A is 1, Control-] is 29 (the group separator)."""
    return bytes([ord(plain.upper()) & 0x1F]) if plain and plain.upper() in "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]" else b""
