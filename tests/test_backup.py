"""A training that is killed goes on after its last kept epoch, to the same end."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from canting.config.params import Params, load
from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.core import files
from canting.core.errors import CantingError
from canting.core.progress import polled
from canting.data.manifest import HELD_OUT
from canting.evaluation.select_best.refit import refit
from canting.models.features import store
from canting.models.features.store import Store
from canting.models.train import backup, checkpoint, fit
from canting.models.train.batches import Data
from canting.models.train.fit import Fit
from canting.models.train.fold import FoldTask
from canting.models.train.prediction import Watch
from tests.conftest import ROOT, eagerly

PICTURES, SIDE, EPOCHS = 48, 8, 6
TARGETS = np.arange(PICTURES) % 3
TRAIN, TEST = np.arange(36), np.arange(36, PICTURES)


class KilledError(Exception):
    """Stands for what ends a process before an epoch has."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Return small pictures, a class brighter than the other, for a network that learns them."""
    folder = tmp_path_factory.mktemp("features")
    generator = np.random.default_rng(0)
    for number in range(4):
        noise = generator.integers(0, 120, (PICTURES, SIDE, SIDE, 3))
        np.save(store.view_path(folder, number), noise / 128 - 0.5 + TARGETS[:, None, None, None])
    files.write_json(folder / "key.json", "made by the test")
    return Data(Store(folder), TARGETS, np.arange(PICTURES), (SIDE, SIDE), 3)


def params() -> Params:
    return load(ROOT / "params.yaml").model_copy(update={"fine_tune_from": (None,)})


def scenario(**changes: object) -> Scenario:
    made = {"backbone": ("small_cnn",), "dropout": (0.3,), "epochs": (EPOCHS,), **changes}
    (one,) = params().model_copy(update=made).scenarios()
    return one


def settings(**changes: object) -> Train:
    return params().train.model_copy(update=changes)


def train(
    data: Data, one: Scenario, how: Train, state: Path | None = None, rows: np.ndarray = TRAIN
) -> Fit:
    return fit.fit(one, data, rows, TEST, seed=3, settings=how, backup=state)


def killed(data: Data, one: Scenario, how: Train, state: Path, last: int) -> None:
    """Train into an epoch, and no further."""
    with pytest.MonkeyPatch.context() as patch:
        genuine = Watch.on_epoch_end

        def end(watch: Watch, epoch: int, logs: object = None) -> None:
            if epoch == last:
                raise KilledError
            genuine(watch, epoch, logs)

        patch.setattr(Watch, "on_epoch_end", end)
        with pytest.raises(KilledError):
            train(data, one, how, state)


def assert_same(one: Fit, other: Fit) -> None:
    assert one.curves == other.curves
    for mine, theirs in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("optimizer", "how"),
    [
        ("adam", {"mixup": 0.3, "schedule": "cosine", "balance": "oversampling"}),
        *(
            pytest.param(optimizer, how, marks=pytest.mark.slow)
            for optimizer, how in (
                ("sgd", {"early_stopping": 2, "augmentation": 0.5}),
                ("adamw", {"weight_average": 0.8, "weight_decay": 0.1}),
                ("adamw", {"warm_up": 1.5, "layer_decay": 0.7}),
                ("schedulefreeadamw", {}),
            )
        ),
    ],
)
def test_it_goes_on_to_the_same_end(
    optimizer: str,
    how: dict[str, object],
    data: Data,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backup, "EVERY", 0.0)
    one, state = scenario(optimizer=(optimizer,)), tmp_path / "some.state"
    whole = train(data, one, settings(**how))
    killed(data, one, settings(**how), state, 2)
    assert checkpoint.read(state).epochs == checkpoint.epochs_done(state) == 2
    killed(data, one, settings(**how), state, 3)
    assert checkpoint.read(state).epochs == checkpoint.epochs_done(state) == 3
    before = checkpoint.read(state)
    resumed = train(data, one, settings(**how), state)
    assert_same(resumed, whole)
    assert resumed.seconds > before.seconds > 0
    assert resumed.earlier_cpu_seconds == before.cpu_seconds > 0


@pytest.mark.slow
def test_a_whole_network_goes_on_to_the_same_end(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "EVERY", 0.0)
    one = scenario(backbone=("efficientnet_lite0",), fine_tune_from=("all",))
    how = settings(batch_norm="training", stochastic_depth=0.3, layer_decay=0.9, warm_up=1.5)
    whole = train(data, one, how)
    killed(data, one, how, tmp_path / "some.state", 2)
    assert_same(train(data, one, how, tmp_path / "some.state"), whole)


@pytest.mark.slow
def test_without_what_is_kept_it_would_end_otherwise(data: Data) -> None:
    """The comparison above can fail: dropout, optimizer and order all depend on the past."""
    long, short = (train(data, scenario(epochs=(n,)), settings()) for n in (EPOCHS, EPOCHS - 3))
    assert long.curves.loss[:3] == short.curves.loss
    assert long.curves.loss[3:] != short.curves.loss


@pytest.mark.slow
def test_a_damaged_state_starts_again(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "EVERY", 0.0)
    state = tmp_path / "some.state"
    killed(data, scenario(), settings(), state, 2)
    content = state.read_bytes()
    state.write_bytes(content[: len(content) // 2])
    with pytest.warns(UserWarning, match=r"some.state` is damaged and is made again"):
        resumed = train(data, scenario(), settings(), state)
    assert_same(resumed, train(data, scenario(), settings()))


@eagerly()
def test_short_trainings_keep_nothing(data: Data, tmp_path: Path) -> None:
    state = tmp_path / "some.state"
    train(data, scenario(epochs=(2,)), settings(), state)
    assert not state.exists()
    assert checkpoint.epochs_done(state) == 1
    checkpoint.remove(state)
    assert list(tmp_path.iterdir()) == []
    assert checkpoint.epochs_done(state) == 0


def test_progress_counts_what_is_done_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    done = 0
    with polled("train", 20, "epoch", lambda: done):
        done = 7
        deadline = time.monotonic() + 20
        shown = ""
        while "7/20" not in shown and time.monotonic() < deadline:
            time.sleep(0.1)
            shown += capsys.readouterr().err
        assert "7/20" in shown
        done = 20
    assert "20/20" in capsys.readouterr().err


def task(data: Data, cache: Path, **changes: object) -> FoldTask:
    """Return the training on everything but the rows of the test, which are held out."""
    table = pd.DataFrame(
        {
            "path": [f"{number}.jpg" for number in range(PICTURES)],
            "label": np.asarray(["a", "b", "c"])[TARGETS],
            "group": np.arange(PICTURES),
            "fold": np.where(np.arange(PICTURES) < len(TRAIN), np.arange(PICTURES) % 2, HELD_OUT),
        }
    )
    settings = params().model_copy(update={"image_size": (SIDE, SIDE)})
    return FoldTask(scenario(**changes), HELD_OUT, settings, table, data.store.folder, cache)


@pytest.mark.slow
@eagerly()
def test_the_training_on_everything_is_kept(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = refit(task(data, tmp_path))
    assert f"{EPOCHS}/{EPOCHS}" in capsys.readouterr().err
    assert first.hold_out is not None
    assert first.hold_out["pictures"] == len(TEST)
    direct = fit.fit(
        scenario(), data, TRAIN, TEST, seed=params().seed, settings=params().train
    ).model.get_weights()
    monkeypatch.setattr(fit, "fit", None)
    again = refit(task(data, tmp_path))
    assert again.hold_out == first.hold_out
    for weights in zip(direct, first.tail.get_weights(), again.tail.get_weights(), strict=True):
        assert all(np.array_equal(weights[0], one) for one in weights[1:])
    assert [path.suffix for path in (tmp_path / "train").iterdir()] == [".npz"]


@eagerly()
def test_a_winner_that_diverges_on_everything_is_refused(data: Data, tmp_path: Path) -> None:
    with pytest.raises(CantingError, match=r"trained on all pictures.*the loss became nan.*Lower"):
        refit(task(data, tmp_path, optimizer=("sgd",), learning_rate=(3e38,)))
