"""Prototypes, the threshold, and what is refused."""

import tracemalloc
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from canting.bundle.unlikeness import directions, energy, unlikeness
from canting.config.params import Params, load
from canting.config.records import CardRecord
from canting.core import files
from canting.data.preprocess.division import collection_table
from canting.evaluation.abstention import features, fit, record
from canting.evaluation.abstention.fit import Known
from canting.evaluation.ensemble import left_out
from canting.evaluation.evaluate import calibration
from canting.evaluation.plots.refusals import refusal_table, refusals
from canting.evaluation.select_best import bundle
from canting.evaluation.select_best.doubt import doubt
from canting.evaluation.select_best.refit import Refit
from canting.models import scores
from canting.models.features.store import Store
from canting.models.train import fold, grid
from canting.models.train.fold import FoldTask
from tests.conftest import ROOT, eagerly, slow

FOLDS, CHANNELS = 3, 24


def clouds(count: int, seed: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return features of classes that each light up their own channels, and the classes."""
    generator = np.random.default_rng(seed)
    codes = np.arange(count) % classes
    lit = np.repeat(np.eye(classes), CHANNELS // classes, axis=1)[codes]
    found = (0.2 + lit) * generator.gamma(8, 1 / 8, (count, CHANNELS))
    return found.astype(np.float32), codes.astype(np.int64)


def known(codes: np.ndarray) -> Known:
    return Known(codes, np.arange(len(codes), dtype=np.int64) // 3 % FOLDS)


def test_the_threshold_by_hand() -> None:
    scores = np.array([0.4, 0.1, 0.3, 0.2])
    assert fit.threshold(scores, 0.25) == 0.4
    assert fit.threshold(scores, 0.34) == 0.3
    assert fit.threshold(np.arange(1.0, 102.0), 0.05) == 96
    folds = np.array([0, 0, 1, 1])
    refused = fit.cross_fitted(np.array([0.5, 0.1, 0.4, 0.2]), folds, 0.5)
    assert refused.tolist() == [True, False, False, False]


def test_prototypes_are_few_unit_vectors_of_their_classes() -> None:
    pooled, codes = clouds(90, 0)
    found = fit.prototypes(pooled, codes, 1)
    assert found.shape == (30, CHANNELS)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=2e-3)
    places = (directions(pooled) @ found.T).argmax(axis=1) // 10
    assert (places == codes).all()
    assert np.array_equal(found, fit.prototypes(pooled, codes, 1))
    assert np.array_equal(found, found.astype(np.float16))


def test_prototypes_of_many_classes_stay_few_and_equal_pictures_share_one() -> None:
    pooled, codes = clouds(1200, 0, classes=8)
    assert len(fit.prototypes(pooled, codes, 1)) == 160
    many = np.arange(1200) % 300
    assert len(fit.prototypes(pooled, many, 1)) == 300
    same = np.repeat(pooled[:2], 30, axis=0)
    assert len(fit.prototypes(same, np.repeat([0, 1], 30), 1)) == 2
    assert len(fit.prototypes(pooled[:2], np.array([0, 1]), 1)) == 2


def test_the_wanted_share_of_new_pictures_is_refused_and_nearly_all_strangers() -> None:
    pooled, codes = clouds(600, 0)
    fixed = fit.fit(pooled, [pooled] * FOLDS, known(codes), 0.05, 1)
    new = unlikeness(clouds(2000, 1)[0], fixed.prototypes) > fixed.threshold
    assert new.mean() == pytest.approx(0.05, abs=0.03)
    assert fixed.refused.mean() == pytest.approx(0.05, abs=0.03)
    strange = np.random.default_rng(2).gamma(8, 1 / 8, (500, CHANNELS))
    assert (unlikeness(strange, fixed.prototypes) > fixed.threshold).mean() > 0.95


def test_a_picture_never_stands_for_itself_and_held_out_ones_for_nothing() -> None:
    pooled, codes = clouds(90, 0)
    pooled[:3] = np.tile([2, 0], CHANNELS // 2)
    fixed = fit.fit(pooled, [pooled] * FOLDS, known(codes), 0.05, 1)
    assert (fixed.scores[:3] > fixed.scores[3:].max()).all()
    held = Known(codes, np.where(np.arange(90) < 3, -1, known(codes).folds))
    fixed = fit.fit(pooled, [pooled] * FOLDS, held, 0.05, 1)
    assert len(fixed.scores) == len(fixed.refused) == fixed.record()["pictures"] == 87
    assert unlikeness(pooled[:1], fixed.prototypes).item() > 2 * fixed.threshold


def test_what_is_answered_is_scored_apart() -> None:
    fixed = fit.FittedAbstention(
        np.ones((1, 4), np.float32), 0.1, 0.5, np.zeros(4), np.array([True, False, False, False])
    )
    told = record.outcome(fixed, np.array(list("aabb"), object), np.array([0, 1, 1, 0], bool))
    assert told["false_refusal_by_class"] == {"a": 0.5, "b": 0}
    assert told["accuracy"] == 0.5
    assert told["accuracy_of_answered"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("kind", record.KINDS)
def test_strangers_are_the_same_every_time_and_differ_among_themselves(kind: str) -> None:
    first, second = (record.draw(kind, number, (60, 80)) for number in (0, 1))
    assert first.shape == (60, 80, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, record.draw(kind, 0, (60, 80)))
    assert not np.array_equal(first, second)
    assert (first.std() > 0) or kind == "uniform"


def classifier(channels: int) -> keras.Model:
    """Return a tail that is a classifier alone."""
    inputs = keras.Input((channels,))
    dropped = keras.layers.Dropout(0.2, name="dropout")(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, name="logits")(dropped))


def params(cut: str | None) -> Params:
    changed = load(ROOT / "params.yaml").model_copy(
        update={"backbone": ("small_cnn",), "epochs": (1,), "folds": 2, "fine_tune_from": (cut,)}
    )
    return changed.model_copy(update={"image_size": (32, 32), "dropout": (0.0,)})


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [None, *slow(5)])
def test_features_of_a_fold_come_from_the_tail_that_never_saw_it(
    hidden: int | None, tmp_path: Path
) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    for number in range(2):
        np.save(tmp_path / f"view_{number:03d}.npy", pictures)
    np.save(tmp_path / "test_001.npy", np.ascontiguousarray(pictures[:, :, ::-1]))
    files.write_json(tmp_path / "key.json", "a key")
    labels, numbers = ["a", "b"] * 6, np.arange(12)
    paths = [f"{number}.png" for number in range(12)]
    table = pd.DataFrame({"path": paths, "label": labels, "group": numbers, "fold": numbers // 6})
    settings = params(None)
    with_hidden = settings.train.model_copy(update={"hidden": hidden})
    settings = settings.model_copy(update={"train": with_hidden})
    (scenario,) = settings.scenarios()
    tasks = [FoldTask(scenario, one, settings, table, tmp_path, tmp_path / "c") for one in range(2)]
    with eagerly():
        for task in tasks:
            fold.run(task)
    found = list(features.of_folds(tasks, np.zeros((12, 1), np.float32)))
    assert not np.allclose(found[0], found[1])
    for task, pooled in zip(tasks, found, strict=True):
        outcome = grid.loaded(task)
        kernel, bias = fold.rebuilt(task, outcome.weights).get_layer("logits").get_weights()
        np.testing.assert_allclose(
            (pooled @ kernel + bias)[outcome.rows], outcome.logits, atol=1e-4
        )
    keras.backend.clear_session()


def test_features_of_a_frozen_trunk_are_the_mean_of_its_views(tmp_path: Path) -> None:
    pooled = np.random.default_rng(0).random((2, 5, 7), dtype=np.float32)
    np.save(tmp_path / "view_000.npy", pooled[0])
    np.save(tmp_path / "test_001.npy", pooled[1])
    files.write_json(tmp_path / "key.json", "a key")
    np.testing.assert_allclose(
        features.pooled(classifier(7), Store(tmp_path)), pooled.mean(axis=0), rtol=1e-6
    )


@pytest.mark.parametrize("wanted", [None, 0.1])
def test_the_doubt_of_a_winner(tmp_path: Path, wanted: float | None) -> None:
    pooled, codes = clouds(90, 0)
    np.save(tmp_path / "view_000.npy", pooled)
    files.write_json(tmp_path / "key.json", "a key")
    labels, folds = np.array(list("abc"), object)[codes], known(codes).folds.copy()
    folds[:9] = -1
    paths = [f"{number}.png" for number in range(90)]
    table = pd.DataFrame({"path": paths, "label": labels, "group": range(90), "fold": folds})
    settings = params(None)
    abstain = settings.abstain.model_copy(update={"false_refusal": wanted})
    settings = settings.model_copy(update={"folds": FOLDS, "abstain": abstain})
    task = FoldTask(settings.scenarios()[0], -1, settings, table, tmp_path, tmp_path / "cache")
    picture = keras.Input((32, 32, 3))
    colours = keras.layers.Dense(CHANNELS)(keras.layers.GlobalAveragePooling2D()(picture))
    final = Refit(keras.Model(picture, {"pooled": colours}), classifier(CHANNELS), None)
    answered = table.iloc[9:].assign(predicted=["another", *labels[10:]])
    found = doubt(task, final, answered.iloc[::-1])
    right = set(found.right["path"])
    assert right <= set(paths[10:])
    assert found.scored["path"].tolist() == paths[9:]
    assert found.scored["distance"].isna().all() == (wanted is None)
    if wanted is None:
        assert not found.scored["refused"].any()
        assert (found.card, found.record, len(found.prototypes)) == (None, {"wanted": None}, 0)
        assert right == set(paths[10:])
        return
    assert found.card is not None
    assert set(found.card["refused"]) == set(record.KINDS)
    assert found.record["accuracy"] == 80 / 81
    assert found.scored["refused"].mean() == found.card["false_refusal"]
    assert (found.scored["distance"] > 1).mean() == pytest.approx(wanted, abs=0.02)
    assert 81 - len(right) - 1 <= round(81 * found.card["false_refusal"]) <= 81 - len(right)


def test_samples_are_two_a_class_small_and_bare(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    rows = []
    for number, label in enumerate("aaabbbcdefgh"):
        image = Image.effect_noise((900, 600), 40).convert("RGB")
        image.save(tmp_path / f"{number}.jpg", exif=exif, comment=b"where it was taken")
        rows.append((f"{number}.jpg", label, f"{-number % 97:02x}"))
    right = pd.DataFrame(rows, columns=["path", "label", "sha256"])
    found = bundle.samples(right, tmp_path)
    assert list(found) == [
        "a/1.jpg",
        "a/2.jpg",
        "b/1.jpg",
        "b/2.jpg",
        *(f"{x}/1.jpg" for x in "cdef"),
    ]
    assert found == bundle.samples(right.iloc[::-1], tmp_path)
    (tmp_path / "shown.jpg").write_bytes(found["a/1.jpg"])
    with Image.open(tmp_path / "shown.jpg") as shown:
        assert shown.size == (512, 341)
        assert not shown.getexif()
        assert not {"exif", "comment", "icc_profile"} & set(shown.info)


def test_energy_by_hand() -> None:
    """Two equal logits z: -(z + ln 2); a shift of all logits shifts it as much, the other way."""
    found = energy(np.array([[0.0, 0.0], [3.0, 3.0], [1000.0, 0.0]]))
    np.testing.assert_allclose(found, [-np.log(2), -3 - np.log(2), -1000])


def test_limits_of_two_scores_refuse_no_more_than_is_wanted() -> None:
    unlike, energies = np.arange(100.0), np.arange(100.0)[::-1].copy()
    found = fit.limits(unlike, energies, 0.12)
    refused = found.refused(unlike, energies)
    assert refused.mean() <= 0.12
    assert (unlike > found.unlikeness).sum() == 2
    assert (energies > found.energy).sum() == 10
    same = fit.limits(unlike, unlike, 0.12)
    assert (same.unlikeness, same.energy) == (97, 88)
    assert same.refused(unlike, unlike).sum() == 11


def test_weak_logits_are_refused_at_the_distance_that_the_bundle_says() -> None:
    pooled, codes = clouds(600, 0)
    energies = np.random.default_rng(3).normal(-5, 1, 600)
    fixed = fit.fit(pooled, [pooled] * FOLDS, known(codes), 0.12, 1, energies)
    told = fixed.record()
    assert told["method"] == fit.WITH_ENERGY
    assert told["energy"]["middle"] == pytest.approx(np.median(energies), abs=1e-5)
    assert fixed.refused.mean() == pytest.approx(0.12, abs=0.02)
    assert (fixed.distances > 1).mean() == pytest.approx(0.12, abs=0.01)
    at = np.array([told["energy"]["middle"], told["energy"]["threshold"]])
    np.testing.assert_allclose(fixed.distance(np.zeros(2), at), [0, 1])
    np.testing.assert_allclose(fixed.distance(np.full(2, 2 * fixed.threshold), at), [2, 2])


def of_two_collections(folder: Path) -> tuple[FoldTask, pd.DataFrame]:
    """Return the task of a classifier on made features, and the manifest of two collections."""
    pooled, codes = clouds(90, 0)
    np.save(folder / "view_000.npy", pooled)
    np.save(folder / "view_001.npy", pooled)
    files.write_json(folder / "key.json", "a key")
    labels = np.array(list("abc"), object)[codes]
    paths = [f"{number}.png" for number in range(90)]
    numbers = np.arange(90)
    folds = np.where(numbers < 6, -1, numbers // 3 % FOLDS)
    table = pd.DataFrame({"path": paths, "label": labels, "group": numbers, "fold": folds})
    named = table.assign(collection=np.where(numbers < 48, "one", "two"))
    settings = params(None).model_copy(update={"folds": FOLDS, "backbone": ("mobilenet_v2",)})
    return FoldTask(settings.scenarios()[0], -1, settings, table, folder, folder / "c"), named


def test_refusals_are_fixed_on_collections_that_were_left_out(tmp_path: Path) -> None:
    task, manifest = of_two_collections(tmp_path)
    with eagerly():
        for number in range(2):
            drawn = collection_table(task.table, manifest)
            assert drawn is not None
            fold.run(task._replace(fold=number, table=drawn))
        left = left_out.of_collections([task], manifest.sample(frac=1, random_state=0))
    assert left is not None
    assert left.collections == ("one", "two")
    assert left.tasks[0].table["fold"].tolist() == [-1] * 6 + [0] * 42 + [1] * 42
    assert sorted(left.predictions["path"]) == sorted(manifest["path"][6:])
    picture = keras.Input((32, 32, 3))
    colours = keras.layers.Dense(CHANNELS)(keras.layers.GlobalAveragePooling2D()(picture))
    outputs = {"pooled": colours, "logits": keras.layers.Dense(3)(colours)}
    final = Refit(keras.Model(picture, outputs), classifier(CHANNELS), None)
    found = doubt(left.tasks[0], final, left.predictions, left.collections)
    assert found.card is not None
    assert found.card["collections"] == ["one", "two"]
    assert found.card["energy"]["threshold"] > found.card["energy"]["middle"]
    by_collection = found.record["false_refusal_by_collection"]
    assert isinstance(by_collection, dict)
    assert set(by_collection) == {"one", "two"}
    mean = np.mean(list(by_collection.values()))
    assert mean == pytest.approx(found.card["false_refusal"])
    card: CardRecord = {"temperature": 9.0}  # type: ignore[typeddict-item]
    told = left_out.calibrated(card, left, 15)
    logits, codes = scores.logits_of(left.predictions), scores.codes_of(left.predictions)
    assert told["temperature"] == pytest.approx(calibration.temperature(logits, codes), abs=1e-5)
    assert told["calibration"]["collections"] == ["one", "two"]
    assert told["calibration"]["pictures"] == 84
    parts = left.predictions["fold"].to_numpy()
    scaled = calibration.cross_fitted(logits, codes, parts)
    error = calibration.expected_error(calibration.reliability(scaled, codes, 15))
    assert told["calibration"]["ece_scaled"] == pytest.approx(error, abs=1e-5)
    assert left_out.calibrated(card, None, 15) == card
    weakest = left.predictions["path"].iloc[int(energy(logits).argmax())]
    rows = found.scored.set_index("path")
    assert rows.loc[weakest, "distance"] > 1
    keras.backend.clear_session()


def test_one_collection_or_one_that_lacks_a_class_leaves_the_folds(tmp_path: Path) -> None:
    task, manifest = of_two_collections(tmp_path)
    assert left_out.of_collections([task], manifest.assign(collection="one")) is None
    lacking = manifest.assign(collection=np.where(manifest["label"] == "a", "one", "two"))
    assert left_out.of_collections([task], lacking) is None


def test_a_collection_without_a_class_is_left_out_too_where_two_have_all(tmp_path: Path) -> None:
    task, manifest = of_two_collections(tmp_path)
    third = (manifest["label"] == "a") & (manifest.index < 30)
    named = manifest.assign(collection=manifest["collection"].where(~third, "third"))
    drawn = collection_table(task.table, named)
    assert drawn is not None
    counts = pd.crosstab(drawn["fold"], drawn["label"])
    assert counts.loc[[0, 1, 2]].to_numpy().tolist() == [[6, 14, 14], [8, 0, 0], [14, 14, 14]]
    near = manifest.assign(collection=manifest["collection"].where(manifest.index < 89, "web"))
    assert collection_table(task.table, near) is not None
    near.loc[89, "group"] = 80
    assert collection_table(task.table, near) is None


def test_the_curve_of_refusals_by_hand() -> None:
    good, unknown = np.arange(1, 101) / 100, np.arange(51, 151) / 100
    rows = {row["wanted"]: row for row in refusal_table(good, unknown).to_dict("records")}
    assert rows[0.1] == {"wanted": 0.1, "distance": 0.91, "good": 0.09, "unknown": 0.59}
    assert rows[0.5]["unknown"] == 0.99
    axes = refusals(good, unknown, "Refusals").axes[0]
    curve, point = axes.get_lines()[1], axes.get_lines()[2]
    steps = np.asarray(curve.get_data()).T.tolist()
    assert steps[0] == [0, 0]
    assert steps[-1] == [1, 1]
    assert [0.09, 0.59] in steps
    assert np.asarray(point.get_data()).ravel().tolist() == [0, 0.5]


def test_views_are_averaged_a_few_pictures_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    views = [np.random.default_rng(seed).random((4000, 64), np.float32) for seed in range(6)]
    expected = np.asarray(np.mean(views, axis=0), np.float32)
    monkeypatch.setattr(features, "ROWS", 300)
    tracemalloc.start()
    found = features.mean(views)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.tobytes() == expected.tobytes()
    assert peak < 2 * found.nbytes
    assert np.shares_memory(features.mean(views[:1]), views[0])


def test_prototypes_of_some_pictures_are_those_of_these_alone() -> None:
    generator = np.random.default_rng(0)
    pooled, codes = generator.random((600, 16), np.float32), generator.integers(0, 3, 600)
    used = generator.random(600) < 0.7
    alone = fit.prototypes(pooled[used], codes[used], 5)
    assert fit.prototypes(pooled, codes, 5, used).tobytes() == alone.tobytes()
