"""Tokens of readers and speakers may end by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; tokens from before have no end."""
    for table in ("clients", "speakers"):
        op.add_column(table, sa.Column("expires", sa.Text()))
