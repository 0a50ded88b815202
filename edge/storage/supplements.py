"""An edition together with the supplements of its publishers: look-ups answer the union.

A supplement is a small file of the same schema that one publisher signed for its own products, or of the sellers that a
platform lists. Of it only bulletins, distinguishing points, faces and the watch list are used: products, rights and
serials are the edition's alone. Each answer's `source` is the publisher by its delegation, never what its own rows
claim to be their source.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from edge.errors import NotFound
from edge.gs1 import Gtin
from edge.lookup import Bulletin, DistinguishingPoint, Recordation, RegisteredFace
from edge.storage.registry import Registry, WatchEntry

_FACE_BITS = 53  # of a face's id, as JSON carries it


class SupplementedRegistry(Registry):
    """One open edition with any number of supplements. Errors: see `Registry`."""

    supplements: Mapping[str, Registry]

    def supplement(self, supplements: Mapping[str, Registry]) -> None:
        """Also answer with what `supplements` say, by publisher. Before the first question."""
        self.supplements = dict(supplements)
        told = (f"{publisher} {other.edition.name} {other.edition.number}" for publisher, other in supplements.items())
        self.edition = replace(self.edition, supplements=tuple(sorted(told)))

    @property
    def _others(self) -> Mapping[str, Registry]:
        return getattr(self, "supplements", {})

    def close(self) -> None:
        """Close the edition and its supplements for every thread. Safe to call twice."""
        super().close()
        for other in self._others.values():
            other.close()

    def recordations(self, gtin: Gtin, brand: str = "") -> tuple[Recordation, ...]:
        """The edition's, each with the points that a publisher added under its number."""
        mine = super().recordations(gtin, brand)
        if not self._others or not mine:
            return mine
        more: dict[str, list[DistinguishingPoint]] = {}
        for publisher, other in self._others.items():
            for told in other.recordations(gtin, brand):
                points = (replace(point, source=publisher) for point in told.points)
                more.setdefault(told.number, []).extend(points)
        return tuple(replace(one, points=(*one.points, *more.get(one.number, ()))) for one in mine)

    def bulletins(self, gtin: Gtin, day: date, brand: str = "") -> tuple[Bulletin, ...]:
        """Everybody's, by number; of two of the same number and source the edition's."""
        found = {(one.number, one.source): one for one in super().bulletins(gtin, day, brand)}
        for publisher, other in self._others.items():
            for told in other.bulletins(gtin, day, brand):
                one = replace(told, source=publisher)
                found.setdefault((one.number, one.source), one)
        return tuple(sorted(found.values(), key=lambda one: (one.number, one.source)))

    def watch_candidates(self, name: str, kinds: Sequence[str] = (), limit: int = 25) -> tuple[WatchEntry, ...]:
        """The edition's, then those of each publisher; at most `limit` of each."""
        found = list(super().watch_candidates(name, kinds, limit))
        for publisher, other in self._others.items():
            found += (replace(one, source=publisher) for one in other.watch_candidates(name, kinds, limit))
        return tuple(found)

    def faces(self, gtin: Gtin) -> tuple[RegisteredFace, ...]:
        """The edition's, then those of each publisher; a picture that the edition has is not told twice."""
        mine = super().faces(gtin)
        known = {face.sha256 for face in mine}
        more = (face for publisher, other in self._others.items() for face in _told(publisher, other.faces(gtin)))
        return (*mine, *(face for face in more if face.sha256 not in known))

    def gallery(self) -> Iterator[RegisteredFace]:
        """Every registered face, the edition's first."""
        yield from super().gallery()
        for publisher, other in self._others.items():
            yield from _told(publisher, other.gallery())

    def face(self, face_id: int) -> RegisteredFace:
        """One registered face.

        Raises:
            NotFound: face_not_found.
        """
        for publisher, other in self._others.items():
            with contextlib.suppress(NotFound):
                return replace(other.face(face_id ^ _mask(publisher)), face_id=face_id, source=publisher)
        return super().face(face_id)

    def face_picture(self, sha256: str) -> bytes:
        """The bytes of a picture, whoever brought it.

        Raises:
            NotFound: picture_not_found.
        """
        try:
            return super().face_picture(sha256)
        except NotFound:
            for other in self._others.values():
                try:
                    return other.face_picture(sha256)
                except NotFound:
                    continue
            raise


def _mask(publisher: str) -> int:
    """What tells a publisher's faces from the edition's: it depends on the name only, so it stays from file to file."""
    digest = hashlib.blake2b(publisher.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _FACE_BITS)


def _told(publisher: str, faces: Iterator[RegisteredFace] | tuple[RegisteredFace, ...]) -> Iterator[RegisteredFace]:
    mask = _mask(publisher)
    return (replace(face, face_id=face.face_id ^ mask, source=publisher) for face in faces)
