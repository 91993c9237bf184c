"""The part of the card that later pictures are compared with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from canting.bundle import reference as served
from canting.core.errors import CantingError
from canting.evaluation.select_best import reference
from canting.evaluation.select_best.reference import answers


def predictions() -> pd.DataFrame:
    logits = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 4.0]])
    return pd.DataFrame(
        {
            "path": ["c", "a", "d", "b"],
            "label": ["x", "x", "x", "y"],
            "logit x": logits[:, 0],
            "logit y": logits[:, 1],
            "predicted": ["x", "y", "x", "y"],
        }
    )


def scored(distances: list[float]) -> pd.DataFrame:
    refused = [False, False, True, False]
    return pd.DataFrame({"path": list("abcd"), "distance": distances, "refused": refused})


TABLE = pd.DataFrame({"path": list("abcde"), "group": [0, 1, 2, 1, 3], "fold": [0, 1, 0, 1, -1]})


def test_answers_are_as_sure_as_the_service() -> None:
    said = answers(predictions(), 0.5)
    assert said["path"].tolist() == ["c", "a", "d", "b"]
    expected = 1 / (1 + np.exp(-2 * np.array([2.0, 1.0, 3.0, 4.0])))
    np.testing.assert_allclose(said["confidence"], expected)


def test_the_reference_by_hand() -> None:
    """`d` is a near-duplicate of `b`; `c` is refused; `e` is held out."""
    found = reference.reference(answers(predictions(), 1.0), scored([0.2, 0.4, 1.2, 9.0]), TABLE)
    assert (found.pictures, found.abstained, found.right) == (3, 1, 1)
    assert found.classes == {"y": 2}
    sure = [1 / (1 + np.exp(-value)) for value in (1.0, 4.0)]
    assert found.confidence == pytest.approx(np.mean(sure), abs=1e-6)
    assert (found.confidences[0], found.confidences[-1]) == pytest.approx(sure, abs=1e-6)
    assert len(found.distances) == 101
    assert [found.distances[at] for at in (0, 50, 75, 100)] == [0.2, 0.4, 0.8, 1.2]
    shuffled = predictions().sample(frac=1, random_state=1)
    again = reference.reference(answers(shuffled, 1.0), scored([0.2, 0.4, 1.2, 9.0]), TABLE)
    assert again == found


def test_without_abstention_there_are_no_distances(tmp_path: Path) -> None:
    found = reference.reference(answers(predictions(), 1.0), scored([np.nan] * 4), TABLE)
    assert found.distances == ()
    path = tmp_path / "card.json"
    path.write_text(json.dumps({"reference": found.model_dump(mode="json")}))
    assert served.read(path).answered == 2


@pytest.mark.parametrize("held", [{}, {"reference": None}, {"reference": {"pictures": 0}}])
def test_a_card_without_reference_is_one_clear_error(held: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(json.dumps(held))
    with pytest.raises(CantingError, match="`dvc repro --force export`"):
        served.read(tmp_path / "card.json")
