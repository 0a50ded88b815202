"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PARTITIONS = 16
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), primary_key=key, nullable=False) for name in names]


def _chain() -> list[sa.Column[str]]:
    return _texts("device", "ledger", key=True)


def _seq() -> sa.Column[int]:
    return sa.Column("seq", _NUMBER, primary_key=True)


def upgrade() -> None:
    """Make them; on PostgreSQL rows and personal values in partitions by device."""
    op.create_table(
        "keys",
        *_texts("key", key=True),
        *_texts("device", "port", "public_key", "certificate", "expires"),
        sa.Column("revoked", sa.Text()),
        *_texts("reason"),
    )
    op.create_index("keys_by_device", "keys", ["device"])
    op.create_table(
        "enrolments",
        *_texts("secret", key=True),
        *_texts("device", "port", "expires"),
        sa.Column("used_by", sa.Text()),
    )
    op.create_table(
        "clients",
        *_texts("token", key=True),
        *_texts("name"),
        sa.Column("nominal", sa.Boolean(), nullable=False),
        *_texts("ports"),
        sa.Column("revoked", sa.Text()),
    )
    op.create_table(
        "ledgers",
        *_chain(),
        *_texts("founding"),
        sa.Column("seq", _NUMBER, nullable=False),
        *_texts("hash"),
        sa.Column("end_seq", _NUMBER, nullable=False),
        *_texts("received"),
    )
    by_device = "HASH (device)"
    op.create_table(
        "entries",
        *_chain(),
        _seq(),
        *_texts("hash", "kind", "inspection", "port", "outcome", "header", "body"),
        postgresql_partition_by=by_device,
    )
    op.create_table(
        "personal",
        *_chain(),
        _seq(),
        *_texts("name", key=True),
        *_texts("salt", "value"),
        postgresql_partition_by=by_device,
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in ("entries", "personal"):
            for part in range(_PARTITIONS):
                op.execute(
                    f"CREATE TABLE {table}_{part} PARTITION OF {table}"
                    f" FOR VALUES WITH (MODULUS {_PARTITIONS}, REMAINDER {part})"
                )
    op.create_index("entries_by_inspection", "entries", ["device", "inspection"])
    op.create_table("heads", *_chain(), _seq(), *_texts("document", "received"))
    op.create_table(
        "quarantine",
        *_chain(),
        _seq(),
        *_texts("hash", key=True),
        *_texts("header", "body", "document", "received"),
    )
    op.create_table("alarms", *_texts("device", "code", "about", key=True), *_texts("detail", "raised"))
    op.create_table(
        "feed_head", sa.Column("one", sa.Integer(), primary_key=True), sa.Column("last", _NUMBER, nullable=False)
    )
    op.execute("INSERT INTO feed_head (one, last) VALUES (1, 0)")
    op.create_table("feed_marks", *_chain(), sa.Column("seq", _NUMBER, nullable=False))
    op.create_table(
        "feed",
        sa.Column("first", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("count", sa.Integer(), nullable=False),
        *_texts("device", "ledger"),
        sa.Column("seq_from", _NUMBER, nullable=False),
    )
    op.create_table(
        "evidence",
        *_texts("device", "sha256", key=True),
        *_texts("media_type"),
        sa.Column("size", _NUMBER, nullable=False),
        *_texts("received"),
    )
