"""Two runs side by side: the figures, the test, the words, and what they are read from."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from canting.cli import main
from canting.core.costs import note
from canting.core.errors import CantingError
from canting.runs.compare.comparison import compare
from canting.runs.compare.find import between, find, of, written
from canting.runs.compare.record import RunRecord, read
from canting.runs.compare.source import RunFolder
from canting.runs.compare.written import markdown, verdict
from tests import track_run
from tests.track_run import git

UP = [0.010, 0.012, 0.011, 0.009, 0.010]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare") / "run"
    return track_run.make(folder, folds=5, backbone="densenet121")


@pytest.fixture
def here(run: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may change."""
    return Path(shutil.copytree(run, tmp_path / "here"))


def record(**changes: object) -> RunRecord:
    found = {
        "name": "a", "commit": None, "scenario": "s", "metric": "macro_f1", "alpha": 0.05,
        "confidence": 0.95, "numbers": (0, 1, 2), "fold_table": "f", "data": "d",
        "scores": dict.fromkeys(("accuracy", "macro_precision", "macro_recall"), 0.9)
        | {"macro_f1": 0.9, "loss": 0.3},
        "folds": dict.fromkeys(("accuracy", "macro_precision", "macro_recall"), (0.9, 0.9, 0.9))
        | {"macro_f1": (0.90, 0.80, 0.85), "loss": (0.3, 0.3, 0.3)},
        "params": {}, "costs": {}, "elsewhere": {},
    }  # fmt: skip
    return RunRecord(**{**found, **changes})  # type: ignore[arg-type]


def test_the_test_is_the_one_of_nadeau_and_bengio_by_hand() -> None:
    """Differences 1, 3 and 2 hundredths: mean 0.02, variance 0.0001, (1/3 + 1/2) of it."""
    base = record()
    folds = base.folds | {"macro_f1": (0.91, 0.83, 0.87)}
    score = compare("a", base, record(folds=folds)).score
    error = np.sqrt((1 / 3 + 1 / 2) * 1e-4)
    assert score.difference == pytest.approx(0.02)
    assert score.p_value == pytest.approx(2 * stats.t.sf(0.02 / error, 2))
    assert score.high == pytest.approx(0.02 + stats.t.ppf(0.975, 2) * error)
    assert score.p_value == pytest.approx(0.1598, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": "other"}, "not comparable: the pictures differ"),
        ({"fold_table": "other"}, "not comparable: the folds differ"),
        ({"data": None}, "`dvc.lock` does not say whether the pictures differ"),
        ({"numbers": (0, 1)}, "not comparable: 3 and 2 folds"),
        ({}, "The scores are equal on every fold."),
    ],
)
def test_what_does_not_pair_is_shown_without_a_test(change: dict[str, object], words: str) -> None:
    found = compare("a", record(), record(**change))
    assert words in verdict(found)
    if change:
        assert not found.better
        assert all(one.p_value is one.low is one.high is None for one in found.scores)
        assert found.score.difference == 0
        assert "0.9000" in markdown(found)


def test_a_better_run_is_told_from_a_commit_a_tag_and_an_experiment(here: Path) -> None:
    base = git(here, "rev-parse", "HEAD")
    git(here, "tag", "v1")
    params = (here / "params.yaml").read_text()
    (here / "params.yaml").write_text(params.replace("optimizer: adam", "optimizer: nadam", 1))
    track_run.shifted(here, UP)
    track_run.commit(here, "better")
    git(here, "update-ref", f"refs/exps/ab/{base}/lofty-name", "HEAD")
    git(here, "checkout", "-q", "v1")
    for name in ("lofty-name", "main", git(here, "rev-parse", "main")[:9]):
        found = between("v1", name, here)
        assert found.better
        assert verdict(found).startswith("better in macro F1: +0.0104 [")
        assert [(one.key, one.base, one.new) for one in found.changes] == [
            ("optimizer", "adam", "nadam")
        ]
    back = between("main", "v1", here)
    assert back.distinguishable
    assert not back.better
    assert verdict(back).startswith("worse in macro F1")


def test_the_working_tree_is_compared_with_its_commit(here: Path) -> None:
    noise = [0.05, -0.05, 0.04, -0.04, 0.01]
    track_run.shifted(here, noise)
    found = between("HEAD", ".", here)
    assert verdict(found).startswith("not distinguishable in macro F1: +0.0020")
    costs = {one.key: (one.base, one.new) for one in found.costs}
    assert costs["parameters"] == (7_037_504, 7_037_504)
    assert costs["train_seconds"] == (None, 12.5), "git keeps no seconds"


def test_seconds_of_another_training_are_not_told(here: Path) -> None:
    note("train", here)
    assert tree(here).costs["train_seconds"] == 12.5
    curves = here / "build" / "train" / "curves.csv"
    curves.write_text(curves.read_text().replace("0.5", "0.6"))
    assert "train_seconds" not in tree(here).costs


def tree(folder: Path) -> RunRecord:
    found = read(find(".", folder, folder))
    assert found is not None
    return found


def test_without_results_there_is_no_baseline(here: Path) -> None:
    git(here, "rm", "-rq", "--cached", "results")
    git(here, "commit", "-q", "-m", "nothing yet")
    found = between("HEAD", ".", here)
    assert verdict(found) == "no baseline: HEAD has no results to compare with."
    assert "no baseline" in written(found, "text")
    assert "No parameter differs" not in written(found, "text")
    with pytest.raises(CantingError, match="HEAD: expected results, `results/evaluate"):
        between(".", "HEAD", here)


def test_a_name_that_is_nothing_is_told_with_a_close_one(here: Path) -> None:
    git(here, "tag", "release-1")
    with pytest.raises(CantingError, match=r"Received: 'relaese-1'. Did you mean 'release-1'"):
        find("relaese-1", here, here)
    with pytest.raises(CantingError, match="Received: '--all'"):
        find("--all", here, here)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("results/evaluate/folds.csv", "scenario,fold\nx,1\n"),
        ("results/evaluate/folds.csv", "\xff\x00"),
        ("results/evaluate/scenarios.csv", "scenario\n"),
        ("results/select_best/selection.json", "[" * 100_000),
        ("results/select_best/selection.json", "[]"),
        ("params.yaml", "a: &a [1, 2]\nb: [*a, *a, *a]\n"),
        ("params.yaml", "a: ["),
        ("dvc.lock", "stages: ["),
    ],
)
def test_a_damaged_file_is_named(here: Path, path: str, content: str) -> None:
    (here / path).write_bytes(content.encode("latin-1"))
    with pytest.raises(CantingError, match="expected what a stage writes") as told:
        of(RunFolder("base", here), RunFolder("new", here))
    assert path in str(told.value)


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "<b>"])
def test_a_score_has_to_be_a_number(here: Path, value: str) -> None:
    path = here / "results" / "evaluate" / "folds.csv"
    table = pd.read_csv(path, dtype=str)
    table["loss"] = value
    table.to_csv(path, index=False)
    with pytest.raises(CantingError, match="expected what a stage writes"):
        read(RunFolder("hostile", here))


def test_words_of_a_stranger_are_no_markup(here: Path) -> None:
    title = "<img src=x onerror=alert(1)> | **bold** [a](http://b) `code` @all\\n# head"
    params = (here / "params.yaml").read_text()
    (here / "params.yaml").write_text(params.replace("source: data", f"source: '{title}'"))
    told = written(between("HEAD", ".", here), "markdown")
    row = next(line for line in told.splitlines() if "fetch.source" in line)
    assert "<img" not in row
    assert r"\*\*bold\*\*" in row
    assert r"\[a\](http" in row
    assert row.count(" | ") == 2
    assert r"\|" in row


def test_the_command_prints_a_table_markdown_and_json(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    track_run.shifted(here, UP)
    monkeypatch.chdir(here)
    (here / "dvc.yaml").touch()
    for form, words in (((), "macro F1 "), (("--markdown",), "| macro F1 |"), (("--json",), "{")):
        monkeypatch.setattr(sys, "argv", ["canting", "compare", "HEAD", *form])
        main.main()
        told = capsys.readouterr().out
        assert words in told
    found = json.loads(told)
    assert found["better"]
    assert found["comparable"]
    assert found["base"]["name"] == "HEAD"
    assert found["scores"][3]["name"] == "macro_f1"
    assert found["scores"][3]["p_value"] < 0.05
