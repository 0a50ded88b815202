"""Webhooks for port systems."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "webhooks",
        sa.Column("name", sa.Text(), primary_key=True),
        *_texts("url", "token"),
        sa.Column("private", sa.Boolean(), nullable=False),
        *_texts("kind", "outcome"),
        sa.Column("cursor", _NUMBER, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        *_texts("due", "created"),
        sa.Column("stopped", sa.Text()),
    )
    op.create_table(
        "webhook_letters",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("cursor", _NUMBER, primary_key=True),
        *_texts("answer"),
        sa.Column("tries", sa.Integer(), nullable=False),
        *_texts("noted"),
    )
