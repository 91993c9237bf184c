"""Table definitions, as they are after the last migration."""

from datetime import UTC, datetime

import sqlalchemy as sa

HEAD = "0003"
"""The last migration."""

VERSION_TABLE = "history_version"


class Utc(sa.TypeDecorator[datetime]):
    """A time in UTC, also where the database knows no time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: sa.Dialect) -> datetime | None:
        """Turn any time zone into UTC."""
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _: sa.Dialect) -> datetime | None:
        """Name the time zone that the database has forgotten."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = sa.MetaData()

store = sa.Table(
    "history_store",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("secret", sa.String(64)),
)
"""One row: the folder of this database's pictures, so that no other sweeps them, and a secret."""

entries = sa.Table(
    "history_entries",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("created", Utc, nullable=False),
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
    sa.Column("corrected", sa.Text),
    sa.Column("owner", sa.String(64)),
    sa.Index("history_entries_created", "created", "id", "abstained", "picture_bytes"),
    sa.Index("history_entries_owner", "owner", "created", "id"),
)

shown = sa.func.coalesce(entries.c.corrected, entries.c.label)
"""The label that counts: a person's, else the model's."""

sa.Index("history_entries_shown", shown, entries.c.created, entries.c.id, entries.c.abstained)
