"""Where each picture goes: `<label>/<file>`, two never on one name."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from canting.core.errors import CantingError
from canting.fetch.classes import Labels
from canting.fetch.paths import check_name, composed, key

Names = dict[PurePosixPath, str]
"""What each picture is written as, by its path inside the source."""


def targets(pictures: Iterable[PurePosixPath], labels: Labels) -> Names:
    """Return `<label>/<file>` for every picture in a class folder, whatever order they come in."""
    together = defaultdict(list)
    for path in sorted(pictures):
        if path.parent in labels:
            check_name(path.name, f"A picture of class {labels[path.parent]!r}")
            together[labels[path.parent]].append(path)
    return {
        path: f"{label}/{name}"
        for label, paths in sorted(together.items())
        for path, name in _file_names(paths).items()
    }


def _file_names(paths: list[PurePosixPath]) -> Names:
    """Keep names that only one picture has; put the folder before those that several have."""
    _check_twins(paths)
    count = Counter(key(path.name) for path in paths)
    names = {path: composed(path.name) for path in paths if count[key(path.name)] == 1}
    taken = set(map(key, names.values()))
    folders = {path.parent for path in paths}
    for path in paths:
        if path not in names:
            names[path] = _free(f"{_prefix(path.parent, folders)}-{path.name}", taken)
            taken.add(key(names[path]))
    return names


def _check_twins(paths: list[PurePosixPath]) -> None:
    seen: dict[tuple[PurePosixPath, str], PurePosixPath] = {}
    for path in paths:
        twin = seen.setdefault((path.parent, key(path.name)), path)
        if twin != path:
            raise CantingError(
                f"The names of the pictures {str(twin)!a} and {str(path)!a} differ only "
                "by case or Unicode form, and not every file system holds both. Rename one."
            )


def _prefix(folder: PurePosixPath, folders: Collection[PurePosixPath]) -> str:
    """Return what tells a folder from the others of its label: its split, its name, or both."""
    parts = (folder.parent.name, folder.name)
    differs = [len({path.parent for path in folders}) > 1, len({path.name for path in folders}) > 1]
    return "-".join(part for part, needed in zip(parts, differs, strict=True) if needed and part)


def _free(name: str, taken: Collection[str]) -> str:
    path = PurePosixPath(composed(name))
    candidate, number = path.name, 1
    while key(candidate) in taken:
        number += 1
        candidate = f"{path.stem}-{number}{path.suffix}"
    return candidate
