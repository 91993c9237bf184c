"""What report, card, comparison, MLflow and `canting show` say of an ensemble."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from canting.config.params import load as load_params
from canting.core import files
from canting.documents import render
from canting.documents.cards import metadata
from canting.documents.cards.model import model_card
from canting.documents.provenance import provenance
from canting.documents.report.scenarios import full
from canting.documents.report.write import assemble
from canting.documents.run import Run, load
from canting.documents.show import show
from canting.runs.compare import record
from canting.runs.compare.source import RunFolder
from canting.runs.tracking import study
from tests import report_run
from tests.conftest import ROOT

GRID: dict[str, Any] = {
    "backbone": ["resnet50", "densenet121"],
    "optimizer": ["adam", "nadam", "adadelta"],
    "dropout": [0.0, 0.5],
}


class Written(NamedTuple):
    """A run with its report and its model card as Markdown."""

    folder: Path
    run: Run
    report: str
    card: str


def written(folder: Path, alpha: float) -> Written:
    """Write a run of twelve scenarios, four of which failed, that may be averaged."""
    choice = {"metric": "loss", "alpha": alpha, "ensemble": 3}
    report_run.make(folder, select_best=choice, **GRID)
    run = load(load_params(folder / "params.yaml"), folder / "results", folder / "build")
    parts = (make(run, provenance(ROOT)) for make in (assemble, model_card))
    return Written(folder, run, *(render.markdown(part, "figures") for part in parts))


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(tmp_path_factory.mktemp("taken"), 0.95)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(tmp_path_factory.mktemp("left"), 0.0001)


def test_the_report_says_what_it_adds_and_costs(taken: Written) -> None:
    told = taken.run.ensemble
    assert told is not None
    assert told["taken"]
    assert len(taken.run.members) > 1
    assert "What the ensemble adds: mean log-loss (lower is better)" in taken.report
    for words in (
        "| size without the classifier |",
        "| multiply-adds |",
        "| training, all folds |",
    ):
        assert words in taken.report
    short = taken.run.short(taken.run.winner)
    assert f"Chosen: **{render_of(short)}**." in taken.report
    assert "Its members were trained again" in taken.report
    assert "adadelta" not in taken.run.winner


def render_of(text: str) -> str:
    """Return text as Markdown has it."""
    return text.replace("_", r"\_")


def test_the_card_names_every_member_and_its_own_figures(taken: Written) -> None:
    for name in dict.fromkeys(name.split("-")[0] for name in taken.run.members):
        assert f"{name}, pretrained on ImageNet" in taken.card
    assert taken.run.classes["scenario"].tolist().count(taken.run.winner) == 3
    assert "What the ensemble adds" in taken.card
    told = taken.run.ensemble
    assert told is not None
    assert sum(map(sum, told["confusion"])) == len(taken.run.folds)
    assert "Confusion matrix: a row a true class" in taken.card
    assert metadata.of_model(taken.run)["model-index"][0]["results"][0]["metrics"]


def test_costs_are_sums_and_a_shared_network_counts_once(taken: Written) -> None:
    table = full(taken.run).set_index("scenario")
    ours, members = table.loc[taken.run.winner], table.loc[taken.run.members]
    networks = members.drop_duplicates("backbone")
    assert ours["multiply_adds"] == networks["multiply_adds"].sum()
    assert ours["milliseconds"] == pytest.approx(networks["milliseconds"].sum())
    assert ours["train_seconds"] == pytest.approx(members["train_seconds"].sum())
    assert len(table) == len(taken.run.ranking) + 1


@pytest.mark.slow
def test_where_it_was_not_taken_it_says_why(left: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    told = left.run.ensemble
    assert told is not None
    assert not told["taken"]
    assert " + " not in left.run.winner
    monkeypatch.chdir(left.folder)
    for text in (left.report, left.card, show()):
        assert "No ensemble: " in text
        assert "The difference is not distinguishable." in text
    assert left.run.scored.equals(left.run.ranking)


def test_runs_are_compared_and_tracked_by_its_scores(taken: Written) -> None:
    told = taken.run.ensemble
    assert told is not None
    found = record.read(RunFolder("new", taken.folder))
    assert found is not None
    assert found.scenario == taken.run.winner
    assert found.scores["loss"] == told["scores"]["loss"]
    by_fold = sorted(told["folds"], key=lambda part: int(part["fold"]))
    assert found.folds["loss"] == tuple(part["loss"] for part in by_fold)
    points = {one.key: one.value for one in study.figures(taken.folder, found.scenario)}
    assert points["macro_f1"] == told["scores"]["macro_f1"]
    assert points["scenarios"] == len(taken.run.ranking)
    kept = files.read_json(taken.folder / "build" / "best" / "card.json")
    assert kept["out_of_fold"]["loss"] == found.scores["loss"]
