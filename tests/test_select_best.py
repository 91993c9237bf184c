"""The rule, its statistics by hand, and the bundle."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from canting.bundle.classifier import Classifier
from canting.bundle.engine import Engine
from canting.bundle.errors import BundleError
from canting.config.params import Params
from canting.config.params import load as load_params
from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.core import files
from canting.evaluation.select_best import bundle, rule
from canting.evaluation.select_best import card as cost
from canting.evaluation.select_best.bundle import Contents, ExportError
from canting.evaluation.select_best.compose import compose
from canting.models.augmentation import FLIPS, CropAndFlip
from canting.models.train import tail
from tests.conftest import ROOT

SIZE = (64, 64)


def scenario(**changes: object) -> Scenario:
    base: dict[str, Any] = {
        "backbone": "efficientnet_lite0",
        "fine_tune_from": None,
        "optimizer": "adam",
        "dropout": 0.2,
        "learning_rate": 1e-3,
        "batch_size": 32,
        "epochs": 3,
    }
    return Scenario(**{**base, **changes})


def folds(**scores: list[float]) -> pd.DataFrame:
    rows = [(name, fold, x) for name, values in scores.items() for fold, x in enumerate(values)]
    return pd.DataFrame(rows, columns=["scenario", "fold", "macro_f1"])


def params(*, levels: int = 1, hidden: int | None = None) -> Params:
    """Return the project's parameters for small pictures."""
    base = load_params(ROOT / "params.yaml")
    changes = {
        "image_size": SIZE,
        "features": base.features.model_copy(update={"levels": levels}),
        "train": base.train.model_copy(update={"hidden": hidden}),
    }
    return base.model_copy(update=changes)


NEAR = folds(large=[0.90, 0.92, 0.91, 0.93], small=[0.91, 0.90, 0.92, 0.92], bad=[0.5] * 4)
COSTS = {"large": (100, 9, 30), "small": (10, 9, 30), "bad": (1, 1, 1)}


def test_the_cheapest_of_the_indistinguishable_wins() -> None:
    choice = rule.choose(NEAR, COSTS, "macro_f1", 0.05)
    assert choice.winner == "small"
    assert "large has the best macro F1" in choice.reason
    assert "1 of the 2 other scenarios is not distinguishable from the best." in choice.reason
    assert choice.candidates["distinguishable"].tolist() == [False, False, True]
    assert "small is the cheapest within one standard error of it" in choice.reason


def test_what_a_weak_test_cannot_tell_is_not_taken_for_nothing() -> None:
    unsure = folds(large=[0.95, 0.96, 0.95, 0.96], small=[0.93, 0.60, 0.97, 0.90])
    choice = rule.choose(unsure, COSTS, "macro_f1", 0.05)
    assert not choice.candidates["distinguishable"].any()
    assert choice.candidates["near"].tolist() == [True, False]
    assert choice.winner == "large"
    assert "None is within one standard error of it." in choice.reason


def test_a_clear_difference_is_not_given_away_for_cost() -> None:
    clear = folds(large=[0.95, 0.96, 0.95, 0.96], small=[0.80, 0.82, 0.81, 0.81])
    choice = rule.choose(clear, COSTS, "macro_f1", 0.05)
    assert choice.winner == "large"
    assert "Every other scenario is distinguishable" in choice.reason


def test_a_tie_in_cost_goes_to_the_better_score_and_one_scenario_to_itself() -> None:
    even = dict.fromkeys(COSTS, (1, 1, 1))
    assert rule.choose(NEAR, even, "macro_f1", 0.05).winner == "large"
    alone = rule.choose(folds(one=[0.5, 0.6]), {"one": (1, 1, 1)}, "macro_f1", 0.05)
    assert "only scenario" in alone.reason


@pytest.mark.slow
def test_costs_count_parameters() -> None:
    frozen, tuned = scenario(), scenario(fine_tune_from="head_conv", epochs=5)
    counted = cost.costs([frozen, tuned], params(), 3)
    assert counted[frozen.name] == (3_413_024 + 1281 * 3, 1281 * 3, 3)
    head = 320 * 1280 + 4 * 1280
    assert counted[tuned.name] == (3_413_024 + 1281 * 3, head + 1281 * 3, 5)


@pytest.mark.slow
def test_costs_count_a_hidden_layer_over_several_levels() -> None:
    channels, hidden = 144 + 480 + 672 + 1280, 5
    counted = cost.costs([scenario()], params(levels=4, hidden=hidden), 3)
    trained = 4 * channels + (channels + 1) * hidden + (hidden + 1) * 3
    assert counted[scenario().name] == (3_413_024 + trained, trained, 3)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 255, (6, *SIZE, 3), dtype=np.uint8))


def contents(trained: Any) -> Contents:
    """Return a card, the arrays of a trained tail, and a sample."""
    kernel, bias = (np.asarray(values) for values in trained.get_layer("logits").get_weights())
    card = {"labels": ["a", "b", "c"], "image_size": list(SIZE), "temperature": 1.0}
    arrays = {"kernel": kernel, "bias": bias, "prototypes": np.zeros((0, len(kernel)), np.float32)}
    return Contents(card, arrays, {"a/1.jpg": b"a picture"})


def how(hidden: int | None = None) -> Train:
    return load_params(ROOT / "params.yaml").train.model_copy(update={"hidden": hidden})


@pytest.mark.parametrize(
    ("changes", "shape", "hidden", "levels"),
    [
        pytest.param(
            {"fine_tune_from": "block15_expand_conv"}, (2, 2, 192), None, 1, marks=pytest.mark.slow
        ),
        ({"backbone": "small_cnn"}, (64, 64, 3), 7, 1),
        pytest.param({"fine_tune_from": "all"}, (64, 64, 3), None, 1, marks=pytest.mark.slow),
        pytest.param({}, (2576,), None, 4, marks=pytest.mark.slow),
        pytest.param({}, (2576,), 7, 4, marks=pytest.mark.slow),
    ],
)
def test_a_bundle_answers_as_keras_does(
    changes: dict[str, str],
    shape: tuple[int, ...],
    hidden: int | None,
    levels: int,
    pictures: list[np.ndarray],
    tmp_path: Path,
) -> None:
    chosen = scenario(**changes)
    keras.utils.set_random_seed(1)
    trained = tail.build(chosen, SIZE, shape, 3, how(hidden))
    if hidden:
        moved = [
            np.random.default_rng(n).uniform(0.5, 2, w.shape)
            for n, w in enumerate(trained.get_layer("norm").get_weights())
        ]
        trained.get_layer("norm").set_weights(moved)
    model = compose(chosen, SIZE, trained, levels=levels)
    difference = bundle.write(model, pictures, contents(trained), tmp_path / "best")
    assert difference <= bundle.TOLERANCE
    card = files.read_json(tmp_path / "best" / "card.json")
    assert card["model_sha256"] == files.sha256(tmp_path / "best" / "model.tflite")
    assert card["arrays_sha256"] == files.sha256(tmp_path / "best" / "arrays.npz")
    loaded = Classifier.load(tmp_path / "best")
    sample = tmp_path / "best" / "samples" / "a" / "1.jpg"
    assert (loaded.labels, loaded.samples) == (("a", "b", "c"), (sample.read_bytes(),))
    bundle.write(model, pictures, contents(trained), tmp_path / "again")
    assert files.read_json(tmp_path / "again" / "card.json") == card
    answer = Engine(tmp_path / "best" / "model.tflite").answer(pictures[0])
    assert set(answer) == {"logits", "pooled", "map"}
    np.testing.assert_allclose(answer["map"].mean(axis=(0, 1)), answer["pooled"], atol=1e-5)


def test_flips_are_averaged_inside_the_model(pictures: list[np.ndarray], tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    trained = tail.build(scenario(backbone="small_cnn"), SIZE, (64, 64, 3), 3, how())
    model = compose(
        scenario(backbone="small_cnn"), SIZE, trained, [CropAndFlip(axes) for axes in FLIPS]
    )
    given = contents(trained)
    assert bundle.write(model, pictures, given, tmp_path / "best") <= bundle.TOLERANCE
    engine = Engine(tmp_path / "best" / "model.tflite")
    flips = [pictures[0][:, ::step][::other] for other in (1, -1) for step in (1, -1)]
    first, mirrored, turned, both = (engine.answer(flip) for flip in flips)
    for answer in (mirrored, turned, both):
        np.testing.assert_allclose(answer["logits"], first["logits"], atol=1e-5)
    np.testing.assert_allclose(mirrored["map"], first["map"][:, ::-1], atol=1e-5)
    np.testing.assert_allclose(turned["map"], first["map"][::-1], atol=1e-5)
    alone = np.stack([trained.predict_on_batch(flip[None].astype(np.float32)) for flip in flips])
    np.testing.assert_allclose(first["logits"], alone.mean(axis=0)[0], atol=1e-4)
    kernel, bias = trained.get_layer("logits").get_weights()
    of_map = first["map"].mean(axis=(0, 1)) @ kernel + bias
    np.testing.assert_allclose(of_map, first["logits"], atol=1e-4)


def test_a_model_that_answers_otherwise_is_not_exported(
    pictures: list[np.ndarray], tmp_path: Path
) -> None:
    chosen = scenario(backbone="small_cnn")
    keras.utils.set_random_seed(1)
    trained = tail.build(chosen, SIZE, (64, 64, 3), 3, how())
    model, given = compose(chosen, SIZE, trained), contents(trained)
    bundle.write(model, pictures, given, tmp_path / "best")
    before = files.sha256(tmp_path / "best" / "model.tflite")
    engine = Engine(tmp_path / "best" / "model.tflite")
    layer = model.get_layer("answers").get_layer("logits")
    layer.set_weights([weights + 0.01 for weights in layer.get_weights()])
    layer.set_weights([layer.get_weights()[0] * 1.1, layer.get_weights()[1]])
    with pytest.raises(ExportError, match="expected probabilities within"):
        bundle.check(model, engine, pictures)
    assert files.sha256(tmp_path / "best" / "model.tflite") == before
    strange = {**given.arrays, "bias": given.arrays["bias"] + 1}
    with pytest.raises(BundleError, match="logits that differ by"):
        bundle.write(model, pictures, given._replace(arrays=strange), tmp_path / "best")
    assert files.sha256(tmp_path / "best" / "model.tflite") == before
