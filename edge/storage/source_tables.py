"""The columns of every table of a registry source, in the words of docs/registry-sources.md, and its row rules."""

from __future__ import annotations

from edge.storage.cells import (
    Cell,
    CellRefused,
    condition,
    country,
    currency,
    day,
    gtin,
    integer,
    list_of,
    millimetres,
    one_of,
    pattern,
    prefix,
    refuse,
    regular_expression,
    serial,
    text,
    yes_no,
)
from edge.storage.sources import Column, Row, Table

REGION_KINDS = ("logo", "hologram", "microprint", "label", "artwork", "ignore")
SIDES = ("front", "back", "left", "right", "top", "bottom")
SENSES = ("look", "tilt", "magnify", "feel", "weigh", "smell", "listen", "open")


def _languages(*, required: bool = False) -> Column:
    return Column(text, required=required, default={}, languages=True)


def _list(read: object = text) -> Column:
    return Column(list_of(read), default=[])  # type: ignore[arg-type] # every reader takes any value


def _must(read: object = text) -> Column:
    return Column(read, required=True)  # type: ignore[arg-type] # every reader takes any value


def _product_rule(row: Row) -> None:
    low, high = row["value_min_minor"], row["value_max_minor"]
    if (low is not None or high is not None) and not row["currency"]:
        raise CellRefused("currency: expected a currency beside a value, got none.")
    if low is not None and high is not None and low > high:
        raise refuse(low, f"value_min_minor of at most value_max_minor {high}", str(low))


def _term_rule(row: Row) -> None:
    start, end = row["valid_from"], row["valid_to"]
    if start and end and start > end:
        raise refuse(start, f"valid_from no later than valid_to {end}", start)


def _scope_rule(row: Row) -> None:
    _term_rule(row)
    if not (row["gtins"] or row["prefixes"] or row["brands"]):
        raise CellRefused("expected gtins, prefixes or brands, got none of them.")


def split_range(first: str, last: str) -> tuple[str, int]:
    """The common beginning of a serial range and how many digits follow it.

    Raises:
        CellRefused: different lengths, or the part that differs is not digits only.
    """
    if len(first) != len(last):
        raise refuse(last, f"last as long as first ({len(first)} characters)", str(len(last)))
    same = 0
    while same < len(first) and first[same] == last[same]:
        same += 1
    while same and first[same - 1].isdigit():  # digits in front of the difference belong to the number
        same -= 1
    if not (first[same:] + last[same:]).isdigit() and first != last:
        raise refuse(first, "a range whose ends differ in digits only", f"{first!r} to {last!r}")
    return first[:same], len(first) - same


def _range_rule(row: Row) -> None:
    split_range(row["first"], row["last"])
    if row["first"] > row["last"]:
        raise refuse(row["first"], f"first no later than last {row['last']!r}", row["first"])


def _face_rule(row: Row) -> None:
    for name in ("width_mm", "height_mm"):
        if row[name] <= 0:
            raise refuse(row[name], f"{name} above zero", str(row[name]))


def _point_rule(row: Row) -> None:
    if (row["x_mm"] is None) != (row["y_mm"] is None):
        raise refuse(row["x_mm"], "x_mm and y_mm together, or neither", f"{row['x_mm']} and {row['y_mm']}")


def _regions(value: Cell) -> list[Row]:
    if not isinstance(value, list) or not all(isinstance(region, dict) for region in value):
        raise refuse(value, "an array of objects", f"a {type(value).__name__}")
    return list(value)


_SCOPE = {"gtins": _list(gtin), "prefixes": _list(prefix), "brands": _list()}

PRODUCTS = Table(
    "products",
    {
        "gtin": _must(gtin),
        "name": _must(),
        "brand": _must(),
        "right_holder": _must(),
        "hs": Column(pattern("[0-9]{6,10}", "6 to 10 HS digits")),
        "origins": _list(country),
        "makers": _list(),
        "importers": _list(),
        "routes": _list(pattern("[A-Z]{2}-[A-Z]{2}", "a route as XX-YY")),
        "value_min_minor": Column(integer, default=None),
        "value_max_minor": Column(integer, default=None),
        "currency": Column(currency),
        "net_g": Column(integer, default=None),
        "serialised": Column(yes_no, default=False),
        "critical": Column(yes_no, default=False),
        "serial_rule": Column(regular_expression),
        "programme_start": Column(day, default=None),
        "first_serialised_batch": Column(text),
        "words": _languages(),
        "source": Column(text),
    },
    _product_rule,
)
RECORDATIONS = Table(
    "recordations",
    {
        "number": _must(),
        "right_type": _must(
            one_of("trademark", "patent", "utility_model", "design", "copyright", "neighbouring_right", "breeder")
        ),
        "right_holder": _must(),
        "valid_from": _must(day),
        "valid_to": _must(day),
        **_SCOPE,
        "applicant": Column(text),
        "registration_number": Column(text),
        "registration_date": Column(day, default=None),
        "designated_goods": Column(text),
        "offices": _list(),
        "licensees": _list(),
        "identification": Column(text),
        "small_consignment": Column(yes_no, default=False),
        "source": Column(text),
    },
    _scope_rule,
)
POINTS = Table(
    "distinguishing_points",
    {
        "recordation": _must(),
        "number": _must(integer),
        "text": _languages(required=True),
        "severity": Column(one_of("note", "check", "strong"), default="check"),
        "gtin": Column(gtin, default=None),
        "picture": Column(text),
        "valid_to": Column(day, default=None),
        "source": Column(text),
        "sense": Column(one_of(*SENSES), default="look"),
        "side": Column(one_of(*SIDES), default="front"),
        "x_mm": Column(millimetres, default=None),
        "y_mm": Column(millimetres, default=None),
    },
    _point_rule,
)
SERIALS = Table(
    "serials",
    {
        "gtin": _must(gtin),
        "serial": _must(serial),
        "status": Column(one_of("known", "revoked", "stolen", "reported"), default="known"),
        "dated": Column(day, default=None),
        "source": Column(text),
    },
)
RANGES = Table(
    "serial_ranges",
    {
        "gtin": _must(gtin),
        "first": _must(serial),
        "last": _must(serial),
        "status": Column(one_of("in_range", "revoked", "stolen", "reported"), default="in_range"),
        "dated": Column(day, default=None),
        "source": Column(text),
    },
    _range_rule,
)
BATCHES = Table(
    "batches",
    {
        "gtin": _must(gtin),
        "batch": _must(serial),  # AI 10 takes what AI 21 takes
        "expiry": Column(day, default=None),
        "status": Column(one_of("known", "recalled", "stolen", "reported"), default="known"),
        "dated": Column(day, default=None),
        "source": Column(text),
    },
)
WATCH_LIST = Table(
    "watch_list",
    {
        "entry": _must(),
        "kind": _must(one_of("consignor", "address", "seller", "listing", "order")),
        "name": _must(),
        "aliases": _list(),
        "country": Column(country),
        "reason": _must(),
        "valid_from": Column(day, default=None),
        "valid_to": Column(day, default=None),
        "source": Column(text),
    },
    _term_rule,
)
BULLETINS = Table(
    "bulletins",
    {
        "number": _must(),
        "title": _languages(required=True),
        "text": _languages(required=True),
        "valid_from": _must(day),
        "valid_to": _must(day),
        **_SCOPE,
        "look": _languages(),
        "condition": Column(condition),
        "picture": Column(text),
        "source": Column(text),
    },
    _scope_rule,
)
_FACE_KEY = {
    "gtin": _must(gtin),
    "version": Column(text, default="1"),
    "side": Column(one_of(*SIDES), default="front"),
}
_REGION = {
    "kind": _must(one_of(*REGION_KINDS)),
    "x_mm": _must(millimetres),
    "y_mm": _must(millimetres),
    "w_mm": _must(millimetres),
    "h_mm": _must(millimetres),
    "text": Column(text),
}
FACES = Table(
    "faces",
    {
        **_FACE_KEY,
        "picture": _must(),
        "width_mm": _must(millimetres),
        "height_mm": _must(millimetres),
        "flat": Column(yes_no, default=True),
        "registered": Column(day, default=None),
        "source": Column(text),
        "regions": Column(_regions, default=[]),
    },
    _face_rule,
)
REGIONS = Table("regions", {**_FACE_KEY, **_REGION})
INLINE_REGION = Table("regions", _REGION)

TABLES = (PRODUCTS, RECORDATIONS, POINTS, SERIALS, RANGES, BATCHES, WATCH_LIST, BULLETINS, FACES, REGIONS)
