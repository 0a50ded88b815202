"""How many deletions and pictures of each device there were: a signed file beside the central's key.

Who changes the database alone cannot take out the end of a chain of deletions, or what was brought, unseen: the file
knows more. It is written after the commits that it tells of, so that after a crash it knows less, never more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from edge.storage.database import write_durably
from sync.central.central import Central
from sync.central.database import reading
from sync.central.tables import deletions, pictures
from sync.errors import DocumentRefused
from sync.protocol import SCHEMA, signed, verified

ENDS = "ends.json"
KIND = "sekisho-ends"


def begin(central: Central) -> None:
    """Write the file where there is none: with a new central, and once after an update that knows it."""
    if central.ends is not None and not central.ends.exists():
        _write(central, central.ends)


def keep(central: Central) -> None:
    """Write the file anew, unless it contradicts what lies here: then it stays, for `wrong` to tell of."""
    if central.ends is not None and not wrong(central):
        _write(central, central.ends)


def wrong(central: Central) -> list[tuple[str, str]]:
    """What the file knows and the database does not, as (device, sentence)."""
    if central.ends is None:
        return []
    try:
        known = verified(central.ends.read_bytes(), KIND, central.private.public_key())["devices"]
    except (OSError, DocumentRefused, KeyError) as error:
        message = f"{central.ends}: expected the ends of deletions, signed by this central, got {type(error).__name__}."
        return [("", message)]
    found = []
    with reading(central.engine) as connection:
        for device, told in sorted(known.items()):
            where = (deletions.c.device == device) & (deletions.c.number == told["deletions"])
            last = connection.execute(select(deletions.c.hash).where(where)).scalar()
            if told["deletions"] and last != told["hash"]:
                found.append(
                    (device, f"{device}: expected deletion {told['deletions']} as it was, got {last or 'none'}.")
                )
            of = select(func.count()).select_from(pictures).where(pictures.c.device == device)
            count = connection.execute(of).scalar_one()
            if count < told["pictures"]:
                found.append((device, f"{device}: expected {told['pictures']} pictures known or more, got {count}."))
    return found


def _write(central: Central, path: Path) -> None:
    devices: dict[str, dict[str, Any]] = {}
    with reading(central.engine) as connection:
        for row in connection.execute(
            select(pictures.c.device, func.count().label("count")).group_by(pictures.c.device)
        ):
            devices[row.device] = {"deletions": 0, "hash": "", "pictures": row.count}
        newest = select(deletions.c.device, func.max(deletions.c.number).label("number")).group_by(deletions.c.device)
        last = newest.subquery()
        on = (last.c.device == deletions.c.device) & (last.c.number == deletions.c.number)
        for row in connection.execute(select(deletions.c.device, deletions.c.number, deletions.c.hash).join(last, on)):
            none: dict[str, Any] = {"pictures": 0}
            devices[row.device] = devices.get(row.device, none) | {"deletions": row.number, "hash": row.hash}
    told = {"type": KIND, "schema": SCHEMA, "central": central.id, "made": central.stamp(), "devices": devices}
    write_durably(path, signed(told, central.private.sign, central.id))
