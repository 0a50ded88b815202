"""Certificates that were issued, rows that came after a loss, boxes that were retired."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), primary_key=key, nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables. Boxes that were enrolled before renew into them."""
    op.create_table(
        "certificates", *_texts("serial", key=True), *_texts("key", "follows", "document", "issued", "expires")
    )
    op.create_index("certificates_by_key", "certificates", ["key"])
    op.create_table(
        "doubted",
        *_texts("device", "ledger", key=True),
        sa.Column("first", _NUMBER, nullable=False),
        sa.Column("last", _NUMBER, nullable=False),
        *_texts("since", "reason", "noted"),
    )
    op.create_table("retirements", *_texts("hash", key=True), *_texts("device", "document", "received"))
