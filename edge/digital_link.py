"""GS1 Digital Link URIs, read where they stand: never followed, and the host proves nothing.

Any host, any path in front of the key. Compressed links are recognised and refused: no reader of ours can prove that it
opened one rightly. A GTIN of 8, 12 or 13 digits in the path is padded, as version 1.1 of the
standard allowed.

Source: GS1 Digital Link Standard: URI Syntax 1.6.0, sections 4 and 5; RFC 3986.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote_to_bytes

from edge.application_identifiers import ApplicationIdentifier, table
from edge.element_strings import MAX_ELEMENTS, ElementString
from edge.errors import CodeRefused
from edge.gs1 import GTIN_LENGTHS, check_digit

_URI = re.compile(r"https?://([^/?#]+)(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_ILLEGAL = re.compile(r"[^-A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%]")
_HOST = re.compile(r"[-A-Za-z0-9._:\[\]]+")
_COMPRESSED = re.compile(r"[-A-Za-z0-9_]{10,}")
_BASE_64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_GTIN_CODES = re.compile(r"01|[0-3][A-F]|A[0-9]")
_GTIN_BITS, _SSCC_BITS = 47, 60  # of 14 and of 18 digits
_SHOWN = 80  # characters of a bad URI that an error quotes


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """What a Digital Link says: its host, the AI of its primary key, and all elements, path first."""

    host: str
    key: str
    elements: tuple[ElementString, ...]


def looks_like_uri(text: str) -> bool:
    """Whether `text` is a web address at all, GS1's or another's."""
    return text[:8].lower().startswith(("http://", "https://"))


def parse_digital_link(uri: str) -> DigitalLink:
    """Read a GS1 Digital Link URI.

    Raises:
        CodeRefused: code_not_digital_link (a web address without a GS1 key), code_compressed_link, code_uri, or what
            the values are refused for: code_unknown_ai, code_length, code_character, code_check_digit, code_content.
    """
    illegal = _ILLEGAL.search(uri)
    if illegal is not None:
        raise CodeRefused(
            "code_uri", f"A URI must have characters of RFC 3986, got {illegal[0]!r} in {uri[:_SHOWN]!r}."
        )
    match = _URI.fullmatch(uri)
    if match is None or _HOST.fullmatch(match[1]) is None:
        raise CodeRefused("code_uri", f"A Digital Link must begin with http(s)://host/, got {uri[:_SHOWN]!r}.")
    host, path, query = match[1], match[2] or "", match[3] or ""
    segments = path.split("/")[1:]
    pairs = _key_and_qualifiers(segments)
    if not pairs:
        raise _no_key(uri, segments)
    elements = [ElementString(identifier.ai, _path_value(identifier, text)) for identifier, text in pairs]
    key, qualifiers = pairs[0][0], tuple(identifier.ai for identifier, _ in pairs[1:])
    if not _in_order(key, qualifiers):
        orders = " or ".join("/".join(order) for order in key.qualifiers) or "nothing"
        raise CodeRefused("code_uri", f"{key} may be followed by {orders} in this order, got {'/'.join(qualifiers)}.")
    elements += _attributes(key, qualifiers, query)
    return DigitalLink(host=host, key=key.ai, elements=tuple(elements))


def _key_and_qualifiers(segments: list[str]) -> list[tuple[ApplicationIdentifier, str]]:
    """The AI/value pairs at the end of the path, from the rightmost primary key on. Empty when there is none."""
    known = table()
    pairs: list[tuple[ApplicationIdentifier, str]] = []
    for at in range(len(segments) - 2, -1, -2):
        identifier = known.get(segments[at])
        if identifier is None or len(pairs) > MAX_ELEMENTS:
            return []
        pairs.append((identifier, segments[at + 1]))
        if identifier.key:
            return pairs[::-1]
    return []


def _no_key(uri: str, segments: list[str]) -> CodeRefused:
    if segments and _is_compressed(segments[-1]):
        return CodeRefused(
            "code_compressed_link",
            f"A Digital Link must be uncompressed to be read here, got {uri[:_SHOWN]!r}, which holds a compressed key.",
            hint="Scan another code of the item, or type its number.",
        )
    known = table()
    if any(ai in known and known[ai].key and value[:6].isdigit() for ai, value in pairwise(segments)):
        message = f"The path of a Digital Link must end with its key and qualifiers, got {uri[:_SHOWN]!r}."
        return CodeRefused("code_uri", message)
    message = f"A Digital Link must have a GS1 key in its path, got {uri[:_SHOWN]!r}."
    return CodeRefused("code_not_digital_link", message)


def _is_compressed(segment: str) -> bool:
    """Whether a path segment holds a compressed GTIN or SSCC: its AI or a code for AIs that begin with 01, and the key.

    About one in a hundred other segments of base 64 looks the same.

    Source: GS1 Digital Link Standard: Compression 1.0 (codes 0A-3F and A0-A9 are for sequences that begin with AI 01).
    """
    if _COMPRESSED.fullmatch(segment) is None:
        return False
    bits = "".join(f"{_BASE_64.index(character):06b}" for character in segment[:12])
    code, sscc = f"{int(bits[:8], 2):02X}", bits[:8] == "0" * 8
    if not sscc and _GTIN_CODES.fullmatch(code) is None:
        return False
    length, digits = (_SSCC_BITS, 18) if sscc else (_GTIN_BITS, 14)
    key = str(int(bits[8 : 8 + length], 2)).zfill(digits)
    return len(key) == digits and check_digit(key[:-1]) == key[-1]


def _in_order(key: ApplicationIdentifier, qualifiers: tuple[str, ...]) -> bool:
    """Whether `qualifiers` is a subsequence of one of the orders that the key allows."""
    for order in key.qualifiers or ((),):
        rest = iter(order)
        if all(ai in rest for ai in qualifiers):
            return True
    return False


def _attributes(key: ApplicationIdentifier, path: tuple[str, ...], query: str) -> list[ElementString]:
    """The data attributes of the query. Parameters that are no AI are left alone.

    Raises:
        CodeRefused: code_unknown_ai, code_uri, code_too_many, or what a value is refused for.
    """
    elements: dict[str, ElementString] = {}
    for parameter in query.split("&", 4 * MAX_ELEMENTS):
        name, equals, text = parameter.partition("=")
        if not equals or not (name.isascii() and name.isdigit()):
            continue
        identifier = table().get(name)
        if identifier is None:
            raise CodeRefused("code_unknown_ai", f"A numeric query parameter must be a known AI, got {name[:8]!r}.")
        if name == key.ai or name in path or name in elements:
            raise CodeRefused("code_uri", f"{identifier} must stand once in a Digital Link, got it again in the query.")
        if not identifier.attribute or any(_in_order(key, _inserted(path, at, name)) for at in range(len(path) + 1)):
            raise CodeRefused(
                "code_uri", f"{identifier} must stand in the path of a Digital Link, got it in the query."
            )
        elements[name] = ElementString(name, _value(identifier, text.replace("+", " ")))
        if len(elements) > MAX_ELEMENTS:
            raise CodeRefused("code_too_many", f"A Digital Link must hold at most {MAX_ELEMENTS} elements, got more.")
    return list(elements.values())


def _inserted(path: tuple[str, ...], at: int, ai: str) -> tuple[str, ...]:
    return (*path[:at], ai, *path[at:])


def _path_value(identifier: ApplicationIdentifier, text: str) -> str:
    if identifier.ai == "01" and len(text) in GTIN_LENGTHS and text.isascii() and text.isdigit():
        text = text.zfill(14)
    return _value(identifier, text)


def _value(identifier: ApplicationIdentifier, text: str) -> str:
    """The percent-decoded value, valid for its AI. Bytes that are not ASCII are left for the character test to refuse.

    Raises:
        CodeRefused: as `ApplicationIdentifier.require`.
    """
    value = unquote_to_bytes(text).decode("latin-1") if "%" in text else text
    identifier.require(value)
    return value
