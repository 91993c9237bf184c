"""Sources of pictures, recognised by the value of `fetch.source`."""

import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from canting.config.stage import CACHE
from canting.core.errors import CantingError
from canting.data.fetch.archive import OPENERS, naming_faults
from canting.data.fetch.folder import Folder
from canting.data.fetch.limits import Meter, UnpackLimits
from canting.data.fetch.retry import Retry
from canting.data.fetch.tar import Tar
from canting.data.fetch.zip import Zip


class Source(Protocol):
    """Labelled pictures, which are only read."""

    @property
    def pictures(self) -> Mapping[PurePosixPath, int]:
        """Size of every picture in bytes, by its path inside the source."""

    @property
    def folders(self) -> Collection[PurePosixPath]:
        """Every folder inside the source, empty ones too."""

    @property
    def others(self) -> Mapping[PurePosixPath, str]:
        """Why a file, or a hidden folder, is not read, by its path inside the source."""

    @property
    def links(self) -> Collection[PurePosixPath]:
        """Symbolic links, which were followed."""

    def contents(
        self, paths: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
        """Yield each of the files with its bytes, in whichever order is quickest to read."""


@dataclass(frozen=True)
class Means:
    """What fetching may use: where downloads are kept, how often to try, how much to unpack."""

    cache: Path = CACHE
    patience: Retry = field(default_factory=Retry)
    limits: UnpackLimits = field(default_factory=UnpackLimits)


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: how parameters and messages name it, and how it is opened.

    It is told by its `prefix`, or else by what is at the path: `holds`.
    """

    written: str
    words: str
    open: Callable[[str, Means], AbstractContextManager[Source]]
    prefix: str = ""
    holds: Callable[[Path], bool] = lambda _: False
    hint: str = ""


@contextmanager
def _folder(source: str, _: Means) -> Iterator[Source]:
    yield Folder(local(source))


@contextmanager
def _archive(source: str, means: Means) -> Iterator[Source]:
    yield _unpacked(local(source), source, means.limits)


@contextmanager
def _kaggle(source: str, means: Means) -> Iterator[Source]:
    from canting.data.fetch import kaggle

    with kaggle.downloaded(source, means.cache / "kaggle", means.patience) as file:
        yield _unpacked(file, source, means.limits)


@contextmanager
def _hugging_face(source: str, means: Means) -> Iterator[Source]:
    from canting.data.fetch import hugging_face

    def unpack(file: Path, name: str) -> Zip | Tar:
        return _unpacked(file, name, means.limits)

    yield hugging_face.downloaded(source, means.cache / "hf", means.patience, unpack)


SOURCES = (
    SourceKind("a folder", "a folder", _folder, holds=Path.is_dir),
    SourceKind(
        "a .zip or .tar",
        "an archive (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz)",
        _archive,
        holds=Path.is_file,
    ),
    SourceKind(
        "kaggle:owner/slug[/versions/N]",
        "kaggle:owner/slug",
        _kaggle,
        prefix="kaggle:",
        hint="a data set of Kaggle is written kaggle:owner/slug",
    ),
    SourceKind(
        "hf:owner/name[/folder][@revision]",
        "hf:owner/name",
        _hugging_face,
        prefix="hf:",
        hint="a data set of Hugging Face is written hf:owner/name",
    ),
)
"""Every kind; `written` is how the comment in `params.yaml` has it."""


@contextmanager
def opened(source: str, means: Means) -> Iterator[Source]:
    """Yield the pictures of a value of `fetch.source`; raise `CantingError` for an invalid one."""
    with _kind(source).open(source, means) as found:
        yield found


def _kind(source: str) -> SourceKind:
    for kind in SOURCES:
        if kind.prefix and source.startswith(kind.prefix):
            return kind
    path = local(source)
    for kind in SOURCES:
        if kind.holds(path):
            return kind
    raise _absent(source)


def local(source: str) -> Path:
    """Return the path that a value of `fetch.source` names, whether or not something is there."""
    try:
        path = Path(source).expanduser()
        path.resolve().exists()
    except (OSError, RuntimeError, ValueError):
        raise _absent(source) from None
    return path


def _unpacked(path: Path, name: str, limits: UnpackLimits) -> Zip | Tar:
    """List the pictures of an archive that messages call `name`; refuse a hostile or broken one."""
    meter = Meter(name, path.stat().st_size, limits)
    with naming_faults(name), path.open("rb") as file:
        start = file.read(8)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Zip(path, meter)
    opener: Callable[..., Any] = nullcontext
    for magic in OPENERS:
        opener = OPENERS[magic] if start.startswith(magic) else opener
    return Tar(path, meter, opener)


def _absent(source: str) -> CantingError:
    if source == "data":
        return CantingError(
            "`fetch.source` is `data`, and there is no folder `data` here. "
            "Run `dvc pull` or `make repro` to bring the pictures that `data.dvc` pins, "
            "or put your own there as data/<class>/<picture>."
        )
    if _in_experiment() and not Path(source).is_absolute():
        return CantingError(
            f"`fetch.source` is the relative path {source!r}, and an experiment of `--queue` or "
            f"`--temp` runs in a folder of its own, where nothing is there. Set an absolute path: "
            f'`dvc exp run --queue -S fetch.source="$(realpath {shlex.quote(source)})"`.'
        )
    return CantingError(
        f"`fetch.source` must be {_kinds()}. Received: {source!r}, and nothing is there. "
        f"{_hint(source)}"
    )


def _in_experiment() -> bool:
    """Tell whether DVC runs this in a copy of the project, below `.dvc/tmp/exps`."""
    return "/.dvc/tmp/exps/" in f"{Path.cwd().as_posix()}/"


def _kinds() -> str:
    *most, last = (kind.words for kind in SOURCES)
    return f"{', '.join(most)} or {last}"


def _hint(source: str) -> str:
    services = "|".join(kind.prefix.rstrip(":") for kind in SOURCES if kind.prefix)
    if "://" in source or re.search(rf"\b({services})\b", source.casefold()):
        return f"{'; '.join(['Addresses are not opened', *(k.hint for k in SOURCES if k.hint)])}."
    return "Check the path."
