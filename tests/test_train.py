"""Training on kept features: equal runs, resumption, honest early stopping."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import keras
import numpy as np
import pandas as pd
import pytest

from canting.bundle.logits import cross_entropy
from canting.config.catalog import OPTIMIZERS
from canting.config.params import Params, load
from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.core import files
from canting.models.features import store
from canting.models.features.store import Store
from canting.models.train import fit, fold, grid, outcome, prediction, tail
from canting.models.train.batches import Batches, Data, balanced, mix, oversampled
from canting.models.train.outcome import FoldOutcome
from canting.models.train.trainer import Trainer
from tests.conftest import ROOT, eagerly, one_core

CLASSES, PICTURES, CHANNELS, VIEWS = 3, 90, 16, 3
NEVER = Train(
    hidden=None,
    balance="none",
    label_smoothing=0.0,
    mixup=0.0,
    schedule="constant",
    weight_average=None,
    weight_decay=None,
    augmentation=1.0,
    early_stopping=None,
)
MIXED = NEVER.model_copy(update={"mixup": 0.4})
STOPPING = NEVER.model_copy(update={"early_stopping": 3})


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write features in which classes overlap a little."""
    folder = tmp_path_factory.mktemp("features") / "efficientnet_lite0"
    folder.mkdir()
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 1, (CLASSES, CHANNELS))
    for number in range(VIEWS + 1):
        noise = generator.normal(0, 1.5, (PICTURES, CHANNELS))
        array = (centres[targets()] + noise).astype(np.float32)
        np.save(store.view_path(folder, number), array)
    files.write_json(folder / "key.json", "made by the test")
    return folder.parent


def targets() -> np.ndarray:
    return np.arange(PICTURES) % CLASSES


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": [f"{number}.jpg" for number in range(PICTURES)],
            "label": np.asarray(["a", "b", "c"])[targets()],
            "group": np.arange(PICTURES) // 2,
            "fold": np.arange(PICTURES) // 2 % 3,
        }
    )


def params(**changes: object) -> Params:
    return load(ROOT / "params.yaml").model_copy(update={"folds": 3, "epochs": (4,), **changes})


def data(features: Path) -> Data:
    kept = Store(features / "efficientnet_lite0")
    return Data(kept, targets(), table()["group"].to_numpy(), (224, 224), CLASSES)


def rows(folds: set[int]) -> np.ndarray:
    return np.flatnonzero(table()["fold"].isin(folds))


def test_an_epoch_takes_its_own_view_and_every_row_once(features: Path) -> None:
    kept = Store(features / "efficientnet_lite0")
    batches = Batches(data(features), np.arange(50), 16, 1, NEVER)
    assert len(batches) == 4
    orders = []
    for epoch in range(5):
        x = np.concatenate([batches[number][0] for number in range(4)])
        y = np.concatenate([batches[number][1] for number in range(4)]).argmax(axis=1)
        view = kept.view(1 + epoch % VIEWS)[:50]
        places = [int(np.flatnonzero((view == row).all(axis=1))[0]) for row in x]
        assert sorted(places) == list(range(50))
        assert np.array_equal(y, targets()[places])
        orders.append(places)
        batches.start(epoch + 1)
    assert len({tuple(order) for order in orders}) == 5


def test_a_share_of_an_epoch_is_augmented(features: Path) -> None:
    kept = Store(features / "efficientnet_lite0")
    half = NEVER.model_copy(update={"augmentation": 0.5})
    batches, whole = (
        Batches(data(features), np.arange(80), 80, 1, settings) for settings in (half, NEVER)
    )
    assert np.array_equal(batches[0][1], whole[0][1])
    plain = (batches[0][0][:, None] == kept.view(0)[None, :80]).all(axis=2).any(axis=1)
    augmented = (batches[0][0][:, None] == kept.view(1)[None, :80]).all(axis=2).any(axis=1)
    assert (plain ^ augmented).all()
    assert 25 < plain.sum() < 55


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_weights_decay_by_the_share_that_is_set(optimizer: str) -> None:
    """A step without a gradient takes rate × decay off: 0.1 × 0.5 of the weights."""
    (scenario,) = params(optimizer=(optimizer,), learning_rate=(0.1,)).scenarios()
    model = tail.build(scenario, (224, 224), (CHANNELS,), CLASSES, NEVER)
    tail.compile_(model, scenario, NEVER.model_copy(update={"weight_decay": 0.5}), 0.1)
    kernel = model.get_layer("logits").kernel
    before = np.asarray(kernel)
    model.optimizer.apply(
        [np.zeros(v.shape, np.float32) for v in model.trainable_variables],
        model.trainable_variables,
    )
    np.testing.assert_allclose(np.asarray(kernel), 0.95 * before, rtol=1e-5)


def test_training_learns_and_equals_itself(features: Path) -> None:
    (scenario,) = params(epochs=(10,), learning_rate=(0.01,)).scenarios()
    first, again, other = (
        fit.fit(scenario, data(features), rows({0, 1}), rows({2}), seed=seed, settings=NEVER)
        for seed in (5, 5, 6)
    )
    assert first.curves == again.curves
    assert first.curves.loss != other.curves.loss
    assert first.curves.loss[-1] < 0.7 * first.curves.loss[0]
    logits = prediction.predict(first.model, data(features).store, rows({2}))
    assert first.curves.val_loss[-1] == cross_entropy(logits, targets()[rows({2})])


def test_cross_entropy_by_hand() -> None:
    logits = np.array([[0.0, 0.0], [0.0, np.log(3)]])
    assert cross_entropy(logits, np.array([0, 1])) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)


@eagerly()
def test_early_stopping_never_looks_at_the_test_rows(features: Path) -> None:
    (scenario,) = params(epochs=(30,), learning_rate=(0.2,)).scenarios()
    stopped = fit.fit(scenario, data(features), rows({0, 1}), rows({2}), seed=5, settings=STOPPING)
    assert len(stopped.curves.loss) < 30
    shuffled = data(features)._replace(targets=np.where(table()["fold"] == 2, 0, targets()))
    blind = fit.fit(scenario, shuffled, rows({0, 1}), rows({2}), seed=5, settings=STOPPING)
    assert blind.curves.loss == stopped.curves.loss
    assert blind.curves.val_loss != stopped.curves.val_loss


def test_the_inner_part_shares_no_group_with_the_rest(features: Path) -> None:
    train, stop = fit._inner_split(data(features), rows({0, 1}), seed=1)
    groups = table()["group"].to_numpy()
    assert not set(groups[train]) & set(groups[stop])
    assert sorted([*train, *stop]) == list(rows({0, 1}))


def test_oversampling_repeats_the_rare_rows_evenly() -> None:
    classes = np.array([0] * 7 + [1] * 3 + [2] * 7)
    drawn = oversampled(np.arange(1, 17), classes, np.random.default_rng(1))
    counts = np.bincount(drawn, minlength=17)
    assert counts[0] == 0
    assert (counts[10:] == 1).all()
    assert sorted(counts[1:7]) == [1, 1, 1, 1, 1, 2]
    assert sorted(counts[7:10]) == [2, 2, 3]
    assert set(np.bincount(classes[drawn])) == {7}


@eagerly()
def test_the_rate_falls_along_a_cosine_and_targets_are_smoothed(features: Path) -> None:
    (scenario,) = params(epochs=(2,)).scenarios()
    model = tail.build(scenario, (224, 224), (CHANNELS,), CLASSES, NEVER)
    settings = NEVER.model_copy(update={"schedule": "cosine"})
    Trainer(model, scenario, settings).start(scenario, settings, 5)
    rates = []
    for number in (0, 5, 10):
        model.optimizer.iterations.assign(number)
        rates.append(float(model.optimizer.learning_rate))
    assert rates == pytest.approx([1e-3, 5e-4, 0.0])
    smooth = NEVER.model_copy(update={"label_smoothing": 0.3})
    plain, smoothed = (
        fit.fit(scenario, data(features), rows({0, 1}), rows({2}), seed=1, settings=settings)
        for settings in (NEVER, smooth)
    )
    assert smoothed.curves.loss[0] != plain.curves.loss[0]


@eagerly()
def test_averaged_weights_are_the_ones_that_predict(features: Path) -> None:
    """A decay so close to 1 that the average hardly leaves the start tells the two apart."""
    (scenario,) = params(epochs=(3,), learning_rate=(0.05,)).scenarios()
    fits = {}
    for decay in (None, 0.5, 0.99999):
        settings = NEVER.model_copy(update={"weight_average": decay})
        fits[decay] = fit.fit(
            scenario, data(features), rows({0, 1}), rows({2}), seed=1, settings=settings
        )
    test = data(features).targets[rows({2})]
    for trained in fits.values():
        logits = prediction.predict(trained.model, data(features).store, rows({2}))
        assert cross_entropy(logits, test) == pytest.approx(trained.curves.val_loss[-1])
    first = fits[0.99999].curves.val_loss
    assert max(first) - min(first) < 0.01
    assert fits[0.5].curves.val_loss != fits[None].curves.val_loss
    assert fits[None].curves.val_loss[-1] < first[-1] - 0.1


def test_a_prediction_is_the_mean_over_the_views_of_a_test(features: Path, tmp_path: Path) -> None:
    shutil.copytree(features / "efficientnet_lite0", tmp_path / "flipped")
    kept = Store(features / "efficientnet_lite0")
    np.save(store.view_path(tmp_path / "flipped", -1), -np.asarray(kept.view(0)))
    (scenario,) = params().scenarios()
    model = tail.build(scenario, (224, 224), (CHANNELS,), CLASSES, NEVER)
    received = prediction.predict(model, Store(tmp_path / "flipped"), rows({0}))
    bias = model.get_layer("logits").get_weights()[1]
    assert np.abs(received - bias).max() < 1e-5
    assert np.abs(prediction.predict(model, kept, rows({0})) - bias).max() > 0.01


def test_mixup_blends_an_example_with_another_and_their_targets_alike(features: Path) -> None:
    x, y = np.arange(8.0)[:, None] * np.ones((8, 3)), np.eye(8)
    blended, targets_ = mix((x, y), 0.4, np.random.default_rng(1))
    own = targets_[np.arange(8), np.arange(8)]
    assert ((own >= 0.5) & (own <= 1)).all()
    assert (own < 0.99).any()
    np.testing.assert_allclose(targets_.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(blended[:, 1], targets_ @ np.arange(8.0), rtol=1e-5)
    batches = Batches(data(features), rows({0, 1}), 16, 1, MIXED)
    again = Batches(data(features), rows({0, 1}), 16, 1, MIXED)
    assert all(np.array_equal(*pair) for pair in zip(batches[1], again[1], strict=True))
    assert batches[1][1].max(axis=1).min() < 0.95
    assert not np.array_equal(batches[1][0], batches[2][0])


def test_weights_are_balanced_by_hand() -> None:
    assert balanced(np.array([0, 0, 0, 1]), 2).tolist() == pytest.approx([4 / 6, 2.0])


@pytest.mark.slow
def test_a_rare_class_is_learned_with_weights_or_oversampling(tmp_path: Path) -> None:
    """One to a hundred: with equal weights the rare class is seldom named."""
    generator = np.random.default_rng(0)
    classes = np.array([0] * 2500 + [1] * 25)
    for number in range(2):
        noise = generator.normal(0, 1, (len(classes), CHANNELS))
        array = (noise + classes[:, None] * (np.arange(CHANNELS) < 4)).astype(np.float32)
        np.save(store.view_path(tmp_path, number), array)
    files.write_json(tmp_path / "key.json", "made by the test")
    rare = Data(Store(tmp_path), classes, np.arange(len(classes)), (224, 224), 2)
    (scenario,) = params(epochs=(10,), learning_rate=(0.03,), batch_size=(128,)).scenarios()
    rows = np.arange(len(classes))
    named = {}
    for balance in get_args(Train.model_fields["balance"].annotation):
        settings = NEVER.model_copy(update={"balance": balance})
        trained = fit.fit(scenario, rare, rows, rows[:0], seed=1, settings=settings)
        named[balance] = int(
            (prediction.predict(trained.model, rare.store, rows[-25:]).argmax(1) == 1).sum()
        )
    assert named["none"] < 8
    assert named["class_weights"] > 16
    assert named["oversampling"] > 16


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains(optimizer: str, features: Path) -> None:
    (scenario,) = params(optimizer=(optimizer,), epochs=(1,)).scenarios()
    model = tail.build(scenario, (224, 224), (CHANNELS,), CLASSES, NEVER)
    tail.compile_(model, scenario, NEVER, scenario.learning_rate)
    model.run_eagerly = True
    before = model.get_weights()
    x, y = Store(features / "efficientnet_lite0").view(0)[:32], np.eye(CLASSES)[targets()[:32]]
    model.train_on_batch(np.asarray(x), y)
    assert type(model.optimizer).__name__.lower() == optimizer
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)
    changed = [not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True)]
    assert any(changed)


@pytest.mark.slow
def test_a_tail_starts_from_the_weights_behind_the_cut() -> None:
    (scenario,) = params(fine_tune_from=("block15_expand_conv",)).scenarios()
    keras.utils.set_random_seed(1)
    model = tail.build(scenario, (64, 64), (2, 2, 192), CLASSES, NEVER)
    again = tail.build(scenario, (64, 64), (2, 2, 192), CLASSES, NEVER)
    layer = model.get_layer("tail").get_layer("head_conv")
    assert np.array_equal(
        layer.get_weights()[0], again.get_layer("tail").get_layer("head_conv").get_weights()[0]
    )
    assert len(model.trainable_weights) == 6


@pytest.mark.slow
@one_core()
def test_a_killed_grid_goes_on_and_ends_the_same(features: Path, tmp_path: Path) -> None:
    settings = params(optimizer=("adam", "sgd"), epochs=(2,))
    whole = grid.train(settings, table(), features, tmp_path / "whole")
    script = tmp_path / "run.py"
    script.write_text(
        "import pickle, sys\nfrom pathlib import Path\nfrom canting.models.train import grid\n"
        "if __name__ == '__main__':\n"
        "    grid.train(*pickle.loads(Path(sys.argv[1]).read_bytes()))\n"
    )
    import pickle

    call = (settings, table(), features, tmp_path / "killed")
    (tmp_path / "call").write_bytes(pickle.dumps(call))
    process = subprocess.Popen(
        [sys.executable, script, tmp_path / "call"], start_new_session=True, stderr=subprocess.PIPE
    )
    kept = tmp_path / "killed" / "train"
    deadline = time.monotonic() + 90
    while not (kept.exists() and list(kept.glob("*.npz"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = {path: path.stat().st_mtime_ns for path in kept.glob("*.npz")}
    assert 1 <= len(done) < 6
    resumed = grid.train(settings, table(), features, tmp_path / "killed")
    assert all(path.stat().st_mtime_ns == written for path, written in done.items())
    pd.testing.assert_frame_equal(resumed.predictions, whole.predictions)
    pd.testing.assert_frame_equal(resumed.curves, whole.curves)
    pd.testing.assert_frame_equal(resumed.scenarios, whole.scenarios)
    assert len(whole.predictions) == 2 * PICTURES
    assert (whole.predictions.groupby("scenario")["path"].nunique() == PICTURES).all()


def test_a_damaged_outcome_is_dropped_with_a_warning(features: Path, tmp_path: Path) -> None:
    (scenario,) = params(epochs=(1,)).scenarios()
    task = fold.FoldTask(scenario, 0, params(), table(), features / "efficientnet_lite0", tmp_path)
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
    made = FoldOutcome(
        np.arange(3), np.zeros((3, 3), np.float32), {}, 1.0, 0.5, "", [kernel, kernel[0]]
    )
    outcome.save(fold.path(task), made)
    read = fold.load(task)
    assert read is not None
    assert [weights.tolist() for weights in read.weights] == [kernel.tolist(), kernel[0].tolist()]
    content = fold.path(task).read_bytes()
    fold.path(task).write_bytes(content[: len(content) // 2])
    with pytest.warns(UserWarning, match="is damaged and is made again"):
        assert fold.load(task) is None
    assert not fold.path(task).exists()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@one_core()
@eagerly()
def test_a_diverging_scenario_is_marked_with_its_cause(features: Path, tmp_path: Path) -> None:
    settings = params(optimizer=("sgd",), learning_rate=(3e38,), folds=2)
    two = table().assign(fold=table()["fold"] % 2)
    tables = grid.train(settings, two, features, tmp_path)
    assert "the loss became nan in epoch" in tables.scenarios["failure"].item()


def test_labels_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    written = table().assign(label=np.asarray(["07", "NA", "1e3"])[targets()])
    written.to_csv(tmp_path / "folds.csv", index=False)
    pd.testing.assert_frame_equal(fold.read_table(tmp_path / "folds.csv"), written)


def test_the_key_has_all_that_makes_an_outcome(features: Path, tmp_path: Path) -> None:
    (scenario,) = params().scenarios()
    task = fold.FoldTask(scenario, 0, params(), table(), features / "efficientnet_lite0", tmp_path)
    other_scenario: Scenario = scenario.model_copy(update={"dropout": 0.4})
    others = [
        task._replace(fold=1),
        task._replace(scenario=other_scenario),
        task._replace(params=params(seed=3)),
        task._replace(table=table().assign(fold=table()["fold"].to_numpy()[::-1])),
        task._replace(table=table().assign(label=table()["label"].to_numpy()[::-1])),
    ]
    assert len({fold.path(one) for one in (task, *others)}) == 6
