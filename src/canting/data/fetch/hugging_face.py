"""A data set of Hugging Face: pictures, archives of them, or Parquet files."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from canting.config.formats import recognised
from canting.core.errors import CantingError
from canting.core.names import ignored
from canting.data.fetch.folder import Folder
from canting.data.fetch.hub import HubFile, Repository, is_name, resolved
from canting.data.fetch.hub_download import Commit
from canting.data.fetch.names import listed
from canting.data.fetch.parquet import Parquet, split_of
from canting.data.fetch.parquet_columns import Picked, readme_features
from canting.data.fetch.retry import Retry
from canting.data.fetch.tar import Tar
from canting.data.fetch.zip import Zip

HANDLE = re.compile(
    r"hf:(?P<repository>[\w.-]+/[\w.-]+)(?P<folder>(?:/[^/@?\s]+)*)(?:@(?P<revision>[^@?\s]+))?"
    r"(?P<columns>(?:\?(?:image|label):[^?]+)*)",
    re.ASCII,
)
COMMIT = re.compile("[0-9a-f]{40}")

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
TABLES = (".csv", ".tsv")
README = "README.md"

Part = Folder | Zip | Tar | Parquet
Unpack = Callable[[Path, str], Zip | Tar]
"""Lists the pictures of an archive that messages call by the name."""


@dataclass(frozen=True)
class HuggingFace:
    """Pictures of a data set at one revision, the commit; `others` are files that are not read."""

    revision: str
    pictures: Mapping[PurePosixPath, int]
    folders: Collection[PurePosixPath]
    others: Mapping[PurePosixPath, str]
    _inner: Mapping[PurePosixPath, Part] = field(repr=False)

    @property
    def links(self) -> frozenset[PurePosixPath]:
        """None: those in the cache are not the user's."""
        return frozenset()

    def contents(
        self, paths: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Iterator[bytes]]]:
        """Yield each of the pictures with its bytes, part by part."""
        for base, source in self._inner.items():
            inside = {path.relative_to(base) for path in paths if path.is_relative_to(base)}
            for path, chunks in source.contents(
                inside & (source.pictures.keys() | source.others.keys())
            ):
                yield base / path, chunks


@dataclass(frozen=True)
class _Handle:
    """What a value of `fetch.source` names; `folder` may be a file of the repository too."""

    source: str
    repository: str
    folder: str
    revision: str | None
    picked: Picked


def downloaded(source: str, cache: Path, patience: Retry, unpack: Unpack) -> HuggingFace:
    """Return the pictures of `hf:owner/name[/folder][@revision]`, downloaded unless cached."""
    handle = _handle(source)
    cache = cache / handle.repository
    commit = Commit(_repository(handle), _commit(handle, cache, patience), source, cache)
    print(f"fetch: {source} is at revision {commit.commit}")
    chosen = _chosen(handle, commit.files(patience))
    kind, wanted = _layout(handle, chosen)
    commit.download(wanted, patience)
    inner = _OPENED[kind](handle, commit.root, _paths(wanted), unpack)
    left = dict.fromkeys(filter(_is_told, {*_paths(chosen)} - {*_paths(wanted)}), LEFT)
    for base, one in inner.items():
        left |= {base / path: reason for path, reason in one.others.items()}
    return HuggingFace(
        commit.commit,
        {base / path: size for base, one in inner.items() for path, size in one.pictures.items()},
        {base / path for base, one in inner.items() for path in (*one.folders, base)} - {TOP},
        left
        | {base / path: why for base, one in inner.items() for path, why in one.others.items()},
        inner,
    )


def _handle(source: str) -> _Handle:
    match = HANDLE.fullmatch(source)
    if match is None or not is_name(match["repository"]):
        raise CantingError(
            "`fetch.source` must be hf:owner/name, hf:owner/name@revision or "
            "hf:owner/name/folder@revision, with owner and name as in the address of the data "
            f"set's page. Received: {source!r}."
        )
    columns = dict(one.split(":", 1) for one in match["columns"].split("?")[1:])
    folder = match["folder"].strip("/")
    return _Handle(source, match["repository"], folder, match["revision"], Picked(**columns))


def _repository(handle: _Handle) -> Repository:
    return Repository(handle.repository, "dataset")


def _commit(handle: _Handle, cache: Path, patience: Retry) -> str:
    """Return the commit that is meant: one that is named in full needs no network."""
    if handle.revision and COMMIT.fullmatch(handle.revision):
        return handle.revision
    try:
        return resolved(_repository(handle), handle.revision, handle.source, patience)
    except CantingError as error:
        kept = sorted(path.parent.name for path in cache.glob("*/files.json"))
        if not kept:
            raise
        raise CantingError(
            f"{error} Kept here from before: {listed(kept)}; put @ and one of them into "
            "`fetch.source` to work without network."
        ) from None


def _chosen(handle: _Handle, files: Collection[HubFile]) -> list[HubFile]:
    """Return the files below the folder that is named, or the one file."""
    base = handle.folder
    chosen = [one for one in files if not base or f"{one.path}/".startswith(f"{base}/")]
    if base and not chosen:
        tops = {one.path.partition("/")[0] for one in files}
        raise CantingError(
            f"`{handle.source}` names the folder {base!r}, which the data set does not have. "
            f"It has: {listed(tops)}."
        )
    readme = [one for one in files if one.path == README and one not in chosen]
    return chosen + readme


def _layout(handle: _Handle, chosen: Collection[HubFile]) -> tuple[str, list[HubFile]]:
    """Return the one kind of files that holds the pictures, and the files to download."""
    found: dict[str, list[HubFile]] = {}
    for file in chosen:
        found.setdefault(_kind(PurePosixPath(file.path)), []).append(file)
    kinds = [kind for kind in _OPENED if kind in found]
    if len(kinds) != 1:
        raise _unclear(handle, {kind: _paths(files) for kind, files in found.items()})
    (kind,) = kinds
    beside = {PICTURE: (TABLE, UNNAMED), PARQUET: (DOCUMENT,)}.get(kind, ())
    return kind, [file for one in (kind, *beside) for file in found.get(one, [])]


PICTURE, ARCHIVE, PARQUET = "pictures", "archives", "Parquet files"
TABLE, UNNAMED, DOCUMENT, OTHER = "tables", "files without suffix", "a README", "other files"
LEFT = "was not downloaded: no picture is expected in it"
TOP = PurePosixPath()


def _kind(path: PurePosixPath) -> str:
    """Say what a file is by its name, as nothing of it is here yet."""
    suffix, name = path.suffix.lower(), path.name.lower()
    if any(map(ignored, path.parts)):
        return OTHER
    named = recognised(b"", path.name)
    if named and named.pipeline:
        return PICTURE
    if name.endswith(ARCHIVES):
        return ARCHIVE
    if suffix == ".parquet" and name != "metadata.parquet":
        return PARQUET
    if suffix in TABLES:
        return TABLE
    if str(path) == README:
        return DOCUMENT
    return OTHER if suffix or len(path.parts) == 1 else UNNAMED


def _unclear(handle: _Handle, found: Mapping[str, Collection[PurePosixPath]]) -> CantingError:
    there = "; ".join(f"{kind} ({_shown(paths)})" for kind, paths in found.items())
    kinds = f"{PICTURE}, {PARQUET} or {ARCHIVE}"
    if any(kind in found for kind in _OPENED):
        advice = (
            "Name the folder or the file to take in `fetch.source`: "
            f"hf:{handle.repository}/FOLDER[@revision]."
        )
    else:
        advice = (
            "Hugging Face may have converted it to Parquet; try "
            f"hf:{handle.repository}@refs/convert/parquet."
        )
    return CantingError(
        f"`{handle.source}` must hold {kinds}: one kind. Received: {there or 'no file'}. {advice}"
    )


def _shown(paths: Collection[PurePosixPath]) -> str:
    return f"{len(paths)}: {listed(map(str, paths))}"


def _paths(files: Collection[HubFile]) -> list[PurePosixPath]:
    return [PurePosixPath(file.path) for file in files]


def _is_told(path: PurePosixPath) -> bool:
    return str(path) != README and not any(map(ignored, path.parts))


Inner = dict[PurePosixPath, Part]
"""Sources by the folder below which their pictures appear."""


def _pictures(handle: _Handle, root: Path, *_: object) -> Inner:
    if (root / handle.folder).is_file():
        raise CantingError(f"`{handle.source}` names one picture. Name a folder with classes.")
    return {TOP: Folder(root / handle.folder)}


def _archives(handle: _Handle, root: Path, paths: list[PurePosixPath], unpack: Unpack) -> Inner:
    """List each archive; several appear as folders with their names."""
    sources = {path: unpack(root / path, f"{handle.source}: {path}") for path in sorted(paths)}
    if len(sources) == 1:
        return dict.fromkeys([TOP], *sources.values())
    bases = [*map(_base, sources)]
    distinct = len(set(bases)) == len(bases)
    return dict(zip(bases if distinct else sources, sources.values(), strict=True))


def _base(path: PurePosixPath) -> PurePosixPath:
    ending = next(one for one in ARCHIVES if path.name.lower().endswith(one))
    return path.with_name(path.name[: -len(ending)] or path.name)


def _parquet(handle: _Handle, root: Path, paths: list[PurePosixPath], _: Unpack) -> Inner:
    files = [path for path in paths if str(path) != README]
    folders = {split_of(path)[1] for path in files}
    if len(folders) > 1:
        choices = listed(f"hf:{handle.repository}/{folder}" for folder in folders - {TOP})
        raise CantingError(
            f"`{handle.source}` has Parquet files of several configurations. Name the folder or "
            f"the file to take in `fetch.source`, as one of: {choices}."
        )
    features = readme_features(root / README, str(*folders))
    return {TOP: Parquet(handle.source, root, files, handle.picked, features)}


_OPENED: dict[str, Callable[[_Handle, Path, list[PurePosixPath], Unpack], Inner]] = {
    PICTURE: _pictures,
    ARCHIVE: _archives,
    PARQUET: _parquet,
}
