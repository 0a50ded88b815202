"""Sightings for boxes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sighting_head", sa.Column("one", sa.Integer(), primary_key=True), sa.Column("last", _NUMBER, nullable=False)
    )
    op.execute("INSERT INTO sighting_head (one, last) VALUES (1, 0)")
    op.create_table(
        "sighting_files",
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("first", _NUMBER, nullable=False),
        sa.Column("last", _NUMBER, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("replaced", sa.Text()),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
    )
