"""How often a finding was confirmed: counted from inspections that an examiner or a court has closed.

Of the inspections in whose last assessment a finding stood with the weight of a look or more, the share that ended
confirmed, of those that ended confirmed, not infringing or released; undecided ones are told and not counted. With it
goes the 95% interval of Wilson (1927): with few cases it is wide, and says so. Only what was referred is closed, so
this is the precision among referred inspections, and says nothing of what was never referred.
"""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import Connection, text

SMALL = 30  # fewer closed cases than this are called few
_Z = 1.959963984540054  # of 95%

_STANDING = "o.id NOT IN (SELECT corrects FROM outcomes WHERE corrects <> '')"
_FINDINGS = text(
    "SELECT f.code AS name, o.ending AS ending, count(DISTINCT o.id) AS times FROM outcomes o"  # noqa: S608 - our own
    f" JOIN outcome_findings f ON f.outcome = o.id WHERE {_STANDING} GROUP BY f.code, o.ending"
)
_PACKS = text(
    "SELECT f.pack AS name, o.ending AS ending, count(DISTINCT o.id) AS times FROM outcomes o"  # noqa: S608 - our own
    f" JOIN outcome_findings f ON f.outcome = o.id WHERE {_STANDING} AND f.pack <> '' GROUP BY f.pack, o.ending"
)
_ALL = text(f"SELECT o.ending AS ending, count(*) AS times FROM outcomes o WHERE {_STANDING} GROUP BY o.ending")  # noqa: S608
_SILENT = text(
    f"SELECT count(*) FROM outcomes o WHERE {_STANDING} AND o.ending='confirmed'"  # noqa: S608 - our own
    " AND o.id NOT IN (SELECT outcome FROM outcome_findings)"
)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share.

    Raises:
        ValueError: there is nothing to count.
    """
    if not 0 <= hits <= total or not total:
        raise ValueError(f"Expected hits among at least one case, got {hits} of {total}.")
    share, squared = hits / total, _Z**2
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    reach = _Z / (1 + squared / total) * math.sqrt(share * (1 - share) / total + squared / (4 * total**2))
    return min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach))  # not beyond it by rounding


def counted(endings: dict[str, int]) -> dict[str, Any]:
    """The precision of one finding or pack from how often each ending came; no share where nothing is closed."""
    hits = endings.get("confirmed", 0)
    total = hits + endings.get("not_infringing", 0) + endings.get("released", 0)
    told: dict[str, Any] = {"confirmed": hits, "closed": total, "undecided": endings.get("undecided", 0)}
    if not total:
        return told | {"share": None, "low": None, "high": None, "few": True}
    low, high = wilson(hits, total)
    return told | {
        "share": round(hits / total, 4), "low": round(low, 4), "high": round(high, 4), "few": total < SMALL,
    }  # fmt: skip


def precision(connection: Connection) -> dict[str, Any]:
    """Precision by finding code and by model pack, and what was closed in all."""
    endings = {row.ending: int(row.times) for row in connection.execute(_ALL)}
    return {
        "findings": _by_name(connection.execute(_FINDINGS)),
        "packs": _by_name(connection.execute(_PACKS)),
        "inspections": endings,
        "confirmed_without_finding": int(connection.execute(_SILENT).scalar_one()),
    }


def _by_name(rows: Any) -> dict[str, Any]:  # noqa: ANN401 - database rows
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.name, {})[row.ending] = int(row.times)
    return {name: counted(endings) for name, endings in sorted(found.items())}
