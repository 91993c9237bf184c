"""Which scenarios are averaged, what is claimed of it, and the bundle that answers so."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
import pytest
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from canting.bundle.answer import UNLIKE_TRAINING
from canting.bundle.classifier import Classifier
from canting.bundle.engine import Engine
from canting.bundle.ensemble import averaged
from canting.bundle.errors import BundleError
from canting.bundle.logits import softmax
from canting.config.params import Params
from canting.config.params import load as load_params
from canting.config.sections import SelectBest
from canting.core import files
from canting.core.silence import silence
from canting.evaluation.ensemble import graph, refit, search
from canting.evaluation.ensemble.averaging import of_winner
from canting.evaluation.ensemble.record import card_of, reason
from canting.evaluation.ensemble.search import FoldScores
from canting.evaluation.evaluate import tables, trained
from canting.evaluation.select_best import bundle
from canting.evaluation.select_best.bundle import Contents
from canting.evaluation.select_best.compose import compose
from canting.models.export import export
from canting.models.train import fold, grid, tail
from canting.models.train.fold import FoldTask
from tests.conftest import ROOT, eagerly
from tests.picture_files import encoded
from tests.service_fixtures import in_process
from tests.test_select_best import SIZE, scenario

LABELS = ["a", "b", "c"]
FOLDS, PICTURES = 5, 150
SETTINGS = SelectBest(metric="macro_f1", alpha=0.05, ensemble=3)
COSTS = {"large": (30, 9, 5), "middle": (20, 9, 5), "small": (10, 9, 5)}

CODES = np.arange(PICTURES) % 3
PATHS = [f"{number}.png" for number in range(PICTURES)]
OF_FOLD = np.arange(PICTURES) // 3 % FOLDS


def made(**logits: np.ndarray) -> pd.DataFrame:
    """Return out-of-fold predictions of scenarios from their logits, `(PICTURES, 3)`."""
    named = pd.DataFrame({"path": PATHS, "label": np.asarray(LABELS)[CODES], "fold": OF_FOLD})
    parts = [
        named.assign(scenario=name, **{f"logit {x}": one[:, k] for k, x in enumerate(LABELS)})
        for name, one in logits.items()
    ]
    return tables.predicted(pd.concat(parts, ignore_index=True))


def wrong_at(places: np.ndarray, seed: int) -> np.ndarray:
    """Return logits that are sure and right, but at some places unsure and wrong."""
    logits = 4 * np.eye(3)[CODES]
    logits[places] = np.eye(3)[(CODES[places] + 1) % 3]
    return logits + np.random.default_rng(seed).normal(0, 0.05, logits.shape)


PLACES = np.arange(PICTURES)
"""The first 15, the next 15, and so on have three of each fold."""

DIFFERENT = made(
    large=wrong_at(PLACES[:30], 1),
    middle=wrong_at(PLACES[:75], 3),
    small=wrong_at(PLACES[30:65], 2),
)


def searched(predictions: pd.DataFrame, settings: SelectBest = SETTINGS) -> search.Searched:
    return search.search(predictions, COSTS, settings, 0.95)


def test_models_that_are_wrong_on_different_pictures_are_averaged() -> None:
    found = searched(DIFFERENT)
    assert found.members == ("large", "small")
    assert found.by_fold == (found.members,) * FOLDS
    assert found.taken
    assert found.ensemble.mean() > 0.99
    assert found.single.mean() == pytest.approx(0.8, abs=0.02)
    assert found.interval.low > 0
    assert found.p_value < 0.01
    told = reason(found, 3, "macro_f1", "1.5 times")
    assert "large + small, averaged" in told
    assert "1.5 times the multiply-adds. The difference is distinguishable" in told


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_lower_is_better_for_some_metrics(metric: str) -> None:
    found = searched(DIFFERENT, SETTINGS.model_copy(update={"metric": metric}))
    assert set(found.members) == {"large", "small"}
    assert found.taken
    assert (found.interval.mean < 0) == (metric == "loss")


def test_equal_models_are_not_averaged_and_the_cheaper_one_leads() -> None:
    same = wrong_at(PLACES[:30], 1)
    found = searched(made(large=same, middle=same, small=same))
    assert (found.members, found.taken, found.p_value) == (("small",), False, 1.0)
    assert reason(found, 3, "macro_f1", "1.0 times") == (
        "No ensemble: no other scenario, averaged with small, has a better macro F1."
    )


def test_the_cheaper_of_two_that_help_alike_is_added() -> None:
    helps = wrong_at(PLACES[30:60], 2)
    predictions = made(large=helps, middle=helps, small=wrong_at(PLACES[:20], 1))
    assert searched(predictions).members == ("small", "middle")


def test_a_gain_that_may_be_chance_is_not_paid_for() -> None:
    one = wrong_at(PLACES[:6], 1)
    found = searched(made(large=one, middle=one, small=wrong_at(PLACES[5:12], 2)))
    assert len(found.members) == 2
    assert found.p_value > SETTINGS.alpha
    assert not found.taken
    assert reason(found, 2, "macro_f1", "2.0 times").endswith(
        "The difference is not distinguishable."
    )


def test_on_labels_without_meaning_the_choice_looks_good_and_the_estimate_does_not() -> None:
    names = {f"s{number}": (1, 1, number) for number in range(8)}
    settings = SETTINGS.model_copy(update={"metric": "accuracy"})
    seen, claimed, taken = [], [], 0
    for seed in range(8):
        generator = np.random.default_rng(seed)
        noise = {name: generator.normal(size=(PICTURES, 3)) for name in names}
        predictions = made(**noise)
        found = search.search(predictions, names, settings, 0.95)
        seen.append(FoldScores(predictions, "accuracy").of(found.members).mean())
        claimed.append(found.ensemble.mean())
        taken += found.taken
    assert np.mean(seen) > 1 / 3 + 0.06
    assert np.mean(claimed) == pytest.approx(1 / 3, abs=0.025)
    assert taken <= 1


def test_a_scenario_that_failed_is_no_member() -> None:
    names = pd.DataFrame({"scenario": list(COSTS), "failure": ["", "", "the loss became nan"]})
    predictions = DIFFERENT.copy()
    rows = predictions["scenario"] == "small"
    predictions.loc[rows, [f"logit {name}" for name in LABELS]] = np.nan
    curves = pd.DataFrame({"scenario": list(COSTS)})
    left = trained.split(names, predictions, curves)
    ranked = {name: COSTS[name] for name in left.scenarios["scenario"]}
    found = search.search(left.predictions, ranked, SETTINGS, 0.95)
    assert "small" not in {*found.members, *(name for one in found.by_fold for name in one)}


def test_the_mean_of_probabilities_by_hand_and_far_below_the_smallest_float() -> None:
    logits = np.log([[[0.5, 0.5]], [[0.9, 0.1]]])
    np.testing.assert_allclose(softmax(averaged(logits)), [[0.7, 0.3]])
    far = averaged(np.array([[[0.0, -2000.0]], [[0.0, -1500.0]]]))
    np.testing.assert_allclose(far, [[0.0, -1500 - np.log(2)]], atol=1e-9)
    alone = np.array([[[3.0, 1.0]]])
    assert np.array_equal(averaged(alone), alone[0])
    of_both = of_winner(DIFFERENT, "large + small")
    assert set(of_both["scenario"]) == {"large + small"}
    shuffled = DIFFERENT.sample(frac=1, random_state=1)
    again = of_winner(shuffled, "large + small").set_index("path").loc[PATHS].reset_index()
    pd.testing.assert_frame_equal(again[of_both.columns], of_both)
    kept = of_winner(DIFFERENT, "small")
    assert kept["scenario"].unique().tolist() == ["small"]


@pytest.mark.parametrize(("old", "new"), [(4, 4), (6, 3), (7, 3), (3, 5)])
def test_a_side_is_averaged_by_area(old: int, new: int) -> None:
    found = graph.areas(old, new)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=0), new / old, atol=1e-6)


def toy(size: int, channels: int, seed: int) -> keras.Model:
    """Return a whole model, whose map has `size` × `size` places."""
    keras.utils.set_random_seed(seed)
    picture = keras.Input((12, 12, 3), name="picture")
    map_ = keras.layers.Conv2D(channels, 12 // size, 12 // size, activation="relu")(picture / 255)
    pooled = keras.layers.GlobalAveragePooling2D()(map_)
    logits = keras.layers.Dense(3, kernel_initializer="normal")(pooled) * 30
    return keras.Model(picture, {"logits": logits, "pooled": pooled, "map": map_})


def test_maps_of_different_grids_come_to_the_coarsest_and_litert_follows(tmp_path: Path) -> None:
    models, scales = [toy(6, 4, 1), toy(4, 5, 2), toy(3, 2, 3)], [0.5, 2.0, 1.0]
    export(graph.joined(models, scales), tmp_path / "model.tflite")
    pictures = np.random.default_rng(0).integers(0, 256, (4, 12, 12, 3), dtype=np.uint8)
    each = [model.predict_on_batch(pictures.astype(np.float32)) for model in models]
    wanted = np.mean([softmax(np.asarray(one["logits"])) for one in each], axis=0)
    pooled = [np.asarray(one["pooled"]) / scale for one, scale in zip(each, scales, strict=True)]
    engine = Engine(tmp_path / "model.tflite")
    for place, picture in enumerate(pictures):
        answer = engine.answer(picture)
        np.testing.assert_allclose(np.exp(answer["logits"]), wanted[place], atol=1e-5)
        np.testing.assert_allclose(answer["pooled"], np.concatenate(pooled, 1)[place], atol=1e-5)
        np.testing.assert_allclose(answer["map"].mean(axis=(0, 1)), answer["pooled"], atol=1e-5)
        assert answer["map"].shape == (3, 3, 11)


@pytest.mark.slow
def test_members_with_the_same_trunk_share_it(tmp_path: Path) -> None:
    models = []
    for seed, dropout in enumerate((0.0, 0.5)):
        keras.utils.set_random_seed(seed)
        member, how = scenario(dropout=dropout), load_params(ROOT / "params.yaml").train
        models.append(compose(member, SIZE, tail.build(member, SIZE, (1280,), 3, how)))
    export(models[0], tmp_path / "one.tflite")
    export(graph.joined(models, [1.0, 1.0]), tmp_path / "both.tflite")
    one, both = (operators(tmp_path / f"{name}.tflite") for name in ("one", "both"))
    assert one["CONV_2D"] > 30
    assert both["CONV_2D"] == one["CONV_2D"]
    sizes = [(tmp_path / f"{name}.tflite").stat().st_size for name in ("one", "both")]
    assert sizes[1] < 1.01 * sizes[0]


def operators(path: Path) -> Counter[str]:
    """Return how often each operator is in a LiteRT file."""
    with silence():
        interpreter = Interpreter(str(path))
    return Counter(one["op_name"] for one in interpreter._get_ops_details())


class Made(NamedTuple):
    """Two small networks that were trained, what is shipped of them, and their bundle."""

    tasks: list[FoldTask]
    shipped: refit.Shipped
    pictures: np.ndarray
    folder: Path


def settings() -> Params:
    base = load_params(ROOT / "params.yaml")
    train = base.train.model_copy(update={"hidden": 6})
    changes = {"backbone": ("small_cnn",), "dropout": (0.0, 0.3), "epochs": (2,), "folds": 2}
    return base.model_copy(update={**changes, "image_size": (32, 32), "train": train})


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder, params = tmp_path_factory.mktemp("ensemble"), settings()
    features, numbers = folder / "features" / "small_cnn", np.arange(36)
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 90, (36, 32, 32, 3), dtype=np.uint8)
    for number in numbers:
        pictures[number, ..., number % 3] += 150
    features.mkdir(parents=True)
    np.save(features / "view_000.npy", pictures)
    np.save(features / "test_001.npy", np.ascontiguousarray(pictures[:, :, ::-1]))
    files.write_json(features / "key.json", "a key")
    folds = np.where(numbers < 6, -1, numbers // 3 % 2)
    paths, labels = [f"{number}.png" for number in numbers], np.asarray(LABELS)[numbers % 3]
    table = pd.DataFrame({"path": paths, "label": labels, "group": numbers, "fold": folds})
    of_test = params.features.model_copy(update={"test_views": 2})
    params = params.model_copy(update={"features": of_test})
    tasks = [FoldTask(one, -1, params, table, features, folder) for one in params.scenarios()]
    with eagerly():
        for task in tasks:
            for place in (-1, 0, 1):
                fold.run(task._replace(fold=place))
    found = grid.train(params, table, folder / "features", folder)
    left = trained.split(found.scenarios, found.predictions, found.curves)
    winner = " + ".join(task.scenario.name for task in tasks)
    shipped = refit.ensemble(tasks, of_winner(left.predictions, winner))
    card = {"labels": LABELS, "image_size": [32, 32], "temperature": 1.0, "scenario": {}}
    card["abstention"] = shipped.doubt.card
    said = card_of(card, shipped.members)  # type: ignore[arg-type]
    arrays = {**shipped.arrays, "prototypes": shipped.doubt.prototypes}
    bundle.write(shipped.model, list(pictures), Contents(said, arrays, {}), folder / "best")
    return Made(tasks, shipped, pictures, folder / "best")


def of_members(tasks: Sequence[FoldTask], pictures: np.ndarray) -> np.ndarray:
    """Return the mean probabilities of the trained tails, each over the views of a test."""
    found = []
    for task in tasks:
        rebuilt = fold.rebuilt(task, grid.loaded(task).weights)
        views = [pictures, pictures[:, :, ::-1]]
        logits = [np.asarray(rebuilt.predict_on_batch(one.astype(np.float32))) for one in views]
        found.append(softmax(np.mean(logits, axis=0)))
    return np.asarray(np.mean(found, axis=0))


@pytest.mark.slow
def test_the_bundle_answers_as_its_averaged_members_do_in_keras(both: Made) -> None:
    loaded, wanted = Classifier.load(both.folder), of_members(both.tasks, both.pictures)
    answers = [loaded.answer(picture, overlay=True) for picture in both.pictures]
    found = np.asarray([list(one.probabilities.values()) for one in answers])
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    shown = answers[0].activation
    assert shown is not None
    assert shown.shape[0] > 0
    assert loaded.version.startswith("small_cnn-")
    assert [one.channels for one in loaded.card.members] == [6, 6]
    assert loaded.card.members[1].scenario["dropout"] == 0.3


@pytest.mark.slow
def test_the_hold_out_is_scored_by_the_mean(both: Made) -> None:
    held = both.shipped.hold_out
    assert held is not None
    wanted = of_members(both.tasks, both.pictures)[:6]
    assert held["pictures"] == 6
    assert held["accuracy"] == np.mean(wanted.argmax(axis=1) == np.arange(6) % 3)
    assert held["loss"] == pytest.approx(-np.log(wanted[np.arange(6), np.arange(6) % 3]).mean())


@pytest.mark.slow
def test_every_member_has_the_same_weight_in_the_distance(both: Made) -> None:
    """And pictures like the training ones are answered, others are refused."""
    engine, inside = Engine(both.folder / "model.tflite"), both.pictures[6:]
    pooled = np.stack([engine.answer(picture)["pooled"] for picture in inside])
    np.testing.assert_allclose(np.abs(pooled[:, :6]).sum(axis=1).mean(), 1, rtol=0.05)
    np.testing.assert_allclose(np.abs(pooled[:, 6:]).sum(axis=1).mean(), 1, rtol=0.05)
    loaded, told = Classifier.load(both.folder), both.shipped.doubt.card
    assert told is not None
    refused = [loaded.answer(picture).abstained for picture in inside]
    assert np.mean(refused) <= 0.2


@pytest.mark.slow
def test_a_bundle_whose_members_do_not_fit_is_refused(both: Made, tmp_path: Path) -> None:
    card = files.read_json(both.folder / "card.json")
    for name in ("model.tflite", "arrays.npz"):
        (tmp_path / name).write_bytes((both.folder / name).read_bytes())
    first, second = card["members"]
    for channels, words in (((1, 6), "12 channels"), ((1, 11), "logits that differ")):
        pairs = zip((first, second), channels, strict=True)
        wrong = [{**member, "channels": count} for member, count in pairs]
        files.write_json(tmp_path / "card.json", {**card, "members": wrong})
        with pytest.raises(BundleError, match=words):
            Classifier.load(tmp_path)
    files.write_json(tmp_path / "card.json", {**card, "members": []})
    with pytest.raises(BundleError, match="shapes"):
        Classifier.load(tmp_path)


@pytest.mark.slow
def test_the_service_answers_with_it(both: Made, tmp_path: Path) -> None:
    with in_process(tmp_path, both.folder) as server:
        answer = server.answer(encoded(Image.fromarray(both.pictures[9])), overlay="true")
        known = Classifier.load(both.folder)
        about = server.client.get("/api/model").json()
    assert about["labels"] == LABELS
    assert about["version"] == known.version
    wanted = of_members(both.tasks, both.pictures[9:10])[0]
    found = [answer["probabilities"][label] for label in LABELS]
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert (answer["reason"] == UNLIKE_TRAINING) == answer["abstained"]
