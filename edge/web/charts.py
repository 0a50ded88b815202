"""Charts as SVG, drawn on the box without a library: stacked columns, rows, a line or two. It knows no bench.

Colour never stands alone: each series has a pattern of its own, and every chart comes with its figures as a table. The
drawing follows the page's light and dark by classes (static/supervisor.css) and prints as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 640, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 14, 30
_TICKS = 4
_ROW = 30


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: the drawing, and the same figures as the rows of a table under `head`."""

    drawing: Markup
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind, in the order of the places; None: there is none. `look` is a class of the style sheet."""

    name: str
    values: tuple[float | None, ...]
    look: str = "plain"


def columns(name: str, title: str, places: Sequence[str], series: Sequence[Series]) -> Chart:
    """Columns, stacked. `name` is the chart's own on its page, `title` what a screen reader says of it."""
    top = _round_up(max((sum(_numbers(one)) for one in zip(*(s.values for s in series), strict=True)), default=0))
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(places))
    drawn = [_axis(top), _places(places, step)]
    for number in range(len(places)):
        base = 0.0
        for one in series:
            value = one.values[number] or 0
            if value:
                y, height = _y(base + value, top), _y(base, top) - _y(base + value, top)
                x, width = _LEFT + step * (number + 0.12), step * 0.76
                where = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
                drawn.append(f'<rect class="{one.look}" {where}/>')
                drawn.append(f'<rect class="over" fill="url(#{name}-{one.look})" {where}/>')
                base += value
    looks = tuple(one.look for one in series)
    return Chart(_svg(name, title, _HEIGHT, drawn, looks), ("", *(one.name for one in series)), _table(places, series))


def rows(name: str, title: str, places: Sequence[str], values: Sequence[int], head: tuple[str, str]) -> Chart:
    """Bars from the left, one to a row, its words above it and its number behind it."""
    top = max(values, default=0) or 1
    drawn = []
    for number, (place, value) in enumerate(zip(places, values, strict=True)):
        y = 4 + number * (_ROW + 14)
        width = (_WIDTH - 70) * value / top
        drawn.append(f'<text x="0" y="{y + 12}">{escape(_short(place))}</text>')
        drawn.append(f'<rect class="bar" x="0" y="{y + 18}" width="{width:.1f}" height="16"/>')
        drawn.append(f'<text x="{width + 8:.1f}" y="{y + 31}">{value}</text>')
    height = max(1, len(places)) * (_ROW + 14) + 6
    table = tuple((place, str(value)) for place, value in zip(places, values, strict=True))
    return Chart(_svg(name, title, height, drawn, ()), head, table)


def lines(name: str, title: str, places: Sequence[str], series: Sequence[Series]) -> Chart:
    """Points joined by lines; a place without a value breaks its line. The second series is dashed."""
    top = _round_up(max((value for one in series for value in _numbers(one.values)), default=0))
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(places))
    drawn = [_axis(top), _places(places, step)]
    for one in series:
        path, moving = [], True
        for number, value in enumerate(one.values):
            if value is None:
                moving = True
                continue
            x, y = _LEFT + step * (number + 0.5), _y(value, top)
            path.append(f"{'M' if moving else 'L'}{x:.1f} {y:.1f}")
            drawn.append(_mark(one.look, x, y))
            moving = False
        drawn.append(f'<path class="line {one.look}" d="{"".join(path)}"/>')
    return Chart(_svg(name, title, _HEIGHT, drawn, ()), ("", *(one.name for one in series)), _table(places, series))


def key(name: str, look: str) -> Markup:
    """The small square or line of a series, for the words beside a chart."""
    pattern = _pattern(f"{name}-key", look)
    over = f'<rect class="over" fill="url(#{name}-key-{look})" width="22" height="22"/>' if pattern else ""
    body = f'{pattern}<rect class="{look}" width="22" height="22"/>{over}'
    return Markup(f'<svg class="key chart" viewBox="0 0 22 22" aria-hidden="true">{body}</svg>')  # noqa: S704 - our own


def _svg(name: str, title: str, height: int, drawn: Sequence[str], looks: Sequence[str]) -> Markup:
    defs = "".join(_pattern(name, look) for look in looks)
    head = f'<svg class="chart" id="{name}" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
    return Markup(f"{head}<defs>{defs}</defs>{''.join(drawn)}</svg>")  # noqa: S704 - every text in it is escaped


def _pattern(name: str, look: str) -> str:
    """A pattern by the look of a series, so that colour never stands alone."""
    marks = {
        "CHECK": '<path d="M0 8 8 0"/>',
        "STRONG_INDICATION": '<path d="M0 8 8 0M0 0 8 8"/>',
        "CANNOT_ASSESS": '<circle cx="4" cy="4" r="1.4"/>',
    }
    if look not in marks:
        return ""
    head = f'<pattern id="{name}-{look}" class="marks" width="8" height="8" patternUnits="userSpaceOnUse">'
    return f"{head}{marks[look]}</pattern>"


def _mark(look: str, x: float, y: float) -> str:
    if look == "second":
        return f'<rect class="mark second" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"/>'
    return f'<circle class="mark first" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'


def _axis(top: float) -> str:
    drawn = []
    for tick in range(_TICKS + 1):
        value = top * tick / _TICKS
        y = _y(value, top)
        drawn.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        drawn.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_shown(value)}</text>')
    return "".join(drawn)


def _places(places: Sequence[str], step: float) -> str:
    every = max(1, ceil(len(places) * 44 / (_WIDTH - _LEFT - _RIGHT)))
    return "".join(
        f'<text class="tick" x="{_LEFT + step * (number + 0.5):.1f}" y="{_HEIGHT - 9}" text-anchor="middle">'
        f"{escape(place)}</text>"
        for number, place in enumerate(places)
        if number % every == 0
    )


def _y(value: float, top: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _round_up(value: float) -> float:
    """The next of 4, 8, 20, 40, 80, 200, ...: four ticks of whole numbers."""
    if value <= _TICKS:
        return float(_TICKS)
    unit = 10 ** int(log10(value / _TICKS))
    return float(next(_TICKS * unit * step for step in (1, 2, 5, 10) if _TICKS * unit * step >= value))


def _numbers(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _table(places: Sequence[str], series: Sequence[Series]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (place, *("–" if one.values[number] is None else _shown(one.values[number] or 0) for one in series))
        for number, place in enumerate(places)
    )


def _shown(value: float) -> str:
    return f"{value:.0f}"


def _short(text: str) -> str:
    """A sentence that fits into the width of a row: wide letters take the room of two."""
    room = 84
    for place, letter in enumerate(text):
        room -= 2 if ord(letter) > 0x2E7F else 1  # noqa: PLR2004 - from here on East Asian letters are wide
        if room < 0:
            return text[:place] + "…"
    return text
