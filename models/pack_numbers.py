"""The numbers of a pack's manifest, each within its bounds, or an error that says value, expectation and what came.

A number that is out of bounds would be met by the first parcel, hours after the pack was installed; nan passes every
comparison by failing it. What it is not: a judgement whether a pack is any good (models/selftest.py, the pack's card).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LARGEST = 1e6  # of a measured value, weight or score of a map; what is beyond is no measurement


def number(table: Mapping[str, Any], place: str, key: str, least: float, most: float) -> float:
    """The number at `key` of the manifest's table `place`.

    Raises:
        KeyError: there is none. ValueError: it is none from `least` to `most`.
    """
    value = table[key]
    if not _within(value, least, most):
        raise ValueError(f"[{place}] {key}, a number from {least:g} to {most:g}; got {value!r}")
    return float(value)


def whole(table: Mapping[str, Any], place: str, key: str, least: int, most: int) -> int:
    """The whole number at `key`.

    Raises:
        KeyError: there is none. ValueError: it is no whole number from `least` to `most`.
    """
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"[{place}] {key}, a whole number from {least} to {most}; got {value!r}")
    return value


def words(table: Mapping[str, Any], place: str, key: str) -> str:
    """The words at `key`.

    Raises:
        KeyError: there are none. ValueError: it is no text, or an empty one.
    """
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{f'[{place}] ' if place else ''}{key}, a text that is not empty; got {value!r}")
    return value


def numbers(values: object, what: str, count: int | None, least: float, most: float) -> tuple[float, ...]:
    """A list of `count` numbers (any when None).

    Raises:
        ValueError: it is no list of so many, or one of them is not from `least` to `most`.
    """
    if not isinstance(values, list) or (count is not None and len(values) != count):
        raise ValueError(f"{what}, a list of {'' if count is None else f'{count} '}numbers; got {values!r}")
    if wrong := [value for value in values if not _within(value, least, most)]:
        raise ValueError(f"{what}, numbers from {least:g} to {most:g}; got {wrong[0]!r}")
    return tuple(map(float, values))


def rising(values: Iterable[float], *, strictly: bool = False) -> bool:
    """Whether no value is below the one before it, or all are above."""
    return all(a < b if strictly else a <= b for a, b in itertools.pairwise(values))


def only(table: Mapping[str, Any], place: str, keys: Sequence[str]) -> None:
    """A table holds no other keys than these: a misspelt optional one would be lost.

    Raises:
        ValueError: it does.
    """
    if others := sorted(table.keys() - set(keys)):
        raise ValueError(f"[{place}], which has {', '.join(keys)}; got {', '.join(others)} too")


def _within(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
