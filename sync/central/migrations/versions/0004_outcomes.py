"""Outcomes of inspections, answers to questions, and who may give them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), primary_key=key, nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "speakers",
        *_texts("token", key=True),
        *_texts("name", "role", "scope"),
        sa.Column("revoked", sa.Text()),
    )
    op.create_table(
        "outcomes",
        *_texts("id", key=True),
        *_texts("device", "inspection", "ending", "decided", "reference", "corrects", "name", "role", "received"),
        *_texts("document"),
    )
    op.create_index("outcomes_once", "outcomes", ["device", "inspection", "corrects"], unique=True)
    op.create_table("outcome_findings", *_texts("outcome", "code", "pack", key=True))
    op.create_table(
        "answers",
        *_texts("id", key=True),
        *_texts("device", "ledger"),
        sa.Column("seq", _NUMBER, nullable=False),
        *_texts("inspection", "gtins", "question", "text", "valid_to", "corrects", "name", "role", "answered"),
        *_texts("document"),
    )
    op.create_index("answers_once", "answers", ["device", "ledger", "seq", "corrects"], unique=True)
    question = sa.text("kind = 'question'")
    op.create_index("entries_questions", "entries", ["device", "seq"], postgresql_where=question, sqlite_where=question)
