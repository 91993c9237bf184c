"""Corrections made by people, and a quick way to all entries of a label."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and the index."""
    op.add_column("history_entries", sa.Column("corrected", sa.Text))
    shown = sa.text("coalesce(corrected, label)")
    op.create_index(
        "history_entries_shown", "history_entries", [shown, "created", "id", "abstained"]
    )
