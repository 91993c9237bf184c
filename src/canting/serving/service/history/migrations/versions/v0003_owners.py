"""Who owns an entry, and the secret that signs who somebody is."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; entries that are there belong to nobody but the operator."""
    op.add_column("history_store", sa.Column("secret", sa.String(64)))
    store = sa.table("history_store", sa.column("secret"))
    op.execute(sa.update(store).values(secret=secrets.token_hex(32)))
    op.add_column("history_entries", sa.Column("owner", sa.String(64)))
    op.create_index("history_entries_owner", "history_entries", ["owner", "created", "id"])
