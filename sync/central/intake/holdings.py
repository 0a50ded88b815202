"""What the central holds, for people: devices with their chains, and alarms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, func, select

from sync.central.database import reading
from sync.central.tables import alarms, entries, evidence, keys, ledgers, quarantine


def holdings(engine: Engine) -> dict[str, Any]:
    """Devices, their chains with the depth of the outbox as the box last told it, counts, alarms."""
    with reading(engine) as connection:
        chains: dict[str, list[dict[str, Any]]] = {}
        for row in connection.execute(select(ledgers).order_by(ledgers.c.device, ledgers.c.received)):
            told = {"ledger": row.ledger, "rows": row.seq, "behind": max(0, row.end_seq - row.seq)}
            chains.setdefault(row.device, []).append(told | {"last_contact": row.received})
        devices = [
            {"device": key.device, "port": key.port, "revoked": key.revoked, "chains": chains.get(key.device, [])}
            for key in connection.execute(select(keys).where(keys.c.reason != "replaced").order_by(keys.c.device))
        ]
        outcomes = connection.execute(
            select(entries.c.outcome, func.count()).where(entries.c.kind == "assessed").group_by(entries.c.outcome)
        )
        return {
            "devices": devices,
            "rows": sum(chain["rows"] for told in chains.values() for chain in told),
            "assessments": {row[0]: row[1] for row in outcomes},
            "pictures": connection.execute(select(func.count()).select_from(evidence)).scalar_one(),
            "quarantined": connection.execute(select(func.count()).select_from(quarantine)).scalar_one(),
            "alarms": [dict(row._mapping) for row in connection.execute(select(alarms).order_by(alarms.c.raised))],  # noqa: SLF001 - SQLAlchemy's public name
        }
