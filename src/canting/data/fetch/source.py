"""Sources of pictures, recognised by the value of `fetch.source`."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from canting.config.stage import CACHE
from canting.core.errors import CantingError
from canting.data.fetch import archive
from canting.data.fetch.folder import Folder
from canting.data.fetch.limits import UnpackLimits
from canting.data.fetch.retry import Retry

KINDS = "a folder, an archive (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz) or kaggle:owner/slug"


class Source(Protocol):
    """Labelled pictures that are only read; hidden files and other formats are left out."""

    @property
    def pictures(self) -> Mapping[PurePosixPath, int]:
        """Size of every picture in bytes, by its path inside the source."""

    @property
    def folders(self) -> Collection[PurePosixPath]:
        """Every folder inside the source, empty ones too."""

    def contents(
        self, paths: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
        """Yield each of the pictures with its bytes, in whichever order is quickest to read."""


@dataclass(frozen=True)
class Means:
    """What fetching may use: where downloads are kept, how often to try, how much to unpack."""

    cache: Path = CACHE
    patience: Retry = field(default_factory=Retry)
    limits: UnpackLimits = field(default_factory=UnpackLimits)


@contextmanager
def opened(source: str, means: Means) -> Iterator[Source]:
    """Yield the pictures of a value of `fetch.source`; raise `CantingError` for an invalid one."""
    if source.startswith("kaggle:"):
        from canting.data.fetch import kaggle

        with kaggle.downloaded(source, means.cache / "kaggle", means.patience) as file:
            yield archive.read(file, source, means.limits)
        return
    path = local(source)
    if path.is_dir():
        yield Folder(path)
    elif path.is_file():
        yield archive.read(path, source, means.limits)
    else:
        raise _absent(source)


def local(source: str) -> Path:
    """Return the path that a value of `fetch.source` names, whether or not something is there."""
    try:
        path = Path(source).expanduser()
        path.resolve().exists()
    except (OSError, RuntimeError, ValueError):
        raise _absent(source) from None
    return path


def _absent(source: str) -> CantingError:
    if source == "data":
        return CantingError(
            "`fetch.source` is `data`, and there is no folder `data` here. "
            "Run `dvc pull` or `make repro` to bring the pictures that `data.dvc` pins, "
            "or put your own there as data/<class>/<picture>."
        )
    hint = "Check the path."
    if "://" in source or "kaggle" in source.casefold():
        hint = "Addresses are not opened; a data set of Kaggle is written kaggle:owner/slug."
    return CantingError(
        f"`fetch.source` must be {KINDS}. Received: {source!r}, and nothing is there. {hint}"
    )
