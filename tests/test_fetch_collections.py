"""Several collections: each may have few classes, and a fault in one is named with it."""

from pathlib import Path

import pytest

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data.fetch.fetch import Fetched, fetch
from canting.data.fetch.source import Means
from tests.test_fetch_folder import plant


def brought(tmp_path: Path, *names: str) -> Fetched:
    """Fetch the folders of these names together."""
    sources = [{"name": name, "source": str(tmp_path / name)} for name in names]
    section = Fetch.model_validate({"source": sources, "digest": None})
    build = tmp_path / "build"
    return fetch(section, build / "raw", build / "digests.csv", Means(tmp_path / "cache"))


def test_a_collection_may_have_one_class(tmp_path: Path) -> None:
    plant(tmp_path / "a", "cat/1.jpg")
    plant(tmp_path / "b", "dog/1.jpg", "dog/2.jpg")
    assert brought(tmp_path, "a", "b").pictures == {"cat": 1, "dog": 2}


def test_all_together_have_two(tmp_path: Path) -> None:
    plant(tmp_path / "a", "cat/1.jpg")
    plant(tmp_path / "b", "cat/2.jpg")
    with pytest.raises(CantingError, match=r"two classes.*only: 'cat'\. Add"):
        brought(tmp_path, "a", "b")


def test_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    plant(tmp_path / "a", "cat/1.jpg", "dog/1.jpg")
    with pytest.raises(CantingError, match=r"In the collection 'b': .*nothing is there"):
        brought(tmp_path, "a", "b")
