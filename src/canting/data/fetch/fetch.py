"""Fetch labelled pictures from their source to `build/raw/<label>/<file>`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from canting.config.sections import Fetch
from canting.core.files import replacing, write_text
from canting.data.fetch.classes import class_folders
from canting.data.fetch.copying import check_apart, copied, targets
from canting.data.fetch.digests import as_text, check_pin, of_text
from canting.data.fetch.source import Means, opened

USUAL = Means()


@dataclass(frozen=True)
class Fetched:
    """How many pictures each label has, and the digest of the list of them all."""

    pictures: Mapping[str, int]
    digest: str


def fetch(section: Fetch, target: Path, digests: Path, means: Means = USUAL) -> Fetched:
    """Copy the pictures of `section.source` to `target` and list their digests in `digests`.

    Both are whole, or what they were before. Raises `CantingError` for a source that cannot be
    had or is no collection of labelled pictures, and when `section.digest` pins other pictures.
    """
    check_apart(section.source, target)
    with opened(section.source, means) as source, replacing(target) as raw:
        names = targets(source.pictures, class_folders(source, section.classes))
        rows = sorted(copied(source, names, raw))
        text = as_text(rows)
        lists = means.cache / "digests"
        write_text(lists / f"{of_text(text)}.csv", text)
        check_pin(section.digest, text, [lists / f"{section.digest}.csv", digests])
        write_text(digests, text)
    return Fetched(Counter(row.path.partition("/")[0] for row in rows), of_text(text))
