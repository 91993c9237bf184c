"""Check a history without changing it."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Engine

from canting.serving.service.history import upkeep
from canting.serving.service.history.database import connect, reading
from canting.serving.service.history.migrate import require_newest
from canting.serving.service.history.opening import check, pictures_of
from canting.serving.service.history.pictures import PictureStore
from canting.serving.service.history.tables import entries


class Examined(NamedTuple):
    """What a history holds.

    `lost` are the ids of entries whose picture is gone or cut off, `orphans` those of pictures
    without an entry, which the next start removes.
    """

    entries: int
    corrected: int
    picture_bytes: int
    lost: tuple[str, ...]
    orphans: tuple[str, ...]


def examine(url: str, pictures: str | None) -> Examined:
    """Count what a history holds; raise `HistoryError` where it is damaged, old or absent."""
    engine = connect(url, make=False)
    try:
        require_newest(engine)
        check(engine, whole=True)
        places = pictures_of(engine, pictures)
        orphans = () if places is None else tuple(upkeep.orphans(engine, places))
        return _counted(engine)._replace(lost=_lost(engine, places), orphans=orphans)
    finally:
        engine.dispose()


def _counted(engine: Engine) -> Examined:
    counts = sa.select(
        sa.func.count(),
        sa.func.count(entries.c.corrected),
        sa.func.coalesce(sa.func.sum(entries.c.picture_bytes), 0),
    ).select_from(entries)
    with reading(engine) as connection:
        total, corrected, picture_bytes = connection.execute(counts).one()
    return Examined(total, corrected, int(picture_bytes), (), ())


def _lost(engine: Engine, pictures: PictureStore | None) -> tuple[str, ...]:
    if pictures is None:
        return ()
    has_picture = sa.select(entries.c.id, entries.c.picture_bytes).where(
        entries.c.picture_bytes > 0
    )
    with reading(engine) as connection:
        rows = connection.execute(has_picture).all()
    sizes = pictures.sizes()
    return tuple(sorted(name for name, size in rows if sizes.get(name) != size))
