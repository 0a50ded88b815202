"""XML: <consignment> elements with the names of the CSV columns. No document type, no entity, no link is followed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from edge.declaration import ConsignmentIn
from edge.manifests.claims import CONSIGNMENT, LINE, ClaimRefusedError, Refused, claimed

_MOST = 1_000_000  # bytes of one consignment, markup and all
_SHOWN = 80  # characters of a name that a refusal quotes
_PARTY = ("name", "address", "country", "reference")


def read(path: Path) -> Iterator[tuple[int, ConsignmentIn | Refused]]:
    """The consignments of an XML manifest; row 1 is the first <consignment>."""
    number = 0
    with path.open("rb") as file:
        bounded = _Bounded(file)
        try:
            root, other = None, ""
            for event, element in iterparse(bounded, events=("start", "end"), forbid_dtd=True):
                if root is None:
                    root = element
                if event == "start" or _name(element) != "consignment":
                    other = other or ("" if element is root else _name(element))
                    continue
                number += 1
                bounded.since = 0
                yield number, _one(element)
                root.clear()
        except (ParseError, DefusedXmlException, _TooLongError, LookupError, ValueError) as error:  # an encoding, too
            yield number + 1, Refused("", f"expected XML without a document type, got {_said(error)}. {_REST}")
            return
    if not number and other:
        yield 1, Refused("", f"expected <consignment> elements, got {other[:_SHOWN]!r} and none of them.")


_REST = "What follows was not read."


class _TooLongError(Exception):
    pass


class _Bounded:
    """A file that refuses to be read on when one consignment does not end: neither text nor elements pile up."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.since = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.since += len(data)
        if self.since > _MOST:
            raise _TooLongError(f"a consignment of more than {_MOST} bytes")
        return data


def _one(element: Any) -> ConsignmentIn | Refused:  # noqa: ANN401 - an element of the parser
    try:
        return claimed(*_cells(element))
    except ClaimRefusedError as error:
        return error.refused


def _cells(element: Any) -> tuple[dict[str, Any], list[dict[str, str]]]:  # noqa: ANN401 - likewise
    _require_bare(element)
    own: dict[str, Any] = {}
    lines: list[dict[str, str]] = []
    for child in element:
        name = _name(child)
        if name == "line":
            lines.append(_texts(child, LINE, "line"))
        elif name in {"consignor", "consignee"}:
            own |= {f"{name}_{part}": text for part, text in _texts(child, _PARTY, name).items()}
        elif name == "number":
            own.setdefault("numbers", []).append(_text(child))
        elif name not in CONSIGNMENT or name in own or name == "numbers":
            raise ClaimRefusedError(name, name, "an element of docs/consignments.md, once", "another or one more")
        elif text := _text(child):
            own[name] = text
    return own, lines


def _texts(element: Any, names: tuple[str, ...], where: str) -> dict[str, str]:  # noqa: ANN401 - likewise
    _require_bare(element)
    found: dict[str, str] = {}
    for child in element:
        name = _name(child)
        if name not in names or name in found:
            came = "another or one more"
            raise ClaimRefusedError(f"{where}.{name}", name, "an element of docs/consignments.md, once", came)
        if text := _text(child):
            found[name] = text
    return found


def _require_bare(element: Any) -> None:  # noqa: ANN401 - likewise
    """Nothing may be lost: what is declared stands in elements, neither between them nor in attributes.

    Attributes of another namespace (xml:lang, xsi:type) say something about the form.

    Raises:
        ClaimRefusedError: something else stands there.
    """
    for one in (element, *element):
        own = next((name for name in one.attrib if not name.startswith("{")), "")
        if own:
            raise ClaimRefusedError(_name(one), own, "elements of docs/consignments.md", "an attribute")
    between = "".join((element.text or "", *(child.tail or "" for child in element))).strip()
    if between:
        raise ClaimRefusedError(_name(element), between, "elements of docs/consignments.md", "text between them")


def _name(element: Any) -> str:  # noqa: ANN401 - likewise
    """The local name: whose namespace it stands in says nothing here."""
    return str(element.tag).rpartition("}")[2]


def _text(element: Any) -> str:  # noqa: ANN401 - likewise
    if len(element):
        raise ClaimRefusedError(_name(element), _name(element), "text alone", "elements in it")
    return (element.text or "").strip()


def _said(error: Exception) -> str:
    return "a document type or entity" if isinstance(error, DefusedXmlException) else str(error)
