"""Results, code and parameters against `dvc.lock`, by the digests that DVC keeps there."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from canting.cli.doctor.finding import Finding, fine

LOCK = "dvc.lock"
RUN = "make repro"
SKIPPED = "__pycache__"
"""As in `.dvcignore`."""

Values = dict[str, object]
"""Values of parameters by their keys."""


class LockedPath(TypedDict):
    """A file or a folder as `dvc.lock` has it."""

    path: str
    md5: str


class LockedStage(TypedDict, total=False):
    """A stage as `dvc.lock` has it; parameters by the file that they lie in."""

    deps: list[LockedPath]
    outs: list[LockedPath]
    params: dict[str, Values]


def results(root: Path) -> Iterator[Finding]:
    """Tell which results are not those of `dvc.lock`, and which stages have changed since."""
    try:
        stages = YAML(typ="safe").load(root / LOCK)["stages"]
    except (OSError, TypeError, KeyError):
        yield Finding("results", "note", f"there is no `{LOCK}` yet", RUN)
        return
    except YAMLError:
        told = f"`{LOCK}` is damaged; git has the last intact version"
        yield Finding("results", "fix", told, f"git checkout -- {LOCK}")
        return
    yield from _compared(root, stages)


def _compared(root: Path, stages: dict[str, LockedStage]) -> Iterator[Finding]:
    other = [path for stage in stages.values() for path in _other(root, stage.get("outs", []))]
    names = {name for stage in stages.values() for name in stage.get("params", {})}
    params = {name: _params(root / name) for name in names}
    changed = [name for name, stage in stages.items() if _changed(root, stage, params)]
    if other:
        told = f"results differ from `{LOCK}`: {', '.join(other)}"
        yield Finding("results", "fix", told, RUN)
    if changed:
        told = f"code or parameters changed since the last run: {', '.join(changed)}"
        yield Finding("results", "note", told, RUN)
    if not other and not changed:
        yield fine("results", f"results, code and parameters match `{LOCK}`")


def _other(root: Path, outs: list[LockedPath]) -> list[str]:
    small = [out for out in outs if out["path"].startswith("results/")]
    return [out["path"] for out in small if md5(root / out["path"]) != out["md5"]]


def _changed(root: Path, stage: LockedStage, params: dict[str, Values]) -> bool:
    code = [dep for dep in stage.get("deps", []) if dep["path"].startswith(("src/", "stages/"))]
    if any(md5(root / dep["path"]) != dep["md5"] for dep in code):
        return True
    used = stage.get("params", {}).items()
    return any(params[name].get(key) != values[key] for name, values in used for key in values)


def _params(path: Path) -> Values:
    try:
        return dict(YAML(typ="safe").load(path))
    except (OSError, YAMLError, TypeError, ValueError):
        return {}


def md5(path: Path) -> str | None:
    """Return DVC's digest of a file or, ending in `.dir`, of a folder; None where it is absent."""
    if path.is_file():
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    if not path.is_dir():
        return None
    files = [one for one in path.rglob("*") if one.is_file() and SKIPPED not in one.parts]
    names = sorted(one.relative_to(path).as_posix() for one in files)
    listing = json.dumps([{"md5": md5(path / name), "relpath": name} for name in names])
    return hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest() + ".dir"
