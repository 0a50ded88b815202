"""What the fleet page shows."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), primary_key=key, nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables."""
    op.create_table("box_status", *_texts("device", key=True), *_texts("document", "received"))
    op.create_table(
        "fleet_head", sa.Column("one", sa.Integer(), primary_key=True), sa.Column("last", _NUMBER, nullable=False)
    )
    op.execute("INSERT INTO fleet_head (one, last) VALUES (1, 0)")
    op.create_table("fired", *_texts("device", "inspection", "code", key=True), *_texts("day", "decision"))
    op.create_index("fired_by_inspection", "fired", ["inspection"])
    op.create_index("fired_by_day", "fired", ["day"])
    count = sa.Column("count", _NUMBER, nullable=False)
    op.create_table("rule_days", *_texts("device", "day", "code", "decision", key=True), count)
    op.create_table(
        "score_days",
        *_texts("device", "day", "pack", key=True),
        sa.Column("bin", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("count", _NUMBER, nullable=False),
    )
