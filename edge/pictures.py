"""Which kept pictures the body of a row names, and which of them are nominal. Pure: no file, no network.

A crop of a symbol may be a postal label: it shows the number under which a parcel is known, and what stands around it.
A crop of a package face, its heat map and a marked region show goods. A role that is not known here counts as nominal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

OF_GOODS = frozenset({"face", "heat", "region"})
REGISTERED = "registered"  # a picture of the registry edition: it is not kept as evidence


@dataclass(frozen=True, slots=True)
class Named:
    """A kept picture as a row names it."""

    sha256: str
    media_type: str
    role: str

    @property
    def nominal(self) -> bool:
        """Whether it may show whose parcel it is."""
        return self.role not in OF_GOODS


def named_pictures(body: Mapping[str, Any]) -> tuple[Named, ...]:
    """The kept pictures that the body of a row names, each once, in their order.

    One that is named in two roles is nominal when one of them is.
    """
    seen = body.get("assessment", {}).get("seen", {})
    found: dict[str, Named] = {}
    for told in (*_told(seen), *_handed_over(body)):
        named = Named(str(told["sha256"]), str(told["media_type"]), str(told.get("role", "")))
        if named.role == REGISTERED or (named.sha256 in found and not named.nominal):
            continue
        found[named.sha256] = named
    return tuple(found.values())


def _told(seen: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for capture in seen.get("captures", ()):
        yield from capture.get("kept", ())
    for comparison in seen.get("comparisons", ()):
        yield from comparison.get("pictures", ())
        yield from (region["picture"] for region in comparison.get("regions", ()) if region.get("picture"))


def _handed_over(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Sealed labels that a row of the vault has put among the evidence of a case."""
    yield from body.get("sealed", ())
