"""DVC's locks: broken, left behind, or held by a process that lives.

`rwlock` names who reads and writes what, as JSON; DVC drops the entries of dead processes by itself
but refuses a file that it cannot read. `lock` is held by the kernel and falls with its process,
except with `core.hardlink_lock`: there the file is the lock, does not say whose it is, and stays
for a year (dvc/lock.py, dvc/rwlock.py).
"""

import json
from collections.abc import Iterator
from configparser import ConfigParser, Error
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from canting.cli.doctor.finding import Finding, fine

TEMPORARY = Path(".dvc") / "tmp"


def locks(root: Path) -> Iterator[Finding]:
    """Tell of each lock that stops DVC, and of the commands that are running."""
    found = [*_rwlocks(root), *_hard_locks(root)]
    yield from found or [fine("locks", "no lock of DVC is broken or left behind")]


def _rwlocks(root: Path) -> Iterator[Finding]:
    for name in (TEMPORARY / "rwlock", TEMPORARY / "exps" / "rwlock"):
        if not (root / name).is_file():
            continue
        holders = read(root / name)
        if holders is None:
            told = f"`{name}` is damaged, so that every command of DVC fails"
            yield Finding("locks", "fix", told, f"rm {name}")
        for pid, command in sorted((holders or {}).items()):
            if psutil.pid_exists(pid):
                yield Finding("locks", "note", f"process {pid} is running: {command}")


def read(path: Path) -> dict[int, str] | None:
    """Return the processes that an `rwlock` names and their commands; None where it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        unknown = set(content) - {"read", "write"}
        infos = [*content.get("write", {}).values()]
        infos += [info for one in content.get("read", {}).values() for info in one]
        return None if unknown else dict(map(_holder, infos))
    except (ValueError, TypeError, AttributeError, KeyError):
        return None


def _holder(info: Any) -> tuple[int, str]:
    if set(info) != {"pid", "cmd"} or type(info["pid"]) is not int or type(info["cmd"]) is not str:
        raise ValueError(info)
    return info["pid"], info["cmd"]


def _hard_locks(root: Path) -> Iterator[Finding]:
    if not _hard_locking(root) or _is_running(root):
        return
    for name in (TEMPORARY / "lock", TEMPORARY / "rwlock.lock"):
        if (root / name).exists():
            told = f"`{name}` is locked, but no DVC process is running here"
            yield Finding("locks", "fix", told, f"rm {name}")


def _hard_locking(root: Path) -> bool:
    """Tell whether `core.hardlink_lock` is on; DVC's files are those of `configparser`."""
    config = ConfigParser(strict=False)
    try:
        config.read([root / ".dvc" / "config", root / ".dvc" / "config.local"], encoding="utf-8")
        return config.getboolean("core", "hardlink_lock", fallback=False)
    except (Error, ValueError):
        return False


def _is_running(root: Path) -> bool:
    folder = root.resolve()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if "dvc" in " ".join(process.cmdline()) and Path(process.cwd()).is_relative_to(folder):
                return True
    return False
