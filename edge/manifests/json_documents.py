"""JSON: an array of consignments, or one a line (JSON Lines), each as the API takes it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

from edge.declaration import ConsignmentIn
from edge.manifests.claims import ClaimRefusedError, Refused, checked

_CHUNK = 65_536
_MOST = 1_000_000  # characters of one consignment
_BETWEEN = " \t\r\n,"
_DIGITS = 40  # of a whole number, of which none here has more than 16


def _whole(digits: str) -> int:
    """A number as JSON tells it. Of one of thousands of digits the first: it is too large, and int() refuses it."""
    return int(digits[:_DIGITS])


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object. One that names a field twice says two things: it gets a field that nothing takes."""
    told = dict(pairs)
    if len(told) != len(pairs):
        names = [name for name, _ in pairs]
        told |= dict.fromkeys(f"{name}, a second time" for name in told if names.count(name) > 1)
    return told


_DECODER = json.JSONDecoder(parse_int=_whole, object_pairs_hook=_object)


def read_lines(path: Path) -> Iterator[tuple[int, ConsignmentIn | Refused]]:
    """The consignments of a JSON Lines manifest; row 1 is the first line."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as file:
        number = 0
        while line := file.readline(_MOST + 1):
            number += 1
            if len(line) > _MOST:
                yield number, Refused("", f"expected {_MOST} characters at most, got more. What follows was not read.")
                return
            if line.strip():
                yield number, _one(line)


def _one(line: str) -> ConsignmentIn | Refused:
    try:
        return checked(_plain(_DECODER.decode(line)))
    except ClaimRefusedError as error:
        return error.refused
    except (ValueError, RecursionError) as error:
        return Refused("", f"expected a JSON object, got {_said(error)}.")


def read(path: Path) -> Iterator[tuple[int, ConsignmentIn | Refused]]:
    """The consignments of a JSON manifest: an array of them, or one alone; row 1 is the first."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        number = 0
        try:
            for number, told in enumerate(_values(file), start=1):
                try:
                    yield number, checked(_plain(told))
                except ClaimRefusedError as error:
                    yield number, error.refused
        except (ValueError, RecursionError) as error:
            said = f"expected a consignment of {_MOST} characters at most, got {_said(error)}."
            yield number + 1, Refused("", f"{said} What follows was not read.")


def _values(file: io.TextIOWrapper) -> Iterator[object]:
    """The values of an array one after another; a single value is its own.

    Raises:
        ValueError, RecursionError: one is no JSON, or too long; there is none.
    """
    held = file.read(_CHUNK).lstrip()
    inside = held.startswith("[")
    held, nothing = held[1:] if inside else held, True
    while True:
        held = held.lstrip(_BETWEEN)
        if not held:
            held = file.read(_CHUNK)
            if held:
                continue
            if inside or nothing:
                raise ValueError("an array without its end" if inside else "nothing")
            return
        nothing = False
        if inside and held.startswith("]"):
            if (held[1:] + file.read(_CHUNK)).strip():
                raise ValueError("something after the end of the array")
            return
        try:
            value, end = _DECODER.raw_decode(held)
            if end == len(held):  # a number may go on
                raise json.JSONDecodeError("cut", held, end)
        except ValueError:
            more = file.read(_CHUNK) if len(held) <= _MOST else ""
            if not more:
                value, end = _DECODER.raw_decode(held)
            else:
                held += more
                continue
        yield value
        held = held[end:]


def _plain(told: object) -> object:
    """Text that is no UTF-8 came as surrogates, which nothing takes.

    Raises:
        ClaimRefusedError: there is such a text.
    """
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ClaimRefusedError("", "", "text in UTF-8", "other bytes") from error
    return told


def _said(error: Exception) -> str:
    return "arrays without end" if isinstance(error, RecursionError) else str(error)
