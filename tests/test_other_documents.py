"""What report, model card, summary and comparison say of collections that nothing is trained on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from canting.bundle.logits import LOGIT
from canting.config.tables import ELSEWHERE
from canting.core import files
from canting.documents import render, show
from canting.documents.cards.model import model_card
from canting.documents.provenance import provenance
from canting.documents.report.findings import findings
from canting.documents.report.limits import elsewhere as known_of_elsewhere
from canting.documents.report.write import assemble
from canting.documents.run import Run, load
from canting.evaluation.evaluate import elsewhere
from canting.evaluation.evaluate.paper_table import paper_table
from canting.evaluation.evaluate.tables import named
from canting.evaluation.other import served
from canting.models.scores import labels_of
from canting.runs.compare import written
from canting.runs.compare.comparison import compare
from tests import report_run
from tests.test_compare_runs import record

STRANGER = "a motif of no class"


def asked(run: Run, labels: list[str]) -> pd.DataFrame:
    """Return answers to three pictures a class and two strangers; each fold has one more wrong."""
    rows = [
        (scenario, fold, label, place, labels[(labels.index(label) + (place < fold)) % 3])
        for scenario in run.ranking["scenario"]
        for fold in range(3)
        for label in labels
        for place in range(3)
    ]
    table = pd.DataFrame(rows, columns=["scenario", "fold", "label", "place", "guess"])
    logits = {LOGIT + one: 3.0 * (table["guess"] == one) for one in labels}
    known = table.assign(collection="museum", group=np.arange(len(table)) % 9, path="x", **logits)
    return pd.concat([known, known.head(2).assign(label=STRANGER)], ignore_index=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made run of two scenarios that were asked about a museum."""
    folder = tmp_path_factory.mktemp("other") / "run"
    other = [{"name": "museum", "source": "museum"}]
    evaluate = {"other": other, "misclassified": 30, "confidence": 0.95, "calibration_bins": 15}
    params = report_run.make(folder, optimizer=["adam", "sgd"], evaluate=evaluate)
    run = load(params, folder / "results", folder / "build")
    found = report_run.evaluated(folder, params)
    labels = labels_of(found.trained.predictions)
    temperatures = found.calibration.set_index("scenario")["temperature"]
    table = elsewhere.scored(asked(run, labels), temperatures, 0.95, 15)
    results = folder / "results"
    table.to_csv(results / "evaluate" / "other.csv", index=False)
    ranking = elsewhere.joined(found.ranking, table)
    ranking.to_csv(results / "evaluate" / "scenarios.csv", index=False)
    files.write_text(
        results / "evaluate" / "scenarios.md", paper_table(ranking, pd.DataFrame(), 0.95)
    )
    answers = pd.DataFrame(
        {
            "path": "x", "label": [*labels, STRANGER], "collection": "museum", "group": range(4),
            "predicted": [*labels[:2], labels[0], labels[0]],
            "probability": 0.8, "distance": [0.1, 2.0, 0.3, 4.0],
            "refused": [False, True, False, True],
        }
    )  # fmt: skip
    told = served.metrics(answers, labels, 0.95, 15)
    files.write_json(results / "select_best" / "elsewhere.json", told)
    (results / "select_best" / "elsewhere").mkdir(exist_ok=True)
    served.curve(answers, labels, results / "select_best" / "elsewhere")
    card = folder / "build" / "best" / "card.json"
    abstention = {"method": "knn", "threshold": 0.7, "wanted": 0.15, "false_refusal": 0.1,
                  "pictures": 48, "collections": ["phone", "web"]}  # fmt: skip
    calibration = {"collections": ["phone", "web"], "pictures": 48, "ece": 0.2, "ece_scaled": 0.04,
                   "loss": 0.9, "loss_scaled": 0.5}  # fmt: skip
    fixed = {"temperature": 2.5, "abstention": abstention, "calibration": calibration}
    files.write_json(card, {**files.read_json(card), **fixed})
    return folder


def run_of(folder: Path) -> Run:
    from canting.config.params import load as load_params

    return load(load_params(folder / "params.yaml"), folder / "results", folder / "build")


def test_the_report_has_every_scenario_and_the_shipped_model(folder: Path) -> None:
    run = run_of(folder)
    said = " ".join(render.markdown(assemble(run, provenance(folder)), "figures").split())
    assert "Pictures of other collections" in said
    assert (
        "Nothing was trained on these collections, and nothing was chosen by them: `museum`" in said
    )
    for row in run.ranking.to_dict("records"):
        assert f"{row['other_macro_f1']:.4f}" in said
        assert f"{row['other_gap']:.4f}".replace("-", "−") in said
    finding = next(
        text for text in findings(run) if "of other collections" in "".join(map(str, text))
    )
    words = "".join(str(getattr(part, "text", part)) for part in finding)
    assert words.startswith("On 3 pictures of other collections, which nothing was trained on, the")
    assert "it refuses 33.3 % of them, and 100.0 % of 1 picture of nothing that it knows" in words


def test_the_curve_of_refusals_is_in_the_report(folder: Path) -> None:
    curve = pd.read_csv(folder / "results" / "select_best" / "elsewhere" / "refusals.csv")
    assert curve.iloc[0].tolist() == [0.01, 2.0, 0.0, 1.0]
    assert curve.iloc[-1].tolist() == [0.5, 0.3, 0.33333, 1.0]
    said = render.markdown(assemble(run_of(folder), provenance(folder)), "figures")
    assert "| 2.0000 | 0.0 % | 100.0 % |" in said
    assert "refusals-elsewhere.png" in said
    words = " ".join(said.split())
    assert (
        "fixed on collections that were left out, phone and web, to refuse 15.0 % of good pictures"
        in words
    )


def test_the_temperature_of_left_out_collections_is_said(folder: Path) -> None:
    run = run_of(folder)
    report = " ".join(render.markdown(assemble(run, provenance(folder)), "figures").split())
    assert (
        "With temperature 2.5000 its expected calibration error on collections that were left out, "
        "phone and web, goes from 0.2000 to 0.0400" in report
    )
    assert "phone and web: on these 48 pictures its ECE goes from 0.2000 to 0.0400" in report
    card = " ".join(render.markdown(model_card(run, provenance(folder)), "figures").split())
    assert "on left-out collections (phone and web) that it was not fitted to" in card
    assert "Temperature of the model: `2.5000`" in card
    assert "| temperature | 2.5000 |" in card


def test_the_card_says_what_is_known_of_elsewhere(folder: Path) -> None:
    run = run_of(folder)
    said = " ".join(render.markdown(model_card(run, provenance(folder)), "figures").split())
    assert "Of pictures from elsewhere is known what 3 pictures of 1 other collection show" in said
    assert "nothing is known" not in said
    assert known_of_elsewhere(replace(run, served=None)).startswith(
        "Of pictures from elsewhere noth"
    )


def test_metrics_tables_and_summary_have_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(folder)
    best = run.ranking.iloc[0]
    assert named(best)["other_accuracy"] == pytest.approx((1 + 2 / 3 + 1 / 3) / 3)
    text = (folder / "results" / "evaluate" / "scenarios.md").read_text()
    assert "On 9 pictures of other collections, which nothing was trained on" in text
    monkeypatch.chdir(folder)
    lines = show._elsewhere(Path("results") / "select_best" / "elsewhere.json")
    assert lines[0].startswith("elsewhere  0.5556 macro F1, 0.6667 accuracy on 3 pictures")
    assert lines[1] == "unknown    100.0% refused of 1 pictures of no class"


def test_a_comparison_shows_both_runs_elsewhere() -> None:
    values = dict.fromkeys(ELSEWHERE, 0.5) | {"other_pictures": 9.0, "other_groups": 9.0}
    found = compare("a", record(), record(elsewhere=values))
    rows = {row[0]: row[1:] for row in written.elsewhere_table(found)}
    assert rows["macro F1"] == ["–", "0.5000"]
    assert rows["pictures"] == ["–", "9"]
    assert "macro F1 lost" in written.markdown(found)
    assert "other collections" not in written.text(compare("a", record(), record()))
