"""The last run that the stage `track` has seen, sent again on request."""

from pathlib import Path

from canting.config.stage import BUILD
from canting.core import files
from canting.runs.tracking import outbox, snapshot
from canting.runs.tracking.deliver import Delivery, deliver

TRACKED = BUILD / "tracked.json"
"""What the stage `track` writes: the digest of the run."""


def track(root: Path, seconds: float) -> Delivery:
    """Send what waits, and the run of the working tree where its stages have come to an end.

    What a server has is not sent again, so that a run can be brought to a second server too.
    """
    if _is_whole(root):
        outbox.put(root, root)
    return deliver(root, seconds)


def _is_whole(root: Path) -> bool:
    """Return whether parameters and results are those that the stage `track` saw together."""
    path = root / TRACKED
    if not path.is_file():
        return False
    return bool(files.read_json(path)["digest"] == snapshot.digest(root))
