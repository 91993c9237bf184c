"""Add an entry: the picture first, then the row, and never one without the other."""

import math
import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Engine

from canting.serving.service.history import texts
from canting.serving.service.history.database import reading, writing
from canting.serving.service.history.entries import Entry, NewEntry
from canting.serving.service.history.errors import HistoryError, InvalidValue
from canting.serving.service.history.pictures import PictureStore
from canting.serving.service.history.tables import entries


def add(
    engine: Engine,
    pictures: PictureStore | None,
    new: NewEntry,
    content: bytes | None,
) -> Entry:
    """Keep an answer, and its picture if there is a place for it."""
    keeps = pictures is not None and content is not None
    entry = _made(new, has_picture=keeps)
    if pictures is None or content is None:
        _insert(engine, entry, 0)
        return entry
    with pictures.writing():
        pictures.write(entry.id, content)
        try:
            _insert(engine, entry, len(content))
        except HistoryError:
            if not _is_kept(engine, pictures, entry.id):
                raise
    return entry


def _made(new: NewEntry, *, has_picture: bool) -> Entry:
    _check(new)
    values = new._asdict()
    values["name"] = texts.name(new.name)
    values["probabilities"] = {label: float(one) for label, one in new.probabilities.items()}
    for name in ("probability", "distance"):
        values[name] = float(values[name])
    now = datetime.now(UTC)
    return Entry(
        id=uuid.uuid4().hex, created=now, corrected=None, has_picture=has_picture, **values
    )


def _check(new: NewEntry) -> None:
    for figure in (new.probability, new.distance, *new.probabilities.values()):
        if not math.isfinite(figure):
            raise InvalidValue(
                "`probability`, `probabilities` and `distance`: expected finite numbers. "
                f"Received: {figure}. Store only answers that a model gave."
            )
    for name in ("label", "reason", "model", "source"):
        if not texts.is_storable(text := getattr(new, name)):
            raise InvalidValue(f"`{name}`: expected text. Received: {text!a}. Correct it.")


def _insert(engine: Engine, entry: Entry, picture_bytes: int) -> None:
    row: dict[str, object] = {**entry._asdict(), "picture_bytes": picture_bytes}
    del row["has_picture"]
    with writing(engine) as connection:
        connection.execute(sa.insert(entries).values(row))


def _is_kept(engine: Engine, pictures: PictureStore, name: str) -> bool:
    """Return whether a commit that failed for us reached the database; if not, remove the picture.

    Where that cannot be asked, the picture is left to the sweep.
    """
    with reading(engine) as connection:
        kept = connection.scalar(sa.select(entries.c.id).where(entries.c.id == name)) is not None
    if not kept:
        pictures.remove([name])
    return kept
