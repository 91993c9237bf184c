"""A study as one experiment of DVC."""

import os
import re
import subprocess
import sys
from itertools import count
from pathlib import Path

from ruamel.yaml import YAML

from canting.config.params import load
from canting.core import files, runtime
from canting.core.errors import CantingError
from canting.runs.study.changes import Changes, assigned, check, flat, read
from canting.runs.study.yaml_text import merged

FOLDER, PARAMS, DATA = Path("studies"), Path("params.yaml"), Path("data")


def listed(here: Path) -> str:
    """Return the studies of this repository, as named from `here`, with their first comments."""
    paths = sorted(FOLDER.glob("*.yaml"))
    if not paths:
        raise CantingError(
            f"`{FOLDER}/` should hold studies. Received: none. Write one: see docs/studies.md."
        )
    names = [os.path.relpath(path, here) for path in paths]
    width = max(map(len, names))
    lines = zip(names, map(_title, paths), strict=True)
    return "\n".join(f"{name:{width}}  {title}".rstrip() for name, title in lines)


def run(study: Path, assignments: list[str]) -> None:
    """Write the study's values into `params.yaml` and become `dvc exp run`.

    Nothing is changed where a value is wrong. Signals and the exit code are DVC's own, and what a
    killed call has finished is not done again by the next.
    """
    load(PARAMS)
    before = PARAMS.read_text(encoding="utf-8")
    changes = {**read(study), **assigned(assignments)}
    after = merged(before, changes)
    params = check(after, study)
    name = _free(re.sub(r"[^\w-]+", "-", study.stem), _taken())
    drawn = f" × {params.repeats} draws" if params.repeats > 1 else ""
    size = f"{len(params.scenarios())} scenarios × {params.folds} folds{drawn}"
    print(f"{name}: {size}. {_told(changes)}")
    print(*_others(changes), sep="\n", end="", flush=True)
    files.write_text(PARAMS, after)
    os.environ.update(runtime.QUIET)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    dvc = [sys.executable, "-m", "dvc"]
    pull = [*dvc, "pull", "--quiet", "data.dvc"]
    if not DATA.exists() and subprocess.run(pull, check=False).returncode:
        raise CantingError(
            f"`{DATA}/` is not there and could not be pulled. `canting doctor git data` says why."
        )
    os.execv(sys.executable, [*dvc, "exp", "run", "--name", name])


def _title(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ") if first.startswith("#") else ""


def _told(changes: Changes) -> str:
    lines = (f"  {key}: {value}" for key, value in changes.items())
    return "\n".join([f"It sets in {PARAMS}:", *lines])


def _others(changes: Changes) -> list[str]:
    """Say what an earlier study or a person has changed since the last commit."""
    committed = _git("show", f"HEAD:./{PARAMS}")
    if committed is None:
        return []
    yaml = YAML(typ="safe", pure=True)
    old, new = (flat(yaml.load(text)) for text in (committed, PARAMS.read_text(encoding="utf-8")))
    keys = ", ".join(key for key in new if old.get(key) != new[key] and key not in changes)
    advice = f"`git checkout {PARAMS}` first would undo that."
    return [f"Changed since the last commit, and kept: {keys}. {advice}\n"] if keys else []


def _taken() -> set[str]:
    refs = _git("for-each-ref", "--format=%(refname)", "refs/exps") or ""
    return {ref.rpartition("/")[2] for ref in refs.split()}


def _free(name: str, taken: set[str]) -> str:
    """Return the name, with a number where an experiment has it: none is overwritten."""
    numbered = (f"{name}-{number}" for number in count(2))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def _git(*arguments: str) -> str | None:
    try:
        return subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
