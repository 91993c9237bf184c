"""Put the run into the outbox, and send what waits there to MLflow."""

import os
from pathlib import Path

from canting.config.stage import stage
from canting.core import files
from canting.runs.tracking import outbox, snapshot
from canting.runs.tracking.commands import TRACKED
from canting.runs.tracking.deliver import deliver

HOME = Path(os.environ.get("DVC_ROOT", "."))
"""The repository that an experiment beside it belongs to: its folder outlives the experiment."""

with stage("track") as params:
    if params.track.enabled:
        digest = outbox.put(Path(), HOME)
        delivery = deliver(HOME, params.track.seconds)
        files.write_json(TRACKED, {"digest": digest})
        print(f"track: {delivery}")
    else:
        files.write_json(TRACKED, {"digest": snapshot.digest(Path())})
