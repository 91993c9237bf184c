"""Put the run into the outbox, and send what waits there to MLflow."""

import os
from pathlib import Path

from canting.config.stage import stage
from canting.core import files
from canting.runs.tracking import outbox, snapshot
from canting.runs.tracking.commands import TRACKED
from canting.runs.tracking.deliver import deliver


def main() -> None:
    with stage("track") as params:
        if params.track.enabled:
            # An experiment runs beside its repository, whose folder outlives it.
            home = Path(os.environ.get("DVC_ROOT", "."))
            digest = outbox.put(Path(), home)
            delivery = deliver(home, params.track.seconds)
            files.write_json(TRACKED, {"digest": digest})
            print(f"track: {delivery}")
        else:
            files.write_json(TRACKED, {"digest": snapshot.digest(Path())})


if __name__ == "__main__":
    main()
