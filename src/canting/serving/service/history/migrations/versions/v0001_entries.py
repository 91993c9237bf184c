"""Entries, and the name of the store."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    store = op.create_table("history_store", sa.Column("id", sa.String(32), primary_key=True))
    op.bulk_insert(store, [{"id": uuid.uuid4().hex}])
    op.create_table(
        "history_entries",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("probability", sa.Double, nullable=False),
        sa.Column("probabilities", sa.JSON, nullable=False),
        sa.Column("abstained", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("distance", sa.Double, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("picture_bytes", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
    )
    # Also holds what is counted and summed over all entries.
    columns = ["created", "id", "abstained", "picture_bytes"]
    op.create_index("history_entries_created", "history_entries", columns)
