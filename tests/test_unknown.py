"""Pictures of no class, in `_unknown`: trained with, never tested, and no class anywhere."""

import io
import re
import shutil
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from canting.bundle.classifier import Classifier
from canting.bundle.logits import LOGIT
from canting.bundle.unlikeness import energy
from canting.config.columns import UNKNOWN
from canting.config.params import load as load_params
from canting.core import files
from canting.core.errors import CantingError
from canting.data import manifest
from canting.data.fetch.fetch import told
from canting.data.preprocess import division, folds
from canting.documents import render
from canting.documents.cards.model import model_card
from canting.documents.provenance import provenance
from canting.documents.report.data import pictures_section
from canting.documents.run import load as load_run
from canting.evaluation.abstention.record import draw
from canting.evaluation.select_best.compose import compose
from canting.models import scores
from canting.models.features.store import Store
from canting.models.train import batches, fit, fold, grid, tail
from canting.models.tune import study
from canting.models.tune.trial_runner import TrialRunner
from canting.painter import LABELS, SEED, paint_file
from stages import (
    corruptions,
    elsewhere,
    evaluate,
    export,
    features,
    other,
    preprocess,
    review,
    select_best,
    train,
    tune,
    validate,
)
from stages import fetch as fetching
from tests import tune_data
from tests.conftest import ROOT, eagerly, slow
from tests.test_fetch_folder import plant
from tests.test_fetch_layout import brought
from tests.test_params import edited
from tests.test_pipeline import inside
from tests.test_select_best import scenario

SIDE, PER_CLASS, STRANGE = (64, 64), 6, 7

SETTINGS: dict[str, Any] = {
    "fetch__source": [
        {"name": "museum", "source": "data/museum"},
        {"name": "phones", "source": "data/phones"},
        {"name": "strangers", "source": "data/strangers", "classes": {"odd": UNKNOWN}},
    ],
    "evaluate__other": [{"name": "web", "source": "data/web"}],
    "preprocess__split": "collections",
    "validate__min_pictures": 2,
    "validate__min_groups": 2,
    "image_size": list(SIDE),
    "folds": 2,
    "epochs": 6,
    "learning_rate": 3.0e-3,
    "features__views": 1,
    "tune__method": "none",
    "train__balance": "class_weights",
    "corruptions__leave_out": ["perspective", "grey", "invert", "tint", "dark", "blur", "jpeg"],
    "corruptions__pictures": 2,
    "abstain__false_refusal": 0.2,
}


def embedded(folder: Path, numbers: range) -> None:
    """Copy some embedded pictures of each class; paint them where they were not pulled."""
    for label in LABELS:
        for number in numbers:
            kept = ROOT / "data" / label / f"{label}_{number:03d}.jpg"
            if kept.exists():
                (folder / label).mkdir(parents=True, exist_ok=True)
                shutil.copy(kept, folder / label)
            else:
                paint_file(folder, label, number, SEED)


def strange(folder: Path, kind: str, count: int = STRANGE) -> None:
    """Write pictures of what no class is."""
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(draw(kind, number, (96, 96))).save(folder / f"{kind}-{number}.png")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which the stages ran on two collections, one of which has `_unknown`."""
    folder = tmp_path_factory.mktemp("unknown")
    for place, name in enumerate(("museum", "phones", "web")):
        embedded(folder / "data" / name, range(place * PER_CLASS, (place + 1) * PER_CLASS))
    strange(folder / "data" / "museum" / UNKNOWN, "document")
    strange(folder / "data" / "web" / UNKNOWN, "screenshot")
    strange(folder / "data" / "strangers" / "odd", "noise")
    edited(folder, **SETTINGS)
    said = io.StringIO()
    with inside(folder), eagerly(), redirect_stdout(said):
        for stage in (
            *(fetching, validate, preprocess, other, features, train, elsewhere, tune),
            *(evaluate, select_best, export, corruptions, review),
        ):
            stage.main()
    (folder / "said").write_text(said.getvalue())
    yield folder
    shutil.rmtree(folder)


def table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / name
    return pd.read_parquet(path) if name.endswith("parquet") else pd.read_csv(path)


@pytest.mark.slow
def test_predictions_have_no_row_and_no_column_of_it(done: Path) -> None:
    pictures = manifest.read(done / "build" / "manifest.parquet")
    known = pictures[pictures["label"] != UNKNOWN]
    assert len(pictures) - len(known) == 2 * STRANGE
    for name in ("train/predictions.parquet", "elsewhere.parquet"):
        found = table(done / "build", name)
        columns = [one.removeprefix(LOGIT) for one in map(str, found) if one.startswith(LOGIT)]
        assert columns == [*LABELS]
    predictions = table(done / "build", "train/predictions.parquet")
    assert sorted(predictions["path"]) == sorted(known["path"])
    for path in sorted((done / "results").rglob("*.csv")):
        elsewhere_or_quarantine = {"answers.csv", "quarantine.csv", "left_out.csv"}
        assert path.name in elsewhere_or_quarantine or UNKNOWN not in path.read_text(), path


@pytest.mark.slow
def test_the_stages_count_it_apart(done: Path) -> None:
    said = (done / "said").read_text()
    assert re.search(r"\b36 pictures, 3 labels, 14 pictures of no class, to be refused, dig", said)
    assert "validate: 36 pictures, 3 classes, 14 pictures of no class, to be refused, " in said
    assert "web: 18 pictures of 3 classes, 7 of 1 labels that no class has" in said


@pytest.mark.slow
def test_its_pictures_are_trained_with_where_they_are_not_left_out(done: Path) -> None:
    rows = fold.read_table(done / "build" / "folds.csv")
    unknown = rows[rows["label"] == UNKNOWN]
    museum = unknown["path"].str.contains("document")
    assert set(unknown["fold"][museum]) == {0}
    assert sorted(unknown["fold"][~museum].value_counts()) == [3, 4]
    assert (table(done / "results", "evaluate/confusion.csv")[["label"]].nunique() == 3).all()


@pytest.mark.slow
def test_scores_are_those_of_the_logits_of_classes(done: Path) -> None:
    predictions = table(done / "build", "train/predictions.parquet")
    told = files.read_json(done / "results" / "evaluate" / "metrics.json")
    names = np.asarray(LABELS, object)[scores.logits_of(predictions).argmax(axis=1)]
    right = names == predictions["label"].to_numpy(object)
    assert told["accuracy"] == pytest.approx(right.mean())
    last = table(done / "build", "train/curves.csv").groupby("fold").last()
    assert last["val_accuracy"].tolist() == [
        pytest.approx(right[(predictions["fold"] == number).to_numpy()].mean()) for number in (0, 1)
    ]
    leak = files.read_json(done / "results" / "preprocess" / "leakage.json")
    assert leak["pictures"] == len(predictions)


@pytest.mark.slow
def test_the_bundle_knows_the_classes_alone(done: Path) -> None:
    card = files.read_json(done / "build" / "best" / "card.json")
    assert card["labels"] == [*LABELS]
    assert card["learned_from"]["pictures"] == 2 * 3 * PER_CLASS
    assert card["learned_from"]["unknown"] == 2 * STRANGE
    assert card["abstention"]["pictures"] == 2 * 3 * PER_CLASS
    assert card["abstention"]["collections"] == ["museum", "phones"]
    assert card["reference"]["pictures"] == 2 * 3 * PER_CLASS
    assert set(card["reference"]["classes"]) <= set(LABELS)
    classifier = Classifier.load(done / "build" / "best")
    assert classifier.card.learned_from is not None
    assert classifier.card.learned_from.unknown == 2 * STRANGE
    arrays = np.load(done / "build" / "best" / "arrays.npz")
    assert arrays["kernel"].shape[1] == arrays["bias"].shape[0] == 3
    picture = next((done / "build" / "raw" / UNKNOWN).glob("*.png"))
    with Image.open(picture) as image:
        said = classifier.engine.answer(np.asarray(image.convert("RGB").resize(SIDE)))
    assert said["logits"].shape == (3,)


@pytest.mark.slow
def test_energy_is_that_of_the_classes(done: Path) -> None:
    card = files.read_json(done / "build" / "best" / "card.json")
    predictions = table(done / "build", "train/predictions.parquet")
    middle = np.median(energy(scores.logits_of(predictions)))
    assert card["abstention"]["energy"]["middle"] == pytest.approx(middle, abs=1e-5)


@pytest.mark.slow
def test_another_collection_has_it_as_an_unknown_label(done: Path) -> None:
    told = files.read_json(done / "results" / "select_best" / "elsewhere.json")
    assert (told["pictures"], told["unknown"]) == (3 * PER_CLASS, STRANGE)
    assert 0 <= told["unknown_refused"] <= 1


@pytest.mark.slow
def test_changed_pictures_and_doubtful_labels_leave_it_out(done: Path) -> None:
    changed = table(done / "results", "corruptions/corruptions.csv")
    assert set(changed["label"].fillna("")) == {"", *LABELS}
    counts = files.read_json(done / "results" / "review" / "metrics.json")
    assert counts["pictures"] == counts["judged"] == 2 * 3 * PER_CLASS


@pytest.mark.slow
def test_report_and_model_card_say_how_many_were_trained_with(done: Path) -> None:
    params = load_params(done / "params.yaml")
    run = load_run(params, done / "results", done / "build")
    assert run.labels == [*LABELS]
    words = f"{2 * STRANGE} further pictures of no class"
    page = render.markdown(model_card(run, provenance(ROOT)), "figures")
    assert page.count(words) == 1
    section = pictures_section(run)
    assert words in str(section)
    assert "weak logits are refused" in page


def test_a_trained_tail_has_one_output_more_and_loses_it_by_its_weights(tmp_path: Path) -> None:
    params, rows = tune_data.params(tmp_path / "p"), tune_data.table()
    rows["label"] = rows["label"].replace("c", UNKNOWN)
    kept = tune_data.write_features(tmp_path / "f") / "efficientnet_lite0"
    task = fold.FoldTask(params.scenarios()[0], 0, params, rows, kept, tmp_path / "cache")
    assert task.classes == ["a", "b"]
    data = fold.as_data(task._replace(table=rows.assign(fold=rows.index % 2)))
    assert (data.classes, data.outputs, data.unknown) == (2, 3, True)
    train_, test = np.arange(0, 90, 2), np.flatnonzero((np.arange(90) % 2 > 0) & (data.targets < 2))
    trained = fit.fit(
        task.scenario.model_copy(update={"epochs": 2}),
        *(data, train_, test),
        seed=1,
        settings=params.train,
    )
    assert trained.model.output_shape == (None, 3)
    assert trained.logits.shape == (len(test), 2)
    cut = tail.build(task.scenario, params.image_size, data.store.shape, 2, params.train)
    cut.set_weights(tail.weights_of(trained.model, 2))
    features_ = Store(kept).view(0)[test]
    np.testing.assert_allclose(cut.predict(features_, verbose=0), trained.logits, atol=1e-5)
    whole = trained.model.predict(features_, verbose=0)
    np.testing.assert_allclose(whole[:, :2], trained.logits, atol=1e-5)
    assert whole[:, 2].std() > 0


@pytest.mark.parametrize("backbone", ["small_cnn", *slow("efficientnet_lite0")])
@pytest.mark.parametrize("hidden", [None, *slow(5)])
def test_the_whole_model_of_any_tail_answers_as_before(backbone: str, hidden: int | None) -> None:
    """Everything is trained, or a classifier with or without hidden units: all end alike."""
    settings = load_params(ROOT / "params.yaml").train.model_copy(update={"hidden": hidden})
    one = scenario(backbone=backbone)
    shape = (*SIDE, 3) if one.has_tail else (1280,)
    made = [tail.build(one, SIDE, shape, count, settings) for count in (4, 3)]
    made[1].set_weights(tail.weights_of(made[0], 3))
    asked = np.random.default_rng(0).uniform(0, 255, (2, *shape)).astype(np.float32)
    expected = made[0].predict_on_batch(asked)[:, :3]
    np.testing.assert_allclose(made[1].predict_on_batch(asked), expected, rtol=1e-4, atol=1e-4)
    whole = compose(one, SIDE, made[1])
    assert whole.output["logits"].shape == (None, 3)
    keras.backend.clear_session()


def test_an_outcome_is_of_the_classes(tmp_path: Path) -> None:
    params, rows = tune_data.params(tmp_path / "p"), tune_data.table()
    rows["label"] = rows["label"].replace("c", UNKNOWN)
    rows["fold"] = np.where(rows.index < 6, -1, rows["group"] % 2)
    kept = tune_data.write_features(tmp_path / "f") / "efficientnet_lite0"
    settings = params.model_copy(update={"epochs": (2,), "folds": 2})
    for number in (0, -1):
        one = fold.FoldTask(settings.scenarios()[0], number, settings, rows, kept, tmp_path / "c")
        with eagerly():
            found = fold.train(one)
        expected = rows.index[(rows["label"] != UNKNOWN) & (rows["fold"] == number)]
        assert found.rows.tolist() == expected.tolist()
        assert found.logits.shape == (len(expected), 2)
        assert grid.loaded(one).weights[-1].shape == (2,)
        again = fold.rebuilt(one, found.weights).predict(Store(kept).view(0)[found.rows], verbose=0)
        np.testing.assert_allclose(again, found.logits, atol=1e-5)


def test_class_weights_count_it_as_a_class() -> None:
    targets = np.array([0] * 6 + [1] * 3 + [2] * 3)
    np.testing.assert_allclose(batches.balanced(targets, 3), [2 / 3, 4 / 3, 4 / 3])


def test_searches_train_with_it_and_score_the_classes(tmp_path: Path) -> None:
    params, rows = tune_data.params(tmp_path / "p"), tune_data.table()
    rows["label"] = rows["label"].replace("c", UNKNOWN)
    kept = tune_data.write_features(tmp_path / "f")
    unknown = (rows["label"] == UNKNOWN).to_numpy()
    for task in study.tasks(params, rows, kept, tmp_path / "cache"):
        assert task.classes == ["a", "b"]
        seen = []
        for train_, scored in TrialRunner(task).splits:
            assert unknown[task.inside][train_].any()
            assert not unknown[task.inside][scored].any()
            seen += scored.tolist()
        assert sorted(seen) == np.flatnonzero(~unknown[task.inside]).tolist()


def known_and_unknown() -> tuple[list[str], np.ndarray]:
    """Return labels and groups of two classes and 23 pictures of none, 3 beside a class's."""
    labels = ["a", "b"] * 30 + [UNKNOWN] * 23
    groups = np.r_[np.arange(60), [4, 4, 11], np.arange(70, 90)]
    return labels, groups


@pytest.mark.parametrize("hold_out", [0.0, 0.2])
def test_folds_of_the_classes_are_the_same_without_it(hold_out: float) -> None:
    labels, groups = known_and_unknown()
    found = folds.draw(labels, groups, 5, hold_out, 7)
    assert found[:60].tolist() == folds.draw(labels[:60], groups[:60], 5, hold_out, 7).tolist()
    assert found[60:63].tolist() == [found[4], found[4], found[11]]
    assert np.bincount(found[63:], minlength=5).tolist() == [4] * 5


def test_few_of_them_are_enough_and_a_test_part_of_the_source_is_kept() -> None:
    labels, groups = known_and_unknown()
    few = folds.draw(labels[:61], groups[:61], 5, 0.0, 7)
    assert few[60] == few[4]
    apart = np.arange(83) % 2 == 0
    found = folds.draw(labels, groups, 5, 0.0, 7, apart)
    assert (found[apart] == manifest.HELD_OUT).all()
    alone = np.flatnonzero(~apart)
    assert (found[alone[alone >= 63]] >= 0).all()


def test_a_class_has_to_be_in_every_collection_and_unknown_need_not() -> None:
    rows = pd.DataFrame({"label": ["a", "b"] * 4 + [UNKNOWN] * 4, "group": range(12)})
    rows["collection"] = ["x", "x", "y", "y"] * 2 + ["x", "x", "z", "z"]
    rows["path"] = [f"{number}.png" for number in range(12)]
    assert manifest.collections(rows) == ["x", "y"]
    assert division.by_collection(rows, 2).tolist() == [0, 0, 1, 1] * 2 + [0, 0, 0, 1]
    found = division.collection_table(rows.assign(fold=[-1, *[0] * 11]), rows)
    assert found is not None
    assert found["fold"].tolist() == [-1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1]
    lacking = rows[(rows["label"] != "b") | (rows["collection"] != "y")]
    with pytest.raises(CantingError, match="'b' has none in y"):
        division.by_collection(lacking, 2)


def test_a_mapping_of_classes_may_make_it(tmp_path: Path) -> None:
    root = tmp_path / "data"
    plant(
        root, *(f"{name}/{number}.jpg" for name in ("cat", "dog", "fox", "owl") for number in "12")
    )
    classes = {"cat": "cat", "dog": "dog", "fox": UNKNOWN, "owl": UNKNOWN}
    found, rows = brought(root, classes=classes)
    assert rows["fox/1.jpg"]["path"].startswith(f"{UNKNOWN}/")
    assert dict(found.pictures) == {"cat": 2, "dog": 2, UNKNOWN: 4}
    last = list(told(found))[-1]
    assert last.startswith("4 pictures, 2 labels, 4 pictures of no class, to be refused, digest ")


@pytest.mark.parametrize("above", ["", "museum/"])
def test_folders_inside_it_say_nothing(tmp_path: Path, above: str) -> None:
    root = tmp_path / "data"
    inside_ = ("1.jpg", "fox/2.jpg", "owl/2020/3.jpg")
    plant(root, *(f"{above}{name}/1.jpg" for name in ("cat", "dog")))
    if above:
        plant(root, "phones/cat/2.jpg")
    plant(root, *(f"{above}{UNKNOWN}/{name}" for name in inside_))
    found, rows = brought(root, collection="folder" if above else None)
    assert found.pictures[UNKNOWN] == 3
    assert {row["path"].partition("/")[0] for row in rows.values()} == {"cat", "dog", UNKNOWN}
    if above:
        assert rows[f"museum/{UNKNOWN}/owl/2020/3.jpg"]["collection"] == "museum"
    plant(root, f"{above}{UNKNOWN}/cat/4.jpg")
    with pytest.raises(CantingError, match="lies in one class and has the name of another"):
        brought(root, collection="folder" if above else None)


def test_one_class_beside_it_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "data"
    plant(root, "cat/1.jpg", f"{UNKNOWN}/1.jpg")
    expected = r"Received only: 'cat'; '_unknown' is no class\. Add pictures of another class"
    with pytest.raises(CantingError, match=expected):
        brought(root)


@pytest.mark.parametrize("name", ["_Unknown", "__unknown", "_UNKNOWN_", "_un_known"])
def test_another_spelling_is_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "data"
    plant(root, "cat/1.jpg", "dog/1.jpg", f"{name}/1.jpg")
    expected = rf"A label: expected '_unknown' .* Received: '{name}'\. Rename it"
    with pytest.raises(CantingError, match=expected):
        brought(root)
    classes = {"cat": "cat", "dog": "dog", name: UNKNOWN}
    assert brought(root, classes=classes)[0].pictures[UNKNOWN] == 1


@pytest.mark.parametrize("name", ["unknown", "_strange", "Unknown"])
def test_other_names_are_classes(tmp_path: Path, name: str) -> None:
    root = tmp_path / "data"
    plant(root, "cat/1.jpg", f"{name}/1.jpg")
    assert set(brought(root)[0].pictures) == {"cat", name}


def test_an_empty_folder_is_refused_as_of_a_class(tmp_path: Path) -> None:
    root = tmp_path / "data"
    plant(root, "cat/1.jpg", "dog/1.jpg")
    (root / UNKNOWN).mkdir()
    with pytest.raises(CantingError, match=r"hold no pictures of their own: '_unknown'\."):
        brought(root)
