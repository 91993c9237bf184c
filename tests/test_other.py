"""Collections that nothing is trained on: what is brought, how it is scored, what is said of it."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from canting.bundle.logits import softmax
from canting.config.fetch import Collection
from canting.core.errors import CantingError
from canting.data import manifest, origins
from canting.data.validate import tables
from canting.evaluation.evaluate import elsewhere
from canting.evaluation.other import pictures, served
from canting.painter import LABELS, SEED, paint
from tests.conftest import ROOT

SIZE = (64, 64)


@cache
def painting(motif: str, number: int) -> Image.Image:
    """Return an embedded picture, not to be changed; it is painted where it was not pulled."""
    kept = ROOT / "data" / motif / f"{motif}_{number:03d}.jpg"
    if kept.exists():
        with Image.open(kept) as image:
            return image.convert("RGB")
    return Image.fromarray(paint(motif, number, SEED))


def painted(folder: Path, numbers: range, labels: tuple[str, ...] = LABELS) -> Path:
    """Write painted pictures, the same for the same class and number."""
    for label in labels:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            motif = LABELS[labels.index(label) % len(LABELS)]
            painting(motif, number).save(folder / label / f"{number}.jpg", quality=92)
    return folder


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder `build` with the manifest of six pictures that are trained on."""
    raw = painted(tmp_path / "build" / "raw", range(2))
    found = tables.read(raw)
    found["near_duplicate"] = found["group"] = range(len(found))
    manifest.write(raw.parent / "manifest.parquet", found.assign(collection="data", split=""))
    return raw.parent


def bring(build: Path, *sources: Path, **keys: Any) -> pictures.Brought:
    wanted = tuple(Collection(name=source.name, source=str(source), **keys) for source in sources)
    target = build / "aside"
    target.mkdir()
    return pictures.bring(wanted, build, SIZE, target)


def test_what_the_training_shows_and_what_cannot_be_decoded_is_left_out(
    build: Path, tmp_path: Path
) -> None:
    source = painted(tmp_path / "museum", range(2, 4))
    with Image.open(build / "raw" / LABELS[0] / "1.jpg") as shown:
        turned = shown.rotate(90).resize((200, 200))
    turned.save(source / LABELS[0] / "turned.png")
    (source / LABELS[1] / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    found = bring(build, source)
    assert len(found.pictures) == 6
    reasons = dict(zip(found.left_out["path"], found.left_out["reason"], strict=True))
    assert reasons[f"{LABELS[0]}/turned.png"] == (
        f"near-duplicate of a training picture: {LABELS[0]}/1.jpg"
    )
    assert f"{LABELS[1]}/broken.jpg" in reasons
    asked, array = pictures.read(build / "aside")
    assert asked["path"].tolist() == found.pictures["path"].tolist()
    assert array.shape == (6, *SIZE, 3)
    assert set(asked["collection"]) == {"museum"}
    assert found.words[-1].startswith("6 pictures that nothing is trained on, in 6 groups")
    assert "left out: 2" in found.words[-1]


def test_labels_that_no_class_has_are_counted_apart(build: Path, tmp_path: Path) -> None:
    source = painted(tmp_path / "mixed", range(2, 4), (LABELS[0], "sekar_jagad"))
    found = bring(build, source)
    assert found.words[-2] == ("mixed: 2 pictures of 1 classes, 2 of 1 labels that no class has")


def test_one_class_alone_can_be_asked_about(build: Path, tmp_path: Path) -> None:
    source = tmp_path / "one" / "class"
    painted(source, range(2, 4), LABELS[:1])
    assert len(bring(build, source).pictures) == 2


def test_without_collections_nothing_is_brought(build: Path) -> None:
    found = pictures.bring(None, build, SIZE, build)
    assert (len(found.pictures), len(found.left_out), found.words) == (0, 0, ())


def test_a_class_under_another_spelling_is_refused_and_the_remedy_helps(
    build: Path, tmp_path: Path
) -> None:
    source = painted(tmp_path / "spelled", range(2, 4))
    meant = next(label for label in LABELS if "_" in label)
    spelling = meant.replace("_", " ").title()
    (source / meant).rename(source / spelling)
    with pytest.raises(CantingError) as caught:
        bring(build, source)
    assert f"expected {meant!r}" in str(caught.value)
    assert f"Received: {spelling!r} in 'spelled'" in str(caught.value)
    (build / "aside").rename(build / "before")
    classes = {label.name: label.name for label in source.iterdir()} | {spelling: meant}
    assert len(bring(build, source, classes=classes).pictures) == 6


def test_a_collection_that_is_trained_on_is_refused(build: Path, tmp_path: Path) -> None:
    with pytest.raises(CantingError, match=r"Received: 'data', which `fetch.source` names too"):
        bring(build, painted(tmp_path / "data", range(2, 4)))


def test_nothing_but_training_pictures_is_refused(build: Path, tmp_path: Path) -> None:
    with pytest.raises(CantingError, match="expected pictures that are not trained on"):
        bring(build, painted(tmp_path / "again", range(2)))


def test_a_source_that_is_not_there_names_the_key(build: Path, tmp_path: Path) -> None:
    with pytest.raises(CantingError, match=r"`evaluate.other`, .*: In the collection 'nowhere'"):
        bring(build, tmp_path / "nowhere")


def answers(labels: list[str], guesses: list[list[str]], groups: list[int]) -> pd.DataFrame:
    """Return what each of some models guesses, with logits of 2 for the guess."""
    names = ["a", "b", "c"]
    frames = [
        pd.DataFrame(
            {
                "path": [f"{place}.jpg" for place in range(len(labels))],
                "label": labels,
                "collection": "museum",
                "group": groups,
                "scenario": "one",
                "fold": fold,
                **{f"logit {name}": [2.0 * (guess == name) for guess in made] for name in names},
            }
        )
        for fold, made in enumerate(guesses)
    ]
    return pd.concat(frames, ignore_index=True)


def test_scores_are_means_over_the_models_and_unknown_labels_do_not_count() -> None:
    """Of four known pictures one model has three right, the other all; there is no `c`."""
    table = elsewhere.scored(
        answers(
            ["a", "a", "b", "b", "stranger"],
            [["a", "c", "b", "b", "a"], ["a", "a", "b", "b", "c"]],
            [0, 0, 1, 2, 3],
        ),
        pd.Series({"one": 1.0}),
        0.95,
        15,
    )
    whole = table.iloc[0]
    assert (whole["collection"], whole["label"], whole["pictures"], whole["groups"]) == (
        *("", ""), 4, 3,
    )  # fmt: skip
    assert whole["accuracy"] == pytest.approx((3 / 4 + 1) / 2)
    assert whole["macro_f1"] == pytest.approx(((2 / 3 + 1) / 2 + 1) / 2)
    assert whole["accuracy_low"] <= whole["accuracy"] <= whole["accuracy_high"] == 1
    sure = float(softmax(np.array([[2.0, 0, 0]])).max())
    assert whole["ece"] == pytest.approx(abs(7 / 8 - sure))
    named = table.set_index(["collection", "label"])["accuracy"]
    assert named["", "a"] == pytest.approx(3 / 4)
    assert named["museum", "b"] == 1
    assert table.loc[table["label"] != "", "macro_f1"].isna().all()
    assert ("", "c") not in named.index


def test_an_interval_over_groups_is_wider_than_over_pictures() -> None:
    """Ten pictures of each of ten groups, all right or all wrong: ten trials, not a hundred."""
    right = np.repeat([1, 1, 1, 1, 1, 1, 1, 0, 0, 0], 10)
    labels = ["a", "b"] * 50
    guesses = [one if fine else "c" for one, fine in zip(labels, right, strict=True)]
    ends = []
    for groups in (list(range(100)), np.repeat(range(10), 10).tolist()):
        table = answers(labels, [guesses], groups)
        whole = elsewhere.scored(table, pd.Series({"one": 1.0}), 0.95, 15).iloc[0]
        assert whole["accuracy"] == pytest.approx(0.7)
        ends.append(whole["accuracy_high"] - whole["accuracy_low"])
    binomial = 2 * 1.96 * np.sqrt(0.7 * 0.3 / np.array([100, 10]))
    assert ends == pytest.approx(binomial, rel=0.12)


def test_the_gap_is_what_is_lost_against_inside() -> None:
    table = elsewhere.scored(
        answers(["a", "b"], [["a", "a"]], [0, 1]), pd.Series({"one": 1.0}), 0.95, 15
    )
    ranking = pd.DataFrame({"scenario": ["one"], "macro_f1": [0.9]})
    found = elsewhere.joined(ranking, table).iloc[0]
    assert found["other_macro_f1"] == pytest.approx(1 / 3)
    assert found["other_gap"] == pytest.approx(0.9 - 1 / 3)
    assert elsewhere.joined(ranking, table.iloc[:0]) is ranking


def test_the_shipped_model_is_scored_with_its_refusals() -> None:
    told = pd.DataFrame(
        {
            "path": [f"{place}.jpg" for place in range(6)],
            "label": ["a", "a", "b", "b", "x", "y"],
            "collection": [*["one"] * 4, *["two"] * 2],
            "group": range(6),
            "predicted": ["a", "b", "b", "b", "a", "b"],
            "probability": [0.9, 0.8, 0.9, 0.9, 0.99, 0.6],
            "distance": [0.5, 1.5, 0.2, 0.3, 2.0, 0.7],
            "refused": [False, True, False, False, True, False],
        }
    )
    found = served.metrics(told, ["a", "b"], 0.95, 10)
    assert (found["pictures"], found["unknown"]) == (4, 2)
    assert found["accuracy"] == 3 / 4
    assert found["answered_accuracy"] == 1
    assert found["refused"] == 1 / 4
    assert found["unknown_refused"] == 1 / 2
    assert found["recalls"] == {"a": 0.5, "b": 1.0}
    assert found["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found["ece"] == pytest.approx(3 / 4 * 0.1 + 1 / 4 * 0.8)
    assert found["collections"]["two"] == {"pictures": 0, "unknown": 2, "unknown_refused": 0.5}
    assert found["collections"]["one"]["accuracy"] == 3 / 4


def test_the_table_of_origins_is_that_of_the_other_pictures(build: Path, tmp_path: Path) -> None:
    source = painted(tmp_path / "museum", range(2, 4))
    bring(build, source, group=r"/(\d)\.jpg")
    asked, _ = pictures.read(build / "aside")
    assert asked["group"].nunique() == 2
    assert len(origins.read(build / "aside" / origins.ORIGINS)) == 6
