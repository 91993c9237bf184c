"""The study report: what it says, and that it stands by itself."""

import base64
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import pandas as pd
import pytest

from canting.config import columns
from canting.config import tables as named_tables
from canting.config.exports import EXPORT_FORMATS
from canting.config.metrics import METRICS
from canting.config.records import CollectionRecord
from canting.core.errors import CantingError
from canting.documents import render
from canting.documents.cards.model import model_card
from canting.documents.content import Document, Mono, Section, Table
from canting.documents.provenance import provenance
from canting.documents.report import exports, limits, source
from canting.documents.report.costs import by_batch_size
from canting.documents.report.findings import findings
from canting.documents.report.write import assemble
from canting.documents.run import Run, load
from stages import report as stage
from tests import report_run
from tests.conftest import ROOT

GRID = {"optimizer": ["adam", "nadam", "adadelta"], "dropout": [0.0, 0.5]}


class Page(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, attribute: str) -> list[str]:
        return [values[attribute] for _, values in self.tags if attribute in values]


def written(folder: Path, **keys: object) -> Path:
    """Make a run and its report, by the stage itself."""
    report_run.make(folder, **keys)  # type: ignore[arg-type]
    shutil.copy(ROOT / "dvc.lock", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stage.main()
    return folder


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("grid"), **GRID)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("one"), preprocess={"hold_out": 0.2})


def run_of(folder: Path) -> Run:
    from canting.config.params import load as load_params

    return load(load_params(folder / "params.yaml"), folder / "results", folder / "build")


def report_of(folder: Path) -> Document:
    return assemble(run_of(folder), provenance(folder))


def section(report: Document, title: str) -> Section:
    return next(part for part in report.sections if part.title == title)


def tables(part: Section) -> list[Table]:
    return [block for block in part.blocks if isinstance(block, Table)]


def words(report: Document) -> str:
    return Page(render.html(report)).words


def html(folder: Path) -> str:
    return (folder / "build" / "report" / "index.html").read_text(encoding="utf-8")


def markdown(folder: Path) -> str:
    return (folder / "build" / "report" / "report.md").read_text(encoding="utf-8")


def test_the_page_needs_nothing_beside_itself(grid: Path) -> None:
    page = Page(html(grid))
    sources = page.all("src")
    assert len(sources) == 3 + 4 + 2 + 4 + 1 + 1
    assert all(source.startswith("data:image/") for source in sources)
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    assert not re.search(r"@import|url\(|\bon\w+=", html(grid))
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    for address in page.all("href"):
        assert address.startswith("https://") or address[1:] in ids


def test_pictures_are_whole_in_both_forms(grid: Path) -> None:
    figures = grid / "build" / "report" / "figures"
    kept = sorted(path.read_bytes() for path in figures.iterdir())
    inline = [base64.b64decode(source.split(",", 1)[1]) for source in Page(html(grid)).all("src")]
    assert sorted(inline) == kept
    named = re.findall(r"!\[.*\]\(figures/(.*)\)", markdown(grid))
    assert sorted(named) == sorted(path.name for path in figures.iterdir())


def test_names_from_outside_do_no_harm(grid: Path) -> None:
    page = Page(html(grid))
    assert "<script>alert(1)</script>" in page.words
    assert "<script" not in html(grid)
    assert "a|b_*c*" in page.words
    assert "<script" not in markdown(grid)
    assert r"| a\|b\_\*c\* |" in markdown(grid)
    assert "NA/&lt;b&gt;.jpg | a truncated \\| picture |" in markdown(grid)


def test_every_row_of_markdown_has_the_cells_of_its_heading(grid: Path) -> None:
    parts = re.findall(r"(?:^\|.*\|\n)+", markdown(grid), flags=re.MULTILINE)
    assert len(parts) == html(grid).count("<table")
    for part in parts:
        bars = {len(re.findall(r"(?<!\\)\|", line)) for line in part.splitlines()}
        assert len(bars) == 1


def test_both_forms_say_the_same_numbers(grid: Path) -> None:
    pattern = r"[−+]?\b\d\.\d{4}\b"
    page = re.findall(pattern, Page(html(grid)).words)
    assert page == re.findall(pattern, markdown(grid))
    assert len(page) > 100


def test_failed_scenarios_are_listed_with_their_cause(grid: Path) -> None:
    failures = tables(section(report_of(grid), "Scenarios"))[-1]
    assert failures.rows == (
        ("adadelta · dropout 0", "fold 0: the loss is NaN"),
        ("adadelta · dropout 0.5", "fold 0: the loss is NaN"),
    )
    assert "2 scenarios failed." in words(report_of(grid))


def test_tables_have_the_columns_that_are_named(grid: Path) -> None:
    compared = grid / "results" / "evaluate" / "comparison"
    named = {
        grid / "build" / "folds.csv": columns.FOLDS,
        grid / "build" / "costs" / "train.csv": columns.TRAIN_COSTS,
        grid / "results" / "validate" / "quarantine.csv": named_tables.QUARANTINE,
        grid / "results" / "corruptions" / "corruptions.csv": named_tables.CORRUPTIONS,
        grid / "results" / "review" / "review.csv": named_tables.REVIEW,
        grid / "results" / "review" / "similar.csv": named_tables.SIMILAR,
        grid / "results" / "features" / "backbones.csv": [*named_tables.TRUNK, *named_tables.SIZES],
        compared / "effects.csv": named_tables.EFFECTS,
        compared / "contrasts.csv": named_tables.CONTRASTS,
    }
    for path, names in named.items():
        assert list(pd.read_csv(path)) == names, path


def test_the_table_with_costs(grid: Path) -> None:
    table = pd.read_csv(grid / "build" / "report" / "scenarios.csv").set_index("optimizer")
    assert len(table) == 4
    # Scenario i of the grid takes 2.5 + i seconds in each of 3 folds.
    assert sorted(table["train_seconds"].loc[["adam"]]) == [7.5, 10.5]
    assert sorted(table["train_seconds"].loc[["nadam"]]) == [13.5, 16.5]
    assert set(table["feature_seconds"]) == {3725.0}
    assert set(table["milliseconds"]) == {20.04}
    assert table["macro_f1"].is_monotonic_decreasing
    text = (grid / "build" / "report" / "scenarios.md").read_text()
    assert "| 1 h 02 min | 23,587,712 | 3,538.2 M | 94.4 MB | 20.0 |" in text
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 6


@pytest.mark.slow
def test_time_and_score_by_batch_size(grid: Path, tmp_path: Path) -> None:
    sizes = [5, 16, 500]
    folder = written(tmp_path, batch_size=sizes, dropout=[0.2, 0.4])
    run = run_of(folder)
    table = by_batch_size(run).set_index("batch_size")
    assert list(table.index) == sizes
    for place, size in enumerate(sizes):
        # Scenarios `place` and `place + 3` take 2.5 s and so many more in 3 epochs of each fold.
        ours = table.loc[size]
        assert ours["scenarios"] == 2
        assert ours["each"] == pytest.approx((2.5 + place + 1.5) / 3)
        assert ours["all"] == pytest.approx(2 * 3 * (2.5 + place + 1.5))
        scores = run.ranking.loc[run.ranking["batch_size"] == size, "macro_f1_mean"]
        assert (ours["mean"], ours["best"]) == (pytest.approx(scores.mean()), scores.max())
    page = html(folder)
    assert "Training by batch size" in page
    assert f"{1000 * table['each'].loc[500]:,.1f} ms" in page
    (folder / "build" / "costs" / "train.csv").unlink()
    assert by_batch_size(run_of(folder))["each"].isna().all()
    assert "Training by batch size" in words(report_of(folder))
    assert "Training by batch size" not in html(grid)


def test_the_first_sentence_says_which_question_the_scores_answer(one: Path) -> None:
    inside = "the scores tell how a model does on another picture of this collection, not on one"
    assert inside in " ".join(words(report_of(one)).split())
    run = run_of(one)
    apart = run.params.preprocess.model_copy(update={"split": "collections"})
    left_out = replace(run, params=run.params.model_copy(update={"preprocess": apart}))
    first = "".join(map(str, findings(left_out)[0]))
    assert "with each of 3 collections left out once: the scores tell how a model does" in first
    assert "on a picture from elsewhere" in first


def test_what_is_unknown_of_elsewhere_is_said_with_what_such_gaps_were(one: Path) -> None:
    run = run_of(one)
    pages = [report_of(one), model_card(run, provenance(one))]
    for page in pages:
        said = " ".join(words(page).split())
        assert "Of pictures from elsewhere nothing is known: all of these are of one" in said
        for figure in ("0.989", "82 to 87 %", "0.968", "0.758", "58 % refused", "0.42 on three"):
            assert figure in said
        assert "camera" not in said.replace("(camera, scale, place)", "").replace(
            "places and cameras behind the pictures are not known", ""
        )
    several = run.manifest.assign(collection=["a", "b"] * (len(run.manifest) // 2))
    said = limits.elsewhere(replace(run, manifest=several))
    assert said.startswith("Of pictures from elsewhere nothing is known: no collection was left")
    assert "`preprocess.split: collections`" in said
    apart = run.params.preprocess.model_copy(update={"split": "collections"})
    left_out = replace(run, params=run.params.model_copy(update={"preprocess": apart}))
    assert "0.989" not in limits.elsewhere(left_out)


def test_the_findings_are_the_figures(grid: Path) -> None:
    run = run_of(grid)
    best = run.ranking.iloc[0]
    text = " ".join(words(report_of(grid)).split())
    assert "72 pictures of 3 classes were classified by 6 scenarios" in text
    assert f"The best pooled macro F1 is {best['macro_f1']:.4f}, reached by " in text
    ends = f"[{best['macro_f1_mean_low']:.4f}, {best['macro_f1_mean_high']:.4f}]"
    assert f"its mean over the folds is {best['macro_f1_mean']:.4f} {ends}" in text
    assert f"{run.leakage['leaked_by_a_random_split']} of 72 pictures (" in text
    assert f"Chosen: {run.names[run.winner]}" in text
    assert "-batch32-" not in text
    assert "6 trainings" not in text
    assert "6 scenarios, 3 folds, 18 trainings" in text
    # 3 folds × (2.5 + 3.5 + 4.5 + 5.5 + 6.5 + 7.5) seconds, failed ones included.
    assert "1 h 02 min for the features and 1 min 30 s for the trainings" in text


def test_a_difference_is_told_in_the_direction_it_has(grid: Path) -> None:
    run = run_of(grid)
    contrasts = pd.DataFrame(
        [
            ("backbone", "vgg19", "resnet50", -0.02, 1),
            ("backbone", "vgg19", "densenet121", -0.01, 1),
            ("dropout", "0", "0.5", 0.03, 0),
            ("learning_rate", "1e-4", "1e-3", -0.03, 1),
            ("learning_rate", "1e-4", "1e-2", -0.01, 0),
            ("batch_size", "16", "32", 0.05, 1),
        ],
        columns=["factor", "level", "other", "difference", "distinguishable"],
    )
    assert findings(replace(run, contrasts=contrasts))[3] == (
        "Backbone: resnet50 is better than vgg19 by 0.0200, the largest of 2 distinguishable "
        "differences. Dropout: no two levels are distinguishable. Learning rate: 1e-3 is better "
        "than 1e-4 by 0.0300, the only distinguishable difference. Batch size: 16 is better than "
        "32 by 0.0500.",
    )


def test_one_scenario_has_nothing_to_compare(one: Path) -> None:
    report = report_of(one)
    statistics = section(report, "Statistics")
    assert len(statistics.blocks) == 1
    assert "nothing to compare" in words(report)
    assert "Chosen:" not in " ".join(str(span) for text in report.findings for span in text)
    assert "<details" in html(one)
    assert "Confusion matrices" not in html(one)


def test_the_hold_out_is_shown_with_the_folds(one: Path) -> None:
    run = run_of(one)
    folds = tables(section(report_of(one), "Near-duplicates and folds"))[-1]
    assert folds.columns == ("class", "hold-out", "fold 0", "fold 1", "fold 2", "all")
    assert folds.rows[-1][-1] == "72"
    held = {"pictures": 18, **dict.fromkeys(METRICS, 0.9), "loss": 0.5}
    with_score = replace(run, selection={**run.selection, "hold_out": held})
    choice = section(assemble(with_score, provenance(one)), "Choice and bundle")
    rows = {row[0]: row[1:] for row in tables(choice)[0].rows}
    ours = run.ranking.iloc[0]
    assert rows["macro F1"] == (
        "0.9000", f"{ours['macro_f1']:.4f}", f"{ours['macro_f1_mean']:.4f}"
    )  # fmt: skip
    assert rows["log-loss"][0] == "0.5000"
    assert len(rows) == len(METRICS)
    assert "18 pictures, 25.0 %" in tables(choice)[0].caption


def test_changed_pictures_are_told_by_kind_level_and_class(one: Path) -> None:
    """Every third changed picture is wrong."""
    run, part = run_of(one), section(report_of(one), "Changed pictures")
    (table,) = tables(part)
    assert table.columns == ("change", "level", "accuracy", "interval", *run.labels)
    assert [row[:2] for row in table.rows[:3]] == [("none", ""), ("crop", "0.7"), ("crop", "0.5")]
    assert ("grey", "") in [row[:2] for row in table.rows]
    every = run.corruptions[run.corruptions["label"] == ""]
    assert [row[2] for row in table.rows] == [f"{value:.4f}" for value in every["accuracy"]]
    by_class = run.corruptions[run.corruptions["kind"] == "none"].set_index("label")["accuracy"]
    assert list(table.rows[0][4:]) == [f"{by_class[label]:.4f}" for label in run.labels]
    count = len(run.folds[run.folds["fold"] >= 0])
    assert (
        f"{run.corruption_metrics['corrupted_accuracy']:.4f}" == f"{1 - -(-count // 3) / count:.4f}"
    )


def test_where_labels_come_from_and_what_was_left_out_is_told(grid: Path) -> None:
    said = words(report_of(grid))
    assert "Source: data. Labels were read as <class>/<picture>." in said
    assert "Left out of the source: 3 × JPEG 2000, which is not read." in said


def test_several_collections_are_a_table(grid: Path) -> None:
    run = run_of(grid)
    one = run.fetched["collections"][0]
    other = {**one, "name": "phones", "source": "hf:o/n", "revision": "ab12", "grouped": 7}
    other |= {"splits": {"test": 4}, "sessions": {"2024-05": 9}, "links": 2}
    other |= {"collections": {"phones/a": 3, "phones/b": 4}}
    run.fetched["collections"].append(cast(CollectionRecord, other))
    opening, changes, _ = source.blocks(run)
    assert isinstance(opening, Table)
    assert [row[0] for row in opening.rows] == [one["name"], "phones"]
    assert opening.rows[1][1] == Mono("hf:o/n@ab12")
    assert opening.rows[1][4] == "test (4)"
    assert "7 pictures belong to groups" in str(changes)
    assert "Collections, by `fetch.collection`: phones/a (3) and phones/b (4)." in str(changes)
    assert "2024-05 (9)" in str(changes)
    assert "2 symbolic links" in str(changes)


def test_measures_of_the_pictures_are_told_by_class(grid: Path) -> None:
    table = tables(section(report_of(grid), "Data"))[1]
    assert table.columns == ("class", "brightness", "contrast", "sharpness")
    assert table.rows[0][1:] == ("120", "40", "900")


def test_doubtful_labels_are_counted_and_listed(grid: Path) -> None:
    run = run_of(grid)
    told, part = run.review_metrics, section(report_of(grid), "Doubtful labels")
    counted = f"{told['doubtful']} of 72 labels ({told['doubtful'] / 0.72:.1f} %)"
    assert told["doubtful"] >= 4
    assert words(report_of(grid)).count(counted) == 2
    (table,) = tables(part)
    listed = run.review.iloc[0]
    assert table.rows[0][:4] == ("1", listed["path"], listed["label"], listed["proposed"])
    assert len(table.rows) == len(run.review) <= 6
    assert "A doubt is no proof" in words(report_of(grid))


def test_where_nothing_is_doubtful_the_report_says_so(one: Path) -> None:
    run = run_of(one)
    none = {**run.review_metrics, "doubtful": 0, "conflicts": 0, "outliers": 0, "confirmed": 2}
    quiet = replace(run, review=run.review.head(0), review_metrics=none)  # type: ignore[arg-type]
    report = assemble(quiet, provenance(one))
    assert tables(section(report, "Doubtful labels")) == []
    assert "None of the 72 labels looks wrong." in words(report)
    assert "A person gave or confirmed 2 labels" in words(report)
    held = int((run.folds["fold"] < 0).sum())
    assert f"{held} pictures of the hold-out have no out-of-fold probability." in words(report)


def test_plots_that_are_not_there_are_left_out(grid: Path, tmp_path: Path) -> None:
    shutil.copytree(grid, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "build" / "confusions")
    for path in (tmp_path / "run" / "results" / "evaluate" / "comparison").glob("*.png"):
        path.unlink()
    names = [figure.name for figure in report_of(tmp_path / "run").figures()]
    assert names[3:] == ["confusion.png", "learning_curves.png", "misclassified.png",
                         "review.png", "reliability.png", "corruptions.png"]  # fmt: skip


def test_a_missing_file_is_named(grid: Path, tmp_path: Path) -> None:
    shutil.copytree(grid, tmp_path / "run")
    (tmp_path / "run" / "results" / "evaluate" / "calibration.csv").unlink()
    with pytest.raises(CantingError, match=r"calibration\.csv`: expected .* Run `dvc repro`"):
        run_of(tmp_path / "run")


def test_how_to_do_it_again(grid: Path) -> None:
    origin = replace(provenance(grid), revision="0123abcd" * 5 + "-dirty")
    text = words(assemble(run_of(grid), origin))
    assert f"git checkout {'0123abcd' * 5}\nmake repro" in text
    assert "The run had uncommitted changes" in text
    assert (grid / "params.yaml").read_text().strip() in text
    clean = words(assemble(run_of(grid), replace(origin, revision="0123abcd" * 5)))
    assert "uncommitted" not in clean
    assert f"Digest of the pictures (fetch.digest): {run_of(grid).digest}" in clean


def test_formats_are_told_with_what_is_worse_and_their_speed(one: Path) -> None:
    part = section(report_of(one), "Other formats")
    (told,) = tables(part)
    titles = [one.title for one in EXPORT_FORMATS.values()]
    assert [row[0] for row in told.rows] == titles[:3]
    assert told.rows[2][2:4] == ("30.0 %", "40.0 %")
    assert told.rows[2][-2:] == ("−0.5000 [−0.6000, −0.4000]", "< 0.0001")
    shown = words(report_of(one))
    assert "LiteRT, integers of 8 bits was not written: its macro F1 is -0.5" in shown
    assert "The bundle holds LiteRT, float32, as `export.choose` is float32." in shown
    seconds = [("model.tflite", 1, 10.0, 50.0), ("model.tflite", 2, 6.0, 60.0)]
    costs = pd.DataFrame(seconds, columns=["file", "threads", "ms", "memory_mb"])
    run = replace(run_of(one), export_costs=costs)
    _, speed = tables(exports.sections(run)[0])
    assert speed.columns == ("format", "ms, 1 thread", "ms, 2 threads", "memory, MB")
    assert speed.rows == (("LiteRT, float32", "10.0", "6.0", "60.0"),)
    assert exports.sections(replace(run, exports=run.exports[:0])) == ()
