"""The figures of a simulated port for people: one page without any other file, and docs/simulated-port.md.

It renders what provisioning/simulate/figures.py has counted, and counts nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2

from edge.inspection import Outcome
from edge.web import charts
from models.pack import BUILTIN
from provisioning.simulate.faces import Faces
from provisioning.simulate.figures import OUTCOMES
from provisioning.simulate.scenario import Scenario

_WORDS = {outcome: str(outcome).replace("_", " ") for outcome in Outcome}
_MOST_BARS = 12


def page(document: Mapping[str, Any], scenario: Scenario, measured: Faces) -> str:
    """The report as HTML."""
    pages = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    pages.filters["percent"] = percent
    pages.filters["judged"] = judged
    template = pages.from_string(resources.files("provisioning.simulate").joinpath("report.html").read_text("utf-8"))
    alarms = document["alarms_per_1000"][:_MOST_BARS]
    return template.render(
        said=document,
        scenario=scenario,
        measured=measured,
        words=_WORDS,
        shares=_outcomes(document),
        alarms=charts.rows(
            "alarms",
            "False alarms in 10,000 clean parcels, by finding",
            [one["code"] for one in alarms],
            [round(10 * one["parcels"]) for one in alarms],
            ("finding", "in 10,000 clean parcels"),
        ),
    )


def _outcomes(document: Mapping[str, Any]) -> charts.Chart:
    groups = {"clean": "clean parcels", "registered": "clean, every product registered", "counterfeit": "counterfeits"}
    return charts.columns(
        "outcomes",
        "Outcomes in 100 parcels",
        list(groups),
        [
            charts.Series(
                _WORDS[outcome],
                tuple(100 * document["outcomes"][group][str(outcome)]["share"] for group in groups.values()),
                str(outcome),
            )
            for outcome in OUTCOMES
        ],
    )


def percent(value: float) -> str:
    """A share in percent: two digits below one percent, one above."""
    return f"{100 * value:.2f}%" if abs(value) < 0.01 else f"{100 * value:.1f}%"  # noqa: PLR2004 - one percent


def judged(figure: Mapping[str, Any]) -> str:
    """Whether a figure kept its limit, and whether so many parcels can tell."""
    told = "kept" if figure["kept"] else "missed"
    return f"{told}, not shown: too few" if figure["low"] < figure["limit"] < figure["high"] else told


def line(figure: Mapping[str, Any]) -> str:
    """One figure against its limit, as a line."""
    interval = f"[{percent(figure['low'])}, {percent(figure['high'])}] of {figure['of']:,.0f}"
    return (
        f"{figure['name']}: {percent(figure['share'])} {interval}, limit {percent(figure['limit'])}: {judged(figure)}"
    )


def assumptions(scenario: Scenario, measured: Faces) -> str:
    """docs/simulated-port.md."""
    template = resources.files("provisioning.simulate").joinpath("assumptions.md").read_text("utf-8")
    world = scenario.world
    rates = "\n".join(
        f"| {name} | {one.value:g} | {one.basis} | {one.source} | {', '.join(f'{value:g}' for value in one.vary)} |"
        for name, one in scenario.rates.items()
    )
    tables = {
        "registered products": scenario.products,
        "errors of a sloppy declaration": scenario.sloppy,
        "faults of a faulty scan": scenario.faults,
        "severity of the picture's conditions": scenario.pictures,
        "code of a counterfeit, product with serials": scenario.counterfeit.serialised,
        "code of a counterfeit, product without": scenario.counterfeit.plain,
        "package of a counterfeit": scenario.counterfeit.face,
        "officer seconds": scenario.seconds,
    }
    shares = "\n".join(
        f"| {name} | {', '.join(f'{key} {value:g}' for key, value in table.items())} |"
        for name, table in tables.items()
    )
    counts = {case: measured.count(case) for case in ("genuine", "subtle", "medium", "gross", "other")}
    pictures = ", ".join(f"{count} {case}" for case, count in counts.items())
    ships = "" if measured.pack == BUILTIN else f" {BUILTIN} ships now: what it tells otherwise is not in the figures."
    return template.format(
        ships=ships,
        name=scenario.name,
        frozen=scenario.frozen,
        ports=world.ports,
        days=world.days,
        products=world.products,
        serials=world.known_serials,
        watched=world.watched,
        editions=-(-world.days // world.edition_days),
        copies=scenario.counterfeit.clone.copies,
        within=scenario.counterfeit.clone.within_days,
        rates=rates,
        shares=shares,
        pictures=pictures,
        pack=measured.pack,
    )
