"""Doubtful labels: wrong ones are found and ranked, right ones are left alone, in every setting."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image

from canting.bundle.logits import LOGIT
from canting.config.tables import REVIEW, SIMILAR
from canting.core import files
from canting.data.relabel import Relabelled
from canting.evaluation.review import neighbours, writing
from canting.evaluation.review.label_errors import judge
from canting.evaluation.review.review import Reviewed, confirmed, review

LABELS = ("glass", "metal", "NA")


class Made:
    """Pictures of some classes with predictions and features that know the true label."""

    def __init__(self, per_class: int = 40, labels: tuple[str, ...] = LABELS) -> None:
        generator = np.random.default_rng(5)
        true = np.repeat(np.asarray(sorted(labels), dtype=object), per_class)
        paths = [f"{label}/{number:03d}.jpg" for number, label in enumerate(true)]
        digests = [f"{number:064x}" for number in range(len(true))]
        self.true = true
        self.pictures = pd.DataFrame({"path": paths, "label": true, "sha256": digests})
        self.pictures["near_duplicate"] = np.arange(len(true))
        self.folds = np.arange(len(true)) % 4
        hot = (true[:, None] == np.asarray(sorted(labels), dtype=object)).astype(float)
        self.hot = hot
        self.logits = 5 * hot + generator.normal(0, 0.5, hot.shape)
        centres = generator.random((len(hot[0]), 64))
        blur = generator.uniform(0.03, 0.08, (len(true), 1))
        self.features = hot @ centres + blur * generator.normal(0, 1, (len(true), 64))

    def wrong(self, *rows: int) -> None:
        """Give some pictures the label of the class after their own."""
        names = sorted(set(self.true))
        for row in rows:
            later = names[(names.index(self.true[row]) + 1) % len(names)]
            self.pictures.loc[row, "label"] = later

    @property
    def predictions(self) -> pd.DataFrame:
        names = sorted(set(self.true))
        columns = {LOGIT + name: self.logits[:, place] for place, name in enumerate(names)}
        table = self.pictures[["path", "label"]].assign(fold=self.folds, **columns)
        return table[self.folds >= 0].reset_index(drop=True)

    def reviewed(self, known: npt.NDArray[np.bool_] | None = None, most: int = 50) -> Reviewed:
        nobody = np.zeros(len(self.pictures), dtype=bool)
        chosen = nobody if known is None else known
        return review(self.pictures, self.predictions, self.features, chosen, most)


def test_swapped_labels_are_found_and_no_others() -> None:
    made = Made()
    made.wrong(3, 50, 90)
    found = made.reviewed()
    table = found.table[found.table["proposed"] != found.table["label"]]
    assert sorted(table["path"]) == ["NA/003.jpg", "glass/050.jpg", "metal/090.jpg"]
    assert list(table["proposed"]) == [path.partition("/")[0] for path in table["path"]]
    assert table["probability"].is_monotonic_increasing
    assert (table["probability"] < table["probability_proposed"]).all()
    assert found.metrics["doubtful"] == 3
    assert found.metrics["doubtful_share"] == 0.025
    first = table.iloc[0]
    assert first["reason"].startswith(f"predicted {first['proposed']} ")


def test_where_every_label_is_right_nothing_is_doubtful() -> None:
    made = Made()
    made.logits = 30 * made.hot
    found = made.reviewed()
    assert found.table.empty
    assert (found.metrics["doubtful"], found.metrics["outliers"]) == (0, 0)
    assert list(found.table) == REVIEW
    assert list(found.similar) == SIMILAR


def test_two_classes_and_a_tiny_one_are_enough() -> None:
    two = Made(12, ("a", "b"))
    two.wrong(2)
    assert two.reviewed().table["path"].iloc[0] == "a/002.jpg"
    made = Made(12)
    keep = [*range(25), 30]
    made.pictures = made.pictures.iloc[keep].reset_index(drop=True)
    made.true, made.folds = made.true[keep], made.folds[keep]
    made.logits, made.features = made.logits[keep], made.features[keep]
    made.wrong(5)
    assert made.reviewed().table["path"].iloc[0] == "NA/005.jpg"


def test_pictures_that_are_in_no_fold_are_not_judged_but_compared() -> None:
    made = Made()
    made.folds[:8] = -1
    made.wrong(3)
    made.pictures.loc[3, "near_duplicate"] = 5
    found = made.reviewed()
    assert found.metrics["judged"] == 112
    assert list(found.table["path"]) == ["NA/003.jpg", "NA/005.jpg"]
    assert list(found.table["proposed"]) == ["glass", "NA"]
    assert found.table["probability"].isna().all()
    assert list(found.table["reason"])[1] == "a near-duplicate is labelled glass"
    assert (found.metrics["conflicts"], found.metrics["doubtful"]) == (2, 0)


def test_of_two_near_duplicates_the_likelier_label_is_proposed_for_both() -> None:
    made = Made()
    made.wrong(3)
    made.pictures.loc[3, "near_duplicate"] = 5
    table = made.reviewed().table
    assert list(table["path"])[:2] == ["NA/003.jpg", "NA/005.jpg"]
    assert list(table["proposed"])[:2] == ["NA", "NA"]
    assert "a near-duplicate is labelled NA" in table["reason"].iloc[0]
    assert table["reason"].iloc[1] == "a near-duplicate is labelled glass"


def test_what_a_person_confirmed_is_not_doubted_again() -> None:
    made = Made()
    made.wrong(3, 50)
    keys = {(f"{3:064x}", "glass"): Relabelled("glass"), (f"{50:064x}", "NA"): Relabelled("")}
    known = confirmed(made.pictures, keys)
    assert list(np.flatnonzero(known)) == [3]
    found = made.reviewed(known)
    assert list(found.table["path"]) == ["glass/050.jpg"]
    assert (found.metrics["confirmed"], found.metrics["doubtful"]) == (1, 1)


def test_outliers_are_named_even_as_two_copies() -> None:
    made = Made()
    made.features[[7, 8]] = np.eye(64)[0]
    made.pictures.loc[8, "near_duplicate"] = 7
    found = made.reviewed()
    assert list(found.table["path"]) == ["NA/007.jpg", "NA/008.jpg"]
    assert found.table["reason"].unique().tolist() == ["unlike other pictures of NA"]
    assert (found.table["proposed"] == found.table["label"]).all()
    assert found.metrics["outliers"] == 2


def test_features_with_places_are_pooled() -> None:
    flat = np.random.default_rng(2).random((30, 5))
    codes, groups = np.repeat([0, 1, 2], 10), np.arange(30)
    maps = np.repeat(np.repeat(flat[:, None, None], 3, axis=1), 2, axis=2)
    expected = neighbours.distances(neighbours.place(flat, codes, groups))
    assert np.allclose(neighbours.distances(neighbours.place(maps, codes, groups)), expected)


def test_distances_are_those_to_the_nearest_of_other_groups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against a plain loop; in parts as in one go."""
    generator = np.random.default_rng(2)
    features, codes = generator.random((40, 6)), np.repeat([0, 1], [36, 4])
    groups = np.concatenate([np.arange(36) // 2, [50, 50, 50, 50]])
    placed = neighbours.place(features, codes, groups)
    found = neighbours.distances(placed)
    cosines = placed.points @ placed.points.T
    for row in range(36):
        others = cosines[row][(codes == 0) & (groups != groups[row])]
        assert found[row] == pytest.approx(1 - np.sort(others)[-5:].mean(), abs=2e-5)
    assert np.isnan(found[36:]).all()
    monkeypatch.setattr(neighbours, "ROWS", 7)
    assert np.array_equal(neighbours.distances(placed), found, equal_nan=True)


def test_what_is_alike_is_of_the_class_and_of_other_groups() -> None:
    made = Made()
    made.wrong(3)
    made.pictures.loc[4, "near_duplicate"] = 3
    similar = made.reviewed(most=1).similar
    assert set(similar["path"]) == {"NA/003.jpg"}
    assert list(similar["label"]) == ["glass"] * 3 + ["NA"] * 3
    assert not {"NA/003.jpg", "NA/004.jpg"} & set(similar["similar"])
    assert all(path.startswith("NA/") for path in similar["similar"][3:])


def test_equal_probabilities_are_ordered_by_path() -> None:
    made = Made()
    made.wrong(3, 4, 50)
    made.logits[[3, 4]] = [9.0, 0.0, 0.0]
    table = made.predictions
    backwards = table.iloc[::-1].reset_index(drop=True)
    one, other = judge(table), judge(backwards)
    assert np.array_equal(one.doubtful, other.doubtful[::-1])


def test_the_results_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    made = Made()
    made.wrong(3, 50, 90)
    for path in made.pictures["path"]:
        (tmp_path / "raw" / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 45), "teal").save(tmp_path / "raw" / path)
    for name in ("one", "other"):
        writing.write(made.reviewed(most=2), 2, tmp_path / "raw", tmp_path / name)
    names = ["metrics.json", "review.csv", "review.png", "similar.csv"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    assert len(pd.read_csv(tmp_path / "one" / "review.csv")) == 2
    assert files.read_json(tmp_path / "one" / "metrics.json")["doubtful"] == 3


def test_an_empty_list_is_drawn_too(tmp_path: Path) -> None:
    made = Made()
    made.logits = 30 * made.hot
    writing.write(made.reviewed(), 50, tmp_path, tmp_path / "results")
    with Image.open(tmp_path / "results" / "review.png") as image:
        assert image.width > 1000
    assert (tmp_path / "results" / "review.csv").read_text().strip() == ",".join(REVIEW)
