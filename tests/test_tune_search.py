"""Searches: equal runs, honest folds, resumption, budgets."""

import math
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from canting.config.catalog import METHODS
from canting.core.errors import CantingError
from canting.models.features import store
from canting.models.features.store import Store
from canting.models.train import tail
from canting.models.train.batches import Batches
from canting.models.train.prediction import Watch
from canting.models.tune import objective, search, study
from canting.models.tune.records import SearchRecord, Trial, best_of
from canting.models.tune.sampler import Sampler, ends, importances
from canting.models.tune.search import path
from canting.models.tune.task import SearchTask, apply, changes
from canting.models.tune.training import Training
from canting.models.tune.trial_runner import TrialRunner
from tests.conftest import one_core, slow
from tests.tune_data import CHANNELS, PICTURES, TARGETS, params, table, tasks, write_features

SETTING = {"learning_rate": 0.02, "batch_size": 16, "dropout": 0.4}
OTHER = {"learning_rate": 0.3, "batch_size": 32, "dropout": 0.0}


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_features(tmp_path_factory.mktemp("features"))


def trials_of(task: SearchTask) -> list[tuple[Any, ...]]:
    """Return settings, scores and ends of the trials, without the seconds."""
    return [(trial.setting, trial.rungs, trial.state) for trial in search.run(task).trials]


def scored(ours: TrialRunner, setting: dict[str, Any], stops: list[int]) -> list[tuple[int, float]]:
    asked = ours._course, setting, ours.inside, ours.splits
    return list(objective.rungs(*asked, stops, "accuracy"))


def test_outer_folds_are_group_disjoint_and_leave_the_hold_out(
    features: Path, tmp_path: Path
) -> None:
    first, second = tasks(tmp_path, features)
    assert (first.folds[:6] == -1).all()
    for task in (first, second):
        inside, test = task.inside, np.flatnonzero(task.folds == task.fold)
        assert sorted([*inside, *test]) == list(range(6, PICTURES))
        groups = table()["group"].to_numpy()
        assert not set(groups[inside]) & set(groups[test])
        (train, scored_), *_ = TrialRunner(task).splits
        assert not set(groups[inside][train]) & set(groups[inside][scored_])
    assert sorted(study.on_all(first).inside) == list(range(6, PICTURES))


@pytest.mark.parametrize("method", ["random", *slow("hyperband", "grid", "bayesian")])
def test_the_same_seed_gives_the_same_trials(method: str, features: Path, tmp_path: Path) -> None:
    change = {"tune__method": method, "tune__budget": 12}
    one = trials_of(tasks(tmp_path / "one", features, **change)[0])
    again = trials_of(tasks(tmp_path / "again", features, **change)[0])
    other = trials_of(tasks(tmp_path / "other", features, **change, seed=1)[0])
    assert one == again
    assert one != other
    assert len(one) == 12
    if method == "grid":
        assert len({tuple(setting.values()) for setting, _, _ in one}) == 12
    pruned = [rungs for _, rungs, state in one if state == "pruned"]
    assert (len(pruned) > 0) == (METHODS[method].pruner != "none")
    assert all(rungs[-1][0] == 1 for rungs in pruned)


def test_a_trainer_that_served_other_settings_is_as_good_as_new(
    features: Path, tmp_path: Path
) -> None:
    task, _ = tasks(tmp_path, features, train__schedule="cosine", train__mixup=0.2)
    fresh = scored(TrialRunner(task), SETTING, [3])
    ours = TrialRunner(task)
    scored(ours, OTHER, [3])
    assert scored(ours, SETTING, [3]) == fresh
    assert scored(ours, OTHER, [3]) != fresh


@pytest.mark.parametrize("optimizer", ["adam", *slow("sgd", "nadam", "ftrl")])
def test_training_in_rungs_equals_training_at_once(
    optimizer: str, features: Path, tmp_path: Path
) -> None:
    task, _ = tasks(tmp_path, features, tune__optimizer=optimizer, train__schedule="cosine")
    ours = TrialRunner(task)
    answers = []
    for stops in ([3], [1, 2, 3]):
        one, other = (
            Training(ours._course, setting, ours.inside, ours.splits[0][0])
            for setting in (SETTING, OTHER)
        )
        for stop in stops:
            other.train(stop)
            one.train(stop)
        answers.append(one.logits(ours.splits[0][1]))
    assert np.array_equal(answers[0], answers[1])


@pytest.mark.parametrize(
    ("optimizer", "schedule", "hidden"),
    [
        ("adamw", "cosine", None),
        pytest.param("lion", "constant", None, marks=pytest.mark.slow),
        pytest.param("adam", "cosine", 6, marks=pytest.mark.slow),
    ],
)
def test_a_trial_trains_as_the_train_stage_does(
    optimizer: str, schedule: str, hidden: int | None, features: Path, tmp_path: Path
) -> None:
    task, _ = tasks(
        tmp_path, features, tune__optimizer=optimizer, train__schedule=schedule,
        train__weight_decay=0.1, train__augmentation=0.5, train__hidden=hidden,
    )  # fmt: skip
    ours = TrialRunner(task)
    train = ours.splits[0][0]
    setting = {**SETTING, "dropout": 0.0}
    training = Training(ours._course, setting, ours.inside, train)
    history = training.watched(Watch(ours.inside[None], train))
    told = training.logits(train)
    at_once = Training(ours._course, setting, ours.inside, train)
    at_once.train(3)
    assert np.array_equal(at_once.logits(train), told)
    scenario, settings = apply(setting, task.scenario, task.params.train)
    data = ours.inside[None]
    feed = Batches(data, train, scenario.batch_size, task.seed, settings)
    model = tail.build(scenario, (224, 224), (CHANNELS,), 3, settings)
    rate: Any = scenario.learning_rate
    if schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, len(feed) * scenario.epochs)
    tail.compile_(model, scenario, settings, rate)
    training._model.start(scenario, settings, len(feed))
    training._model.draw(task.seed)
    for name in ("norm", "hidden", "logits") if hidden else ("logits",):
        model.get_layer(name).set_weights(training._model.model.get_layer(name).get_weights())
    losses = []
    for epoch in range(3):
        feed.start(epoch)
        batches = [feed[place] for place in range(len(feed))]
        x, y, weights = (np.concatenate(one) for one in zip(*batches, strict=True))
        told = model.fit(
            x, y, sample_weight=weights, batch_size=16, initial_epoch=epoch, epochs=epoch + 1,
            shuffle=False, verbose=0,
        )  # fmt: skip
        losses += told.history["loss"]
    assert losses == pytest.approx(history["loss"], rel=1e-4)


def poisoned(features: Path, task: SearchTask, folder: Path) -> SearchTask:
    """Return a search whose outer part holds other features and other labels."""
    shutil.copytree(features, folder)
    test = np.flatnonzero(task.folds == task.fold)
    for view in (folder / "efficientnet_lite0").glob("*.npy"):
        array = np.load(view)
        array[test] = 1e3
        np.save(view, array)
    labels = task.table["label"].to_numpy().copy()
    labels[test] = labels[test][::-1]
    return task._replace(features=folder, table=task.table.assign(label=labels))


def sees_the_outer_fold(
    run: Callable[[SearchTask], list[Any]], features: Path, folder: Path
) -> bool:
    """Tell whether the trials of a search change with what stands in its outer fold."""
    task, _ = tasks(folder, features)
    return run(task) != run(poisoned(features, task, folder / "poisoned"))


def test_a_search_never_sees_its_outer_fold(features: Path, tmp_path: Path) -> None:
    assert not sees_the_outer_fold(trials_of, features, tmp_path)


class Peeking(TrialRunner):
    """A search that scores its trials on the outer fold."""

    @property
    def inside(self) -> Any:
        return self.whole

    @property
    def splits(self) -> Any:
        return [(self._task.inside, np.flatnonzero(self._task.folds == self._task.fold))]


class Learning(TrialRunner):
    """A search that trains on the outer fold too."""

    @property
    def inside(self) -> Any:
        return self.whole

    @property
    def splits(self) -> Any:
        train, scored_ = super().splits[0]
        test = np.flatnonzero(self._task.folds == self._task.fold)
        return [(np.concatenate([self._task.inside[train], test]), self._task.inside[scored_])]


@pytest.mark.parametrize("peeking", [Peeking, Learning])
def test_a_search_that_peeks_is_caught(
    peeking: type[TrialRunner], features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_bench", peeking)
    assert sees_the_outer_fold(trials_of, features, tmp_path)


def test_the_objective_cannot_reach_rows_outside(features: Path, tmp_path: Path) -> None:
    task, _ = tasks(tmp_path, features)
    data = TrialRunner(task).inside[None]
    assert (len(data.targets), data.store.shape) == (len(task.inside), (CHANNELS,))
    kept = Store(features / "efficientnet_lite0")
    assert np.array_equal(data.store.view(1)[np.arange(4)], kept.view(1)[task.inside[:4]])
    with pytest.raises(IndexError):
        data.store.view(0)[np.asarray([len(task.inside)])]


def trial(score: float, epochs: int = 3, state: str = "complete", seconds: float = 1.0) -> Trial:
    return Trial(SETTING, [(epochs, score)], state, seconds, 1.0)


def test_budgets_by_hand(tmp_path: Path) -> None:
    done = [trial(0.5, 3, seconds=2.0), trial(0.5, 1, "pruned", seconds=0.5)]
    cases = [("trials", 3, True), ("trials", 2, False), ("epochs", 7, True), ("epochs", 6, False)]
    cases += [("seconds", 2.6, True), ("seconds", 2.5, False)]  # type: ignore[list-item]
    for unit, budget, affords in cases:
        tune = params(tmp_path, tune__budget_unit=unit, tune__budget=budget).tune
        assert search.affords(tune, done) == affords, (unit, budget)


def test_the_best_is_complete_and_the_first_of_equals() -> None:
    trials = [trial(0.6), trial(0.9, state="pruned"), trial(0.8), trial(0.8), trial(math.nan)]
    trials[-1] = trials[-1]._replace(state="failed")
    assert best_of(trials, "macro_f1") == 2
    assert best_of([trials[1], trials[4]], "macro_f1") is None


def test_rungs_by_hand() -> None:
    assert ends("hyperband", 10) == [1, 3, 9, 10]
    assert ends("hyperband", 9) == [1, 3, 9]
    assert ends("hyperband", 1) == [1]
    assert ends("random", 10) == [10]


def test_a_larger_budget_goes_on_with_the_trials_that_are_kept(
    features: Path, tmp_path: Path
) -> None:
    few = search.run(tasks(tmp_path, features, tune__budget=2)[0])
    more = search.run(tasks(tmp_path, features, tune__budget=4)[0])
    assert more.trials[:2] == few.trials
    assert len(more.trials) == 4


def test_a_diverging_trial_fails_and_the_search_goes_on(features: Path, tmp_path: Path) -> None:
    space = {"learning_rate": [3e38, 0.01]}
    change = {"tune__optimizer": "sgd", "tune__method": "grid", "tune__space": space}
    found = search.run(tasks(tmp_path, features, **change)[0])
    assert sorted(one.state for one in found.trials) == ["complete", "failed"]
    assert found.tuned is not None
    assert found.trials[found.tuned.trial].setting == {"learning_rate": 0.01}
    hopeless = {**change, "tune__space": {"learning_rate": [3e38]}}
    lost = search.run(tasks(tmp_path / "lost", features, **hopeless)[0])
    assert [one.state for one in lost.trials] == ["failed"]
    assert lost.tuned is None


@pytest.mark.slow
@one_core()
def test_a_killed_study_goes_on_without_repeated_or_lost_trials(
    features: Path, tmp_path: Path
) -> None:
    change = {"tune__method": ["random", "hyperband"], "tune__budget": 8}
    searches = tasks(tmp_path, features, **change)
    script = tmp_path / "run.py"
    script.write_text(
        "import pickle, sys\nfrom pathlib import Path\nfrom canting.models.tune import study\n"
        "if __name__ == '__main__':\n"
        "    study.run(pickle.loads(Path(sys.argv[1]).read_bytes()))\n"
    )
    (tmp_path / "call").write_bytes(pickle.dumps(searches))
    process = subprocess.Popen(
        [sys.executable, script, tmp_path / "call"], start_new_session=True, stderr=subprocess.PIPE
    )
    kept = [path(task) for task in searches]
    deadline = time.monotonic() + 120
    while sum(len(SearchRecord(one).trials) for one in kept) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = [SearchRecord(one).trials for one in kept]
    assert 3 <= sum(map(len, done)) < 32
    resumed = [search.run(task) for task in searches]
    for before, after in zip(done, resumed, strict=True):
        assert after.trials[: len(before)] == before
        assert len(after.trials) == 8
    apart = tasks(tmp_path / "apart", features, **change)
    assert trials_of(apart[-1]) == trials_of(searches[-1])


def test_a_damaged_record_is_dropped_with_a_warning(features: Path, tmp_path: Path) -> None:
    task, _ = tasks(tmp_path, features)
    whole = trials_of(task)
    content = path(task).read_bytes()
    path(task).write_bytes(content[: len(content) // 2])
    with pytest.warns(UserWarning, match="is damaged and is made again"):
        assert trials_of(task) == whole


def test_a_class_with_too_few_groups_is_named(features: Path, tmp_path: Path) -> None:
    settings = params(tmp_path, tune__outer_folds=15)
    with pytest.raises(CantingError, match=r"`tune.outer_folds`.*15.*Received: 14.*class 'a'"):
        study.tasks(settings, table(), features, tmp_path)
    settings = params(tmp_path, tune__inner_folds=9)
    with pytest.raises(CantingError, match=r"`tune.inner_folds`"):
        study.tasks(settings, table(), features, tmp_path)


def test_the_key_has_all_that_makes_a_search(features: Path, tmp_path: Path) -> None:
    task, other = tasks(tmp_path, features)
    ones = [
        task, other, task._replace(method="grid"), task._replace(optimizer="lion"),
        task._replace(repeat=1), task._replace(folds=task.folds[::-1]),
        task._replace(table=table().assign(label=table()["label"].to_numpy()[::-1])),
        task._replace(params=params(tmp_path, tune__epochs=4)),
        task._replace(params=params(tmp_path, train__mixup=0.1)),
    ]  # fmt: skip
    assert len({path(one) for one in ones}) == len(ones)
    assert path(task._replace(params=params(tmp_path, tune__budget=9))) == path(task)


@pytest.mark.slow
def test_a_cut_is_searched_too(features: Path, tmp_path: Path) -> None:
    shutil.copytree(features, tmp_path / "cut")
    whole = np.zeros((PICTURES, 2, 2, 192), np.float32)
    whole += TARGETS[:, None, None, None]
    deep = tmp_path / "cut" / "efficientnet_lite0@block15_expand_conv"
    shutil.copytree(tmp_path / "cut" / "efficientnet_lite0", deep)
    for number in range(3):
        np.save(store.view_path(deep, number), whole)
    cuts = [None, "block15_expand_conv"]
    task, _ = tasks(
        tmp_path, tmp_path / "cut", fine_tune_from=cuts, image_size=[64, 64], tune__method="grid",
        tune__space={"fine_tune_from": cuts, "weight_decay": [0.01]}, tune__epochs=1,
    )  # fmt: skip
    found = search.run(task)
    assert {one.setting["fine_tune_from"] for one in found.trials} == set(cuts)
    assert changes(found.trials[0].setting).keys() == {"fine_tune_from", "train.weight_decay"}


def test_the_key_that_decides_is_the_important_one(tmp_path: Path) -> None:
    tune = params(tmp_path).tune
    sampler = Sampler(tune, "random", 1, "macro_f1")
    made = []
    for _ in range(60):
        proposal = sampler.ask()
        assert proposal is not None
        made.append((proposal.setting, -abs(math.log10(proposal.setting["learning_rate"]) + 2)))
    found = importances(tune.space.axes(), made, "macro_f1")
    assert list(found) == ["learning_rate", "batch_size", "dropout"]
    assert sum(found.values()) == pytest.approx(1)
    assert found["learning_rate"] > 0.7
