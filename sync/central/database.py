"""The central's database: SQLite in one file for a first look, PostgreSQL for real, one code path.

A transaction that writes takes SQLite's write lock as it begins; on PostgreSQL it runs READ COMMITTED and locks rows by
`FOR UPDATE`, which a distributed PostgreSQL takes too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import Table

_READS = "sekisho_reads"
_POOL = 8


def opened(url: str) -> Engine:
    """An engine for "sqlite:///FILE" or "postgresql+psycopg://...". Nothing is connected yet.

    Raises:
        sqlalchemy.exc.ArgumentError: it is no such address.
    """
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=_POOL, max_overflow=_POOL, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": 30.0})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
        connection.isolation_level = None  # SQLAlchemy's BEGIN below is the only one
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def migrate(engine: Engine) -> None:
    """Bring the tables to this version. Safe to repeat; what is there stays."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads."""
    with engine.connect().execution_options(**{_READS: True}) as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: durable when the block is left, undone when it raises."""
    with engine.begin() as connection:
        yield connection


def copy(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert whole rows in the order of the table's columns: by COPY on PostgreSQL.

    Raises:
        sqlalchemy.exc.OperationalError: the database ended, or is full.
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        names = [column.name for column in table.columns]
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])
        return
    driver: Any = connection.connection.driver_connection
    sql = f"COPY {table.name} FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copying:
            for row in rows:
                copying.write_row(row)
    except connection.dialect.loaded_dbapi.OperationalError as error:
        raise OperationalError(sql, None, error) from error  # as SQLAlchemy says it of everything else
