"""Which charts the pages show, in the words of a language: figures of a span of time become drawings with tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from markupsafe import Markup

from edge.errors import NotFound
from edge.inspection import Outcome
from edge.messages import labels, sentence
from edge.supervisor.day import Figures
from edge.web import charts
from edge.web.charts import Chart, Series

_STACK = (Outcome.NO_FINDING, Outcome.CANNOT_ASSESS, Outcome.CHECK, Outcome.STRONG_INDICATION)  # from below
_PLACE = re.compile(r"\{\w+\}")
Drawn = Callable[[str, str, Sequence[str], Sequence[Series]], Chart]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its title and the key of its series."""

    title: str
    chart: Chart
    key: tuple[tuple[Markup, str], ...]
    empty: bool


def of_span(figures: Figures, language: str, zone: ZoneInfo) -> tuple[Figure, ...]:
    """Verdicts by hour of `zone`, the most frequent reasons, and the time of an answer."""
    label = labels(language)
    by_hour, times_of = (f"{label[name]} ({zone.key})" for name in ("chart_hours", "chart_times"))
    hours = [f"{one.hour:02d}" for one in figures.hours]
    stack = [
        Series(label[f"outcome_{outcome}"], tuple(one.outcomes[outcome] for one in figures.hours), outcome)
        for outcome in _STACK
    ]
    times = [
        Series(label["p50"], tuple(one.p50_ms for one in figures.hours), "first"),
        Series(label["p95"], tuple(one.p95_ms for one in figures.hours), "second"),
    ]
    said = [words(code, language) for code, _ in figures.reasons]
    counts = [count for _, count in figures.reasons]
    nothing = not figures.hours
    return (
        _figure("by-hour", by_hour, charts.columns, hours, stack, empty=nothing),
        Figure(
            label["chart_reasons"],
            charts.rows("reasons", label["chart_reasons"], said, counts, (label["reasons"], label["count"])),
            (),
            empty=not counts,
        ),
        _figure("times", times_of, charts.lines, hours, times, empty=nothing),
    )


def of_ages(days: Sequence[date], ages: Sequence[int | None], language: str) -> Figure:
    """How old the registry was on each of some days."""
    label = labels(language)
    series = Series(label["age"], tuple(None if age is None else float(age) for age in ages), "first")
    places = [f"{day:%m-%d}" for day in days]
    chart = charts.lines("ages", label["chart_ages"], places, [series])
    return Figure(label["chart_ages"], chart, (), empty=all(age is None for age in ages))


def _figure(
    name: str, title: str, draw: Drawn, places: Sequence[str], series: Sequence[Series], *, empty: bool
) -> Figure:
    chart = draw(name, title, places, series)
    return Figure(title, chart, tuple((charts.key(name, one.look), one.name) for one in series), empty)


def words(code: str, language: str) -> str:
    """The sentence of a finding code, its places left open; the code itself where no sentence is known any more."""
    try:
        return _PLACE.sub("…", sentence(code, {}, language))
    except NotFound:
        return code
