"""DVC's queue of experiments: tasks and workers that died.

Each task and worker has a JSON file with its process and, once it has ended, its return code
(dvc_task/proc/process.py). A process that is dead but not yet buried counts as alive, as for DVC:
its commands would not fix it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil

from canting.cli.doctor.finding import Finding, Level, fine
from canting.cli.doctor.locks import TEMPORARY

QUEUE = TEMPORARY / "exps"


def experiments(root: Path) -> Iterator[Finding]:
    """Tell of experiments that failed, or are marked as running or queued without a process."""
    found = [*_tasks(root / QUEUE), *_waiting(root / QUEUE)]
    if found or (root / QUEUE).is_dir():
        yield from found or [fine("experiments", "no queued experiment is stuck")]


def _tasks(queue: Path) -> Iterator[Finding]:
    for path in sorted(queue.glob("run/*/*.json")):
        name, code = path.stem[:7], _process(path)[1]
        if code:
            told = f"experiment {name} of the queue failed, with exit code {code}"
            yield Finding("experiments", "note", told, f"dvc queue logs {name}")
        if _died(path):
            told = f"experiment {name} is marked as running, but its process is dead"
            yield Finding("experiments", "fix", told, f"dvc queue kill {name}")


def _waiting(queue: Path) -> Iterator[Finding]:
    queued = len(list(queue.glob("celery/broker/in/*.celery.msg")))
    workers = sorted(queue.glob("celery/dvc-exp-worker-*.json"))
    if not queued or any(_lives(path) for path in workers):
        return
    dead = any(map(_failed, workers))
    level: Level = "fix" if dead else "note"
    why = "their worker is dead" if dead else "no worker was started"
    yield Finding("experiments", level, f"queued experiments: {queued}; {why}", "dvc queue start")


def _lives(path: Path) -> bool:
    pid, code = _process(path)
    return code is None and pid is not None and psutil.pid_exists(pid)


def _failed(path: Path) -> bool:
    """Tell whether a worker was killed; the one that started it may have noted how."""
    return _died(path) or _process(path)[1] not in (None, 0)


def _died(path: Path) -> bool:
    pid, code = _process(path)
    return code is None and pid is not None and not psutil.pid_exists(pid)


def _process(path: Path) -> tuple[int | None, int | None]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return int(content["pid"]), content["returncode"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
