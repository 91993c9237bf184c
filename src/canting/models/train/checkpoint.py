"""The checkpoint file of a training."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from canting.core import files
from canting.core.cache import read_whole

Arrays = list[npt.NDArray[Any]]


class TrainingState(NamedTuple):
    """What a training needs to go on after so many `epochs`, as if it had never stopped.

    `variables` of the model, seeds included, and of its optimizer; `best` weights of an early
    stopping, with what it counts; curves by name; seconds and processor seconds until then.
    """

    epochs: int
    seconds: float
    cpu_seconds: float
    history: dict[str, list[float]]
    watched: dict[str, list[float]]
    stopping: dict[str, float]
    variables: Arrays
    best: Arrays


NOTHING = TrainingState(0, 0.0, 0.0, {}, {}, {}, [], [])


def note_epochs(state: Path, epochs: int) -> None:
    """Write the number of finished epochs beside a state, in a file that ends in `.epochs`."""
    files.write_text(_epochs_path(state), str(epochs))


def epochs_done(state: Path) -> int:
    """Return how many epochs of a running or killed training are done."""
    try:
        return int(_epochs_path(state).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _epochs_path(state: Path) -> Path:
    return state.with_suffix(".epochs")


def remove(state: Path) -> None:
    """Remove the state of a training that has ended."""
    state.unlink(missing_ok=True)
    _epochs_path(state).unlink(missing_ok=True)


def write(path: Path, state: TrainingState) -> None:
    """Write a state, whole or not at all."""
    told: dict[str, Any] = state._asdict()
    arrays = {name: told.pop(name) for name in ("variables", "best")}
    named = {f"{name}_{n}": array for name, many in arrays.items() for n, array in enumerate(many)}
    with files.replacing(path) as aside, aside.open("wb") as file:
        np.savez(file, told=np.array(json.dumps(told)), **named)


def read(path: Path) -> TrainingState:
    """Read a state; drop a damaged one with a warning. `NOTHING`: there is none."""
    return read_whole(path, _state) or NOTHING


def _state(path: Path) -> TrainingState:
    with path.open("rb") as file, np.load(file) as content:
        told = json.loads(str(content["told"]))
        return TrainingState(
            **told, variables=_many(content, "variables"), best=_many(content, "best")
        )


def _many(content: Any, name: str) -> Arrays:
    count = sum(key.startswith(f"{name}_") for key in content.files)
    return [content[f"{name}_{place}"] for place in range(count)]
