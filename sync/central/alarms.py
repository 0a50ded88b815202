"""What somebody must look at. The same alarm is raised once."""

from __future__ import annotations

from sqlalchemy import Connection, text

_RAISE = text(
    "INSERT INTO alarms (device, code, about, detail, raised) VALUES (:device, :code, :about, :detail, :raised)"
    " ON CONFLICT DO NOTHING"
)


def raise_alarm(connection: Connection, device: str, code: str, about: str, detail: str, now: str) -> None:  # noqa: PLR0917 - one column each
    """Note an alarm of `device`, unless it stands already."""
    told = {"device": device, "code": code, "about": about, "detail": detail, "raised": now}
    connection.execute(_RAISE, told)
