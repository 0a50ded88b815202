"""Retention, erasure, proof at rest, disclosure."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "named",
        sa.Column("device", sa.Text(), primary_key=True),
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("inspection", sa.Text(), primary_key=True),
        sa.Column("nominal", sa.Boolean(), nullable=False),
    )
    op.create_index("named_by_inspection", "named", ["device", "inspection"])
    op.create_table(
        "watched",
        sa.Column("device", sa.Text(), primary_key=True),
        sa.Column("inspection", sa.Text(), primary_key=True),
        sa.Column("look_at", sa.Text(), nullable=False),
    )
    op.create_index("watched_by_look", "watched", ["look_at"])
    op.create_table(
        "watch_marks",
        sa.Column("device", sa.Text(), primary_key=True),
        sa.Column("ledger", sa.Text(), primary_key=True),
        sa.Column("seq", _NUMBER, nullable=False),
    )
    op.create_table(
        "holds",
        sa.Column("device", sa.Text(), primary_key=True),
        sa.Column("inspection", sa.Text(), primary_key=True),
        sa.Column("placed", sa.Text(), primary_key=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lifted", sa.Text()),
    )
    op.create_table(
        "deletions",
        sa.Column("device", sa.Text(), primary_key=True),
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
    )
    op.create_table(
        "going",
        sa.Column("sha256", sa.Text(), primary_key=True),
    )
    op.create_table(
        "orders",
        sa.Column("device", sa.Text(), primary_key=True),
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("inspection", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
    )
    op.create_table(
        "checked",
        sa.Column("device", sa.Text(), primary_key=True),
        sa.Column("ledger", sa.Text(), primary_key=True),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
    )
    op.create_table(
        "disclosures",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("corrects", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
    )
