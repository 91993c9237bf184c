"""Changed pictures: what is made, who predicts it, and the tables."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from canting.config.catalog import CORRUPTIONS
from canting.config.params import Params, load
from canting.core import files
from canting.evaluation.corruptions import measure as measured
from canting.evaluation.corruptions import tables
from canting.evaluation.corruptions.changes import CHANGES, changed
from canting.evaluation.corruptions.measure import measure, out_of_fold
from canting.evaluation.plots.corruptions import corruptions
from canting.evaluation.plots.figure import save
from canting.evaluation.statistics.inference import wilson
from canting.imaging.pictures import Pixels
from canting.models.augmentation import CropAndFlip
from canting.models.features import inference, store
from canting.models.features.compute import Pictures
from canting.models.train import fold, outcome
from canting.models.train.fold import FoldTask
from tests.conftest import ROOT, eagerly

SIZE, IDENTITY = (32, 40), "0123456789abcdef"
LEVELS = [(kind, level) for kind, row in CORRUPTIONS.items() for level in row.levels]


def placed() -> Pixels:
    """Return a picture whose red is its column and whose green is its row."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([6 * x, 7 * y, np.full(SIZE, 90)], axis=2).astype(np.uint8)


def test_every_kind_of_the_catalogue_is_made() -> None:
    assert list(CHANGES) == list(CORRUPTIONS)


@pytest.mark.parametrize(("kind", "level"), LEVELS)
def test_a_change_is_drawn_from_the_picture_and_the_seed(kind: str, level: float) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    seen = changed(picture, kind, level, IDENTITY, 1)
    assert seen.shape == (*SIZE, 3)
    assert seen.dtype == np.uint8
    assert not np.array_equal(seen, picture)
    assert np.array_equal(seen, changed(picture, kind, level, IDENTITY, 1))
    others = [changed(picture, kind, level, f"{n:016x}", seed) for n in (1, 2) for seed in (1, 2)]
    drawn = kind in ("crop", "rotation", "perspective", "tint")
    assert all(np.array_equal(seen, other) for other in others) != drawn


def test_crops_go_deeper_at_one_place_and_show_their_share() -> None:
    before = np.array([[0, 0], [6 * 39, 7 * 31]])
    for level in CORRUPTIONS["crop"].levels:
        seen = changed(placed(), "crop", level, IDENTITY, 1)[..., :2]
        ends = np.array([seen.min((0, 1)), seen.max((0, 1))])
        assert (ends[0] >= before[0] - 3).all()
        assert (ends[1] <= before[1] + 3).all()
        sides = (ends[1] - ends[0]) / (6 * 40, 7 * 32)
        assert np.prod(sides) == pytest.approx(level, abs=0.06)
        before = ends


def test_a_tint_reaches_its_level_in_one_channel_and_light_its_factor() -> None:
    flat = np.full((*SIZE, 3), 100, np.uint8)
    gains = changed(flat, "tint", 0.4, IDENTITY, 1)[0, 0] / 100 - 1
    assert np.abs(gains).max() == pytest.approx(0.4)
    assert changed(flat, "dark", 0.3, IDENTITY, 1)[5, 5].tolist() == [30, 30, 30]
    assert changed(flat, "bright", 1.8, IDENTITY, 1)[5, 5].tolist() == [180, 180, 180]


def test_rotation_goes_either_way() -> None:
    square = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    ways = [changed(square, "rotation", 90, f"{number:016x}", 1) for number in range(40)]
    left = sum(np.array_equal(way, np.rot90(square)) for way in ways)
    assert left + sum(np.array_equal(way, np.rot90(square, -1)) for way in ways) == 40
    assert 8 < left < 32


def test_rows_are_those_with_the_smallest_digests_of_each_class() -> None:
    table = pd.DataFrame({"label": list("aabbab"), "fold": [0, 1, 0, 1, 1, -1]})
    digests = ["9", "2", "5", "4", "3", "0"]
    assert measured.measured_rows(table, digests, 1).tolist() == [1, 3]
    assert measured.measured_rows(table, digests, 2).tolist() == [1, 2, 3, 4]
    assert measured.measured_rows(table, digests, 0).tolist() == [0, 1, 2, 3, 4]


def test_kinds_can_be_left_out() -> None:
    assert measured.measured_cells(set(CORRUPTIONS) - {"grey", "blur"}) == [
        ("grey", 1),
        ("blur", 0.01),
        ("blur", 0.02),
    ]
    assert len(measured.measured_cells(())) == len(LEVELS) == 23


def told_apart(number: int) -> keras.Model:
    """Return a tail that says `number`, and adds what it sees to it."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    model.set_weights([np.eye(2, 3), 10.0 * np.eye(3)[number]])
    return model


def test_a_picture_is_predicted_by_the_tail_of_its_own_fold_alone() -> None:
    folds, tails = np.array([2, 0, 2, 1, 0]), [told_apart(number) for number in range(3)]
    views = [np.array([[k, 0] for k in range(5)], np.float32) * sign for sign in (1, 3)]
    logits = out_of_fold(tails, [views, views[:1]], folds)
    for place, factor in enumerate((2, 1)):
        expected = 10.0 * np.eye(3)[folds]
        expected[:, 0] += factor * np.arange(5)
        np.testing.assert_allclose(logits[place], expected)
    none_of_one = out_of_fold(tails, [views], np.array([2, 0, 2, 2, 0]))
    np.testing.assert_allclose(none_of_one[0, 3], (6, 0, 10))


PICTURES, FOLDS = 24, 2


def settings(**sections: dict[str, Any]) -> Params:
    params = load(ROOT / "params.yaml")
    changes: dict[str, Any] = {
        "backbone": ("small_cnn",),
        "folds": FOLDS,
        "epochs": (1,),
        "image_size": SIZE,
        "corruptions": params.corruptions.model_copy(
            update={"pictures": 6, "leave_out": tuple(set(CORRUPTIONS) - {"crop", "grey"})}
        ),
    }
    params = params.model_copy(update=changes)
    parts = {name: getattr(params, name).model_copy(update=new) for name, new in sections.items()}
    return params.model_copy(update=parts)


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    array = np.random.default_rng(0).integers(0, 256, (PICTURES, *SIZE, 3), dtype=np.uint8)
    return Pictures(array, [files.digest(number) for number in range(PICTURES)])


@pytest.fixture(scope="module")
def tasks(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> list[FoldTask]:
    """Train a small network for one epoch on each fold."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "features").mkdir()
    np.save(store.view_path(folder / "features", 0), pictures.array)
    files.write_json(folder / "features" / "key.json", "made by the test")
    table = pd.DataFrame(
        {
            "path": [f"{number}.jpg" for number in range(PICTURES)],
            "label": np.asarray(["a", "b", "c"])[np.arange(PICTURES) % 3],
            "group": np.arange(PICTURES),
            "fold": np.arange(PICTURES) // 3 % FOLDS,
        }
    )
    params = settings()
    (scenario,) = params.scenarios()
    made = [
        FoldTask(scenario, number, params, table, folder / "features", folder / "cache")
        for number in range(FOLDS)
    ]
    with eagerly():
        for task in made:
            fold.run(task)
    return made


def always(task: FoldTask, label: int) -> None:
    """Put weights in place of a training's, that say one class whatever they see."""
    kept = fold.load(task)
    assert kept is not None
    kernel, bias = kept.weights[-2:]
    weights = [*kept.weights[:-2], np.zeros_like(kernel), np.eye(3, dtype=bias.dtype)[label]]
    outcome.save(fold.path(task), kept._replace(weights=weights))


def test_a_rebuilt_tail_says_what_the_trained_one_said(tasks: list[FoldTask]) -> None:
    from canting.models.train import prediction

    for task in tasks:
        kept = fold.load(task)
        assert kept is not None
        logits = prediction.predict(
            fold.rebuilt(task, kept.weights), store.Store(task.features), kept.rows
        )
        np.testing.assert_allclose(logits, kept.logits, atol=1e-6)


def test_predictions_are_those_of_the_own_fold_on_changed_pictures(
    tasks: list[FoldTask], pictures: Pictures
) -> None:
    """Fold 0 always says a, fold 1 always says c; unchanged pictures keep their logits."""
    before = [fold.path(task).read_bytes() for task in tasks]
    always(tasks[0], 0)
    always(tasks[1], 2)
    answers = measure(tasks, pictures)
    for task, content in zip(tasks, before, strict=True):
        fold.path(task).write_bytes(content)
    rows = measured.measured_rows(tasks[0].table, pictures.digests, 6)
    says = np.array(["a", "c"])[tasks[0].table["fold"].to_numpy()[rows]]
    parts = list(answers.groupby(["kind", "level"], sort=False))
    assert [name for name, _ in parts] == [
        ("none", 0), ("crop", 0.7), ("crop", 0.5), ("crop", 0.3), ("crop", 0.15), ("grey", 1)
    ]  # fmt: skip
    for name, part in parts:
        assert part["label"].tolist() == tasks[0].table["label"].to_numpy()[rows].tolist()
        if name[0] != "none":
            assert part["predicted"].tolist() == says.tolist()
    kept = [fold.load(task) for task in tasks]
    logits = {row: one.logits[k] for one in kept if one for k, row in enumerate(one.rows)}
    expected = ["abc"[int(logits[row].argmax())] for row in rows]
    assert parts[0][1]["predicted"].tolist() == expected


@pytest.mark.slow
def test_the_views_of_a_test_are_averaged(tasks: list[FoldTask], pictures: Pictures) -> None:
    flipping = settings(features={"test_views": 4})
    both = [task._replace(params=flipping) for task in tasks]
    answers = measure(both, pictures)
    rows = measured.measured_rows(tasks[0].table, pictures.digests, 6)
    kept = [fold.load(task) for task in tasks]
    tails = [fold.rebuilt(task, one.weights) for task, one in zip(tasks, kept, strict=True) if one]
    said = []
    for row in rows:
        seen = changed(pictures.array[row], "grey", 1, pictures.digests[row], flipping.seed)
        flips = np.stack([np.flip(seen, axes) for axes in ((), (0,), (1,), (0, 1))])
        tail = tails[int(tasks[0].table["fold"].iloc[row])]
        logits = np.asarray(tail.predict_on_batch(flips)).mean(axis=0)
        said.append("abc"[int(logits.argmax())])
    assert answers.loc[answers["kind"] == "grey", "predicted"].tolist() == said


@pytest.mark.slow
def test_what_is_kept_is_not_made_again(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    genuine = inference.run

    def run(make: Any, answer: Any, missing: dict[int, Any], count: int, **told: Any) -> None:
        made.extend(missing)
        genuine(make, answer, missing, count, **told)

    def answers(*kinds: str) -> list[np.ndarray]:
        cells = measured.measured_cells(set(CORRUPTIONS) - set(kinds))
        wanted = measured.Changed(pictures, np.arange(6), cells, [CropAndFlip()], 1)
        found = measured.answers("efficientnet_lite0", None, wanted, tmp_path)
        return [np.array(view) for (view,) in found]

    monkeypatch.setattr(inference, "run", run)
    first = answers("crop", "grey")
    assert made == [0, 1, 2, 3, 4]
    again = answers("rotation", "crop", "grey")
    assert made[5:] == [4, 5, 6]
    assert np.array_equal(again[:4] + again[-1:], first)
    for path in (tmp_path / "corruptions").glob("*.npy"):
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="is damaged and is made again"):
        assert np.array_equal(answers("crop", "grey"), first)


def test_changed_pictures_are_drawn_for_a_whole_network(pictures: Pictures, tmp_path: Path) -> None:
    cells = measured.measured_cells(set(CORRUPTIONS) - {"crop"})
    views = [CropAndFlip(), CropAndFlip((1,))]
    wanted = measured.Changed(pictures, np.array([5, 2]), cells, views, 1)
    found = measured.answers("efficientnet_lite0", "all", wanted, tmp_path)
    assert list(tmp_path.iterdir()) == []
    for place, (kind, level) in enumerate(cells):
        seen = changed(pictures.array[2], kind, level, pictures.digests[2], 1)
        assert np.array_equal(found[place][0][[1]], [seen])
        assert np.array_equal(found[place][1][[1]], [np.flip(seen, 1)])


def test_wilson_by_hand() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20."""
    assert wilson(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148, 0.95) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20, 0.95) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(20, 20, 0.95) == pytest.approx((0.8389, 1.0), abs=5e-5)


def answers() -> pd.DataFrame:
    rows = [
        *(("none", 0.0, label, label) for label in "aabb"),
        ("dark", 0.6, "a", "a"), ("dark", 0.6, "a", "b"), ("dark", 0.6, "b", "b"),
        ("dark", 0.6, "b", "b"),
        ("dark", 0.3, "a", "b"), ("dark", 0.3, "a", "b"), ("dark", 0.3, "b", "a"),
        ("dark", 0.3, "b", "b"),
        ("grey", 1.0, "a", "a"), ("grey", 1.0, "a", "b"), ("grey", 1.0, "b", "b"),
        ("grey", 1.0, "b", "b"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["kind", "level", "label", "predicted"])


def test_the_table_by_hand() -> None:
    table = tables.accuracies(answers(), 0.95)
    assert table[["kind", "level", "label", "pictures", "accuracy"]].to_numpy().tolist() == [
        ["none", 0.0, "", 4, 1.0], ["none", 0.0, "a", 2, 1.0], ["none", 0.0, "b", 2, 1.0],
        ["dark", 0.6, "", 4, 0.75], ["dark", 0.6, "a", 2, 0.5], ["dark", 0.6, "b", 2, 1.0],
        ["dark", 0.3, "", 4, 0.25], ["dark", 0.3, "a", 2, 0.0], ["dark", 0.3, "b", 2, 0.5],
        ["grey", 1.0, "", 4, 0.75], ["grey", 1.0, "a", 2, 0.5], ["grey", 1.0, "b", 2, 1.0],
    ]  # fmt: skip
    assert (table["low"][3], table["high"][3]) == wilson(3, 4, 0.95)


def test_the_metrics_by_hand() -> None:
    told = tables.metrics(tables.accuracies(answers(), 0.95), "one")
    assert told == {
        "scenario": "one",
        "pictures": 4,
        "accuracy": 1.0,
        "corrupted_accuracy": 0.625,
        "worst": "dark",
        "worst_accuracy": 0.5,
        "kinds": {"dark": 0.5, "grey": 0.75},
    }


def test_the_plot_shows_each_kind_and_class(tmp_path: Path) -> None:
    figure = corruptions(tables.accuracies(answers(), 0.95), "title")
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["darker", "grey"]
    assert [tick.get_text() for tick in panels[0].get_xticklabels()] == ["none", "60%", "30%"]
    lines = {
        line.get_label(): np.asarray(line.get_ydata()).tolist() for line in panels[0].get_lines()
    }
    assert lines["all classes, with interval"] == [1.0, 0.75, 0.25]
    assert lines["a"] == [1.0, 0.5, 0.0]
    save(figure, tmp_path / "one.png")
    save(corruptions(tables.accuracies(answers(), 0.95), "title"), tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_many_classes_have_one_line() -> None:
    many = pd.concat([answers().assign(label=f"{n}", predicted="0") for n in range(13)])
    figure = corruptions(tables.accuracies(many, 0.95), "title")
    assert len(figure.axes[0].get_lines()) == 2
