"""What was deleted is remembered, and when retention and proof ran last."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_GONE = sa.text(
    "INSERT INTO pictures (device, sha256, size, deletion, deleted) VALUES (:device, :sha256, 0, :number, :made)"
    " ON CONFLICT (device, sha256) DO UPDATE SET deletion=excluded.deletion, deleted=excluded.deleted"
)
_BROUGHT = sa.text(
    "INSERT INTO pictures (device, sha256, size, deletion, deleted) SELECT device, sha256, size, 0, '' FROM evidence"
    " WHERE true ON CONFLICT (device, sha256) DO UPDATE SET size=excluded.size, deletion=0, deleted=''"
)


def upgrade() -> None:
    """Make the tables, and take in what earlier deletions name."""
    op.create_table(
        "pictures",
        sa.Column("device", sa.Text(), primary_key=True),
        sa.Column("sha256", sa.Text(), primary_key=True),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("deletion", _NUMBER, nullable=False),
        sa.Column("deleted", sa.Text(), nullable=False),
    )
    op.create_table("runs", sa.Column("what", sa.Text(), primary_key=True), sa.Column("at", sa.Text(), nullable=False))
    found = op.get_bind().execute(sa.text("SELECT device, number, document, made FROM deletions ORDER BY number"))
    for row in found.all():
        for sha256, _ in json.loads(row.document)["signed"]["pictures"]:
            told = {"device": row.device, "sha256": sha256, "number": row.number, "made": row.made}
            op.get_bind().execute(_GONE, told)
    op.execute(_BROUGHT)
