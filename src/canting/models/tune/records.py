"""Records of the trials of a search, saved as they end, so that a killed search resumes."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from canting.config.metrics import sign
from canting.config.tune import Setting
from canting.core import files
from canting.core.cache import read_whole

Rung = tuple[int, float]
"""Epochs, and the inner score after them: NaN where a loss was not finite."""

Curves = dict[str, list[float]]
"""Loss and accuracy after each epoch, on the training and on the test part."""


class Trial(NamedTuple):
    """A setting that was tried.

    `state` is complete, pruned or failed; `seconds` are of wall clock and of the processor.
    """

    setting: Setting
    rungs: list[Rung]
    state: str
    seconds: float
    cpu_seconds: float

    @property
    def epochs(self) -> int:
        """Epochs that were trained; all inner folds count as one."""
        return self.rungs[-1][0]

    @property
    def score(self) -> float:
        """The last inner score; NaN where a loss was not finite."""
        return self.rungs[-1][1]


class TunedSetting(NamedTuple):
    """The best trial's setting, trained on the whole training part, scored on the outer test part.

    Scores are NaN where it diverged.
    """

    trial: int
    scores: dict[str, float]
    curves: Curves
    seconds: float
    cpu_seconds: float


class SearchRecord:
    """What is kept of one search, in one file."""

    def __init__(self, path: Path) -> None:
        """Read what is there; drop a damaged file with a warning."""
        self._path = path
        self.trials, self.tuned = read_whole(path, _read) or ([], None)

    def trial(self, number: int, setting: Setting) -> Trial | None:
        """Return a kept trial; what does not follow from the proposals is dropped from there on."""
        if number < len(self.trials) and self.trials[number].setting != setting:
            del self.trials[number:]
        return self.trials[number] if number < len(self.trials) else None

    def add(self, trial: Trial) -> None:
        """Keep a trial that ended."""
        self.trials.append(trial)
        self._write()

    def end(self, tuned: TunedSetting) -> None:
        """Save the result of the best trial."""
        self.tuned = tuned
        self._write()

    def _write(self) -> None:
        tuned = self.tuned._asdict() if self.tuned else None
        content = {"trials": [trial._asdict() for trial in self.trials], "tuned": tuned}
        files.write_text(self._path, json.dumps(content))


def _read(path: Path) -> tuple[list[Trial], TunedSetting | None]:
    content = files.read_json(path)
    trials = [_trial(**kept) for kept in content["trials"]]
    return trials, TunedSetting(**content["tuned"]) if content["tuned"] else None


def _trial(rungs: list[list[float]], **others: Any) -> Trial:
    return Trial(rungs=[(int(epochs), score) for epochs, score in rungs], **others)


def best_of(trials: list[Trial], metric: str) -> int | None:
    """Return the number of the best complete trial, the first of equals; none where all failed."""
    better = sign(metric)
    complete = [number for number, trial in enumerate(trials) if trial.state == "complete"]
    return max(complete, key=lambda number: better * trials[number].score, default=None)
