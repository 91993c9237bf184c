"""One search: a method, an optimizer, an outer fold. It sees the training part alone."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from canting.config.columns import LABEL, PATH
from canting.config.tune import Tune
from canting.core import files, frames, runtime
from canting.core.cluster.portable import Changing, Need
from canting.core.keys import code_key
from canting.models.features import store
from canting.models.features.drawn import opened
from canting.models.tune.records import SearchRecord, Trial, best_of
from canting.models.tune.sampler import Sampler, follow
from canting.models.tune.task import SearchOutcome, SearchTask, plain

if TYPE_CHECKING:
    from canting.models.tune.trial_runner import TrialRunner


class PortableSearch(NamedTuple):
    """A search that another machine can do."""

    task: SearchTask

    @property
    def cache(self) -> Path:
        """The folder of what is kept here."""
        return self.task.cache

    def needs(self) -> list[Need]:
        """Return the features, and the trials that are kept here."""
        there, stores = self.moved().task.features, self.task.stores.values()
        found = [need for one in stores for need in store.needs(one, there / one.name)]
        (trials,) = self.makes()
        if (self.cache / trials).exists():
            found.append(Need(trials, self.cache / trials, trials, stays=False))
        return found

    def makes(self) -> list[str]:
        """Return the name of the trials: a larger budget goes on with them."""
        return [Changing(path(self.task).relative_to(self.cache).as_posix())]

    def moved(self) -> "PortableSearch":
        """Return the search for another machine."""
        keys = [opened(folder).key for folder in self.task.stores.values()]
        features = store.moved(files.digest(keys))
        return PortableSearch(self.task._replace(features=features, cache=Path()))


def done(search: PortableSearch) -> SearchOutcome:
    """Do a search, on whatever machine."""
    return run(search.task)


def run(task: SearchTask) -> SearchOutcome:
    """Search in this process; what was kept of it is not done again."""
    runtime.prepare(threads=1)
    record, bench = SearchRecord(path(task)), cache(lambda: _bench(task))
    trials = list(search(task, bench, record))
    best = best_of(trials, task.metric)
    if best is None or task.fold is None:
        return SearchOutcome(task.method, task.optimizer, task.repeat, task.fold, trials, None)
    if record.tuned is None or record.tuned.trial != best:
        record.end(bench().outer(best, trials[best]))
    return SearchOutcome(task.method, task.optimizer, task.repeat, task.fold, trials, record.tuned)


def path(task: SearchTask) -> Path:
    """Return where the trials of a search are kept; a larger budget continues them."""
    return place(task, {cut: opened(folder).key for cut, folder in task.stores.items()})


def place(task: SearchTask, features: Mapping[str | None, str]) -> Path:
    """Return where the trials of a search are kept, from the keys of its features."""
    tune = task.tune
    made_from = files.digest(
        [task.method, task.optimizer, task.repeat, task.fold, task.params.seed],
        task.scenario.model_dump(),
        plain(task.params.train).model_dump(),
        [tune.space.model_dump(), tune.inner_folds, task.metric],
        {cut or "": features[cut] for cut in task.stores},
        [frames.digest(task.table, PATH, LABEL, "group"), task.folds.tolist()],
        task.collections,
        list(task.params.image_size),
        code_key(run),
        *task.params.compute.chosen().key,
    )
    return task.cache / "tune" / f"{made_from}.json"


def search(
    task: SearchTask, bench: "Callable[[], TrialRunner]", record: SearchRecord
) -> Iterator[Trial]:
    """Yield trials until the budget is spent or the grid is at its end."""
    sampler = Sampler(task.tune, task.method, task.seed, task.metric)
    trials: list[Trial] = []
    while affords(task.tune, trials) and (proposal := sampler.ask()):
        trial = record.trial(len(trials), proposal.setting)
        if trial:
            follow(proposal, trial.rungs, task.tune.epochs)
        else:
            trial = bench().trial(proposal)
            record.add(trial)
        trials.append(trial)
        yield trial


def affords(tune: Tune, trials: list[Trial]) -> bool:
    """Return whether the budget has room for another trial."""
    if tune.budget_unit == "seconds":
        return sum(trial.seconds for trial in trials) < tune.budget
    if tune.budget_unit == "epochs":
        return sum(trial.epochs for trial in trials) + tune.epochs <= tune.budget
    return len(trials) < tune.budget


def _bench(task: SearchTask) -> "TrialRunner":
    runtime.import_keras(task.params.compute.precision)
    from canting.models.tune.trial_runner import TrialRunner

    return TrialRunner(task)
