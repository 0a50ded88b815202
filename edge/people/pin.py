"""PINs: which ones may be chosen, and how one is kept. scrypt (RFC 7914) over the PIN keyed with the box's own key.

A PIN has a million values: whoever has the file alone must not be able to try them. The key is what stops that; scrypt
makes each try dear to whoever has the key too. Trying at the bench is stopped by edge/people/lockout.py.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re

from edge.errors import RequestRefused

LEAST, MOST = 6, 12  # digits
_N, _R, _P = 2**14, 8, 1  # 16 MiB; some 50 ms on a desktop core, 150 ms on a Raspberry Pi 4
_SALT_BYTES = 16
_RUNS = "0123456789012345678909876543210987654321"


def checked(pin: str) -> str:
    """A PIN that may be chosen.

    Raises:
        RequestRefused: request_pin: it is no number of 6 to 12 digits, or one that is tried first. It is not repeated.
    """
    if not re.fullmatch(f"[0-9]{{{LEAST},{MOST}}}", pin):
        kind = "digits" if pin.isascii() and pin.isdigit() else "characters that are not all digits"
        message = f"Expected a PIN of {LEAST} to {MOST} digits, got {len(pin)} {kind}."
        raise RequestRefused("request_pin", message, hint="Choose another one.")
    if len(set(pin)) < 3 or pin in _RUNS:  # noqa: PLR2004 - two different digits are as easy to guess as one
        message = "Expected a PIN that is not tried first, got a run or a repetition of digits."
        raise RequestRefused("request_pin", message, hint="Choose another one; a birthday is no better.")
    return pin


def kept(pin: str, key: bytes) -> str:
    """What is kept of a PIN: its parameters, salt and hash."""
    salt = os.urandom(_SALT_BYTES)
    return f"scrypt:{_N}:{_R}:{_P}:{salt.hex()}:{_hash(pin, key, salt, _N, _R, _P).hex()}"


def is_right(pin: str, told: str, key: bytes) -> bool:
    """Whether `told` was made of this PIN under this key. It takes as long when there is none to compare with ("")."""
    n, r, p, salt, digest = (told or f"scrypt:{_N}:{_R}:{_P}:{bytes(_SALT_BYTES).hex()}:00").split(":")[1:]
    found = _hash(pin, key, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(digest)) and bool(told)


def _hash(pin: str, key: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:  # noqa: PLR0917 - scrypt's own names
    keyed = hmac.digest(key, pin.encode(), "sha256")
    return hashlib.scrypt(keyed, salt=salt, n=n, r=r, p=p, maxmem=64 * 1024 * 1024, dklen=32)
