"""The cards: what they say is what was measured, stated or not stated."""

import json
import math
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from canting.config.metrics import METRICS
from canting.config.params import load as load_params
from canting.config.stage import SPENT, processor_seconds, spending
from canting.core import files
from canting.core.frames import row_of
from canting.data import origin
from canting.documents import render
from canting.documents.cards import cost, licences, metadata
from canting.documents.cards.data import conflicts, data_card
from canting.documents.cards.model import model_card
from canting.documents.cards.write import write
from canting.documents.provenance import provenance
from canting.documents.run import Run, load
from canting.painter import PER_CLASS
from stages import cards as stage
from tests import report_run
from tests.conftest import ROOT
from tests.test_report import Page

STATED = {
    "intended_use": "Sorting <b>waste</b> in a school.",
    "data_origin": "Photographed by the class.",
    "data_licence": "CC-BY-4.0",
    "contact": "cards@example.org",
}


def made(folder: Path, **keys: Any) -> Path:
    """Make a run and its cards, by the stage itself."""
    report_run.make(folder, **keys)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stage.main()
    return folder


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keys = {"optimizer": ["adam", "nadam"], "dropout": [0.0, 0.5], "cards": STATED}
    return made(tmp_path_factory.mktemp("grid"), **keys)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("plain"), labels=("glass", "paper"))


def run_of(folder: Path) -> Run:
    return load(load_params(folder / "params.yaml"), folder / "results", folder / "build")


def text(folder: Path, card: str) -> str:
    return (folder / "build" / "cards" / f"{card}.md").read_text(encoding="utf-8")


def page(folder: Path, card: str) -> Page:
    return Page((folder / "build" / "cards" / f"{card}.html").read_text(encoding="utf-8"))


def words(folder: Path, card: str) -> str:
    return " ".join(page(folder, card).words.split())


def front_matter(folder: Path, card: str) -> dict[str, Any]:
    start, yaml, rest = text(folder, card).split("---\n", 2)
    assert (start, rest[:3]) == ("", "\n# ")
    content: dict[str, Any] = YAML(typ="safe", pure=True).load(yaml)
    return content


@pytest.mark.parametrize("card", ["model_card", "data_card"])
def test_a_page_needs_nothing_beside_itself(grid: Path, card: str) -> None:
    found = page(grid, card)
    assert found.all("src")
    assert all(source.startswith("data:image/") for source in found.all("src"))
    assert not {"script", "link", "iframe"} & {tag for tag, _ in found.tags}
    assert not re.search(r"<script", text(grid, card).split("---\n", 2)[2])


@pytest.mark.parametrize("card", ["model_card", "data_card"])
def test_every_figure_of_the_markdown_is_there(grid: Path, card: str) -> None:
    named = re.findall(r"!\[.*\]\((figures/.*)\)", text(grid, card))
    assert named
    assert all((grid / "build" / "cards" / name).is_file() for name in named)


def test_the_shape_of_the_field(grid: Path) -> None:
    """Mitchell et al., section 4; Gebru et al., section 3."""
    run, origin = run_of(grid), provenance(ROOT)
    of_model = [part.title for part in model_card(run, origin).sections]
    of_data = [part.title for part in data_card(run, origin).sections]
    for title in ("Model details", "Intended use", "Factors", "Metrics",
                  "Training and evaluation data", "Quantitative analyses",
                  "Ethical considerations, caveats and advice"):  # fmt: skip
        assert title in of_model
    wanted = ["Motivation", "Composition", "Collection", "Checks, cleaning and preprocessing",
              "Uses", "Distribution", "Maintenance"]  # fmt: skip
    assert [title for title in of_data if title in wanted] == wanted


def test_the_head_is_what_was_measured(grid: Path) -> None:
    run, told = run_of(grid), front_matter(grid, "model_card")
    best = row_of(run.ranking, run.winner)
    (result,) = told["model-index"][0]["results"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values == {row.hub or name: round(float(best[name]), 4) for name, row in METRICS.items()}
    assert values["f1"] == round(float(best["macro_f1"]), 4)
    assert result["task"]["type"] == told["pipeline_tag"] == "image-classification"
    assert result["dataset"]["revision"] == run.digest
    assert (told["license"], told["license_name"]) == ("other", "weights-mit-pictures-cc-by-4.0")


def test_the_head_of_the_data_card(grid: Path) -> None:
    run, told = run_of(grid), front_matter(grid, "data_card")
    assert told["license"] == "cc-by-4.0"
    assert told["size_categories"] == ["n<1K"]
    info = told["dataset_info"]
    names = info["features"][1]["dtype"]["class_label"]["names"]
    assert list(names.values()) == run.labels  # hostile names come through YAML whole
    assert info["splits"][0]["num_examples"] == len(run.manifest) == 72
    assert info["splits"][0]["num_bytes"] == run.manifest["bytes"].sum()


@pytest.mark.parametrize(
    ("pictures", "name"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (999_999, "100K<n<1M"), (10**6, "1M<n<10M")],
)
def test_the_class_of_size(pictures: int, name: str) -> None:
    assert metadata._size(pictures) == name


def test_figures_of_the_winner_with_intervals(grid: Path) -> None:
    run = run_of(grid)
    said = words(grid, "model_card")
    row = row_of(run.ranking, run.winner)
    ends = f"[{row['macro_f1_mean_low']:.4f}, {row['macro_f1_mean_high']:.4f}]"
    assert f"mean over the folds: {row['macro_f1_mean']:.4f} {ends}" in " ".join(said.split())
    assert f"pooled: macro F1 {row['macro_f1']:.4f}" in " ".join(said.split())
    ours = run.classes[run.classes["scenario"] == run.winner]
    for values in ours.to_dict("records"):
        assert f"{values['recall']:.4f}" in said
    card = model_card(run, provenance(ROOT))
    assert run.card["model_sha256"] in said
    assert f"{report_run.COST['resnet50']:,}, of which 6,147 are trained" in said
    assert "does not abstain" in said
    assert next(figure.name for figure in card.figures()) == "confusion.png"


def test_wilson_interval_of_a_class_by_hand(plain: Path) -> None:
    """Of 24 pictures, k right: Wilson's interval for k / 24."""
    run = run_of(plain)
    ours = run.classes[run.classes["scenario"] == run.winner].iloc[0]
    hits, z = int(ours["tp"]), 1.959963984540054
    middle = (hits + z * z / 2) / (24 + z * z)
    half = z * math.sqrt(hits * (24 - hits) / 24 + z * z / 4) / (24 + z * z)
    assert f"[{middle - half:.4f}, {min(1, middle + half):.4f}]" in words(plain, "model_card")


def test_what_people_stated_is_said_and_does_no_harm(grid: Path) -> None:
    assert STATED["intended_use"] in words(grid, "model_card")
    for key in ("data_origin", "data_licence", "contact"):
        assert STATED[key] in words(grid, "data_card")
    body = text(grid, "model_card").split("---\n", 2)[2].split("All parameters")[0]
    assert "<b>waste" not in body


def test_what_nobody_stated_is_said_too(plain: Path) -> None:
    said = words(plain, "data_card")
    for key in ("data_origin", "data_licence", "contact"):
        assert f"Not stated (cards.{key} in params.yaml)." in said
    assert front_matter(plain, "data_card")["license"] == "other"
    assert front_matter(plain, "model_card")["license_name"] == "weights-mit-pictures-not-stated"
    assert "do not distribute the model" in words(plain, "model_card")
    assert "canting.painter" not in said


def test_the_embedded_pictures_are_known_by_their_digest(plain: Path, tmp_path: Path) -> None:
    shutil.copytree(plain, tmp_path / "run")
    lines = (ROOT / "tests" / "painted.sha256").read_text(encoding="utf-8").splitlines()
    digests = {name: digest for digest, name in (line.split("  ") for line in lines)}
    if not (ROOT / "data" / "kawung").is_dir():
        pytest.skip("needs the painted pictures in the folder `data`: run `dvc pull`")
    rows = [f"{name},{(ROOT / 'data' / name).stat().st_size},{digests[name]}" for name in digests]
    table = "\n".join(["path,bytes,sha256", *sorted(rows), ""])
    assert len(rows) == 3 * PER_CLASS
    files.write_text(tmp_path / "run" / "build" / "digests.csv", table)
    run = run_of(tmp_path / "run")
    assert run.digest == origin.EMBEDDED
    assert metadata.of_data(run)["license"] == "apache-2.0"
    assert "no use on photographs" in render.markdown(model_card(run, provenance(ROOT)), "f")


@pytest.mark.parametrize(
    ("backbone", "licence", "told"),
    [
        ("small_cnn", None, "cc-by-4.0"),
        ("vgg19", "CC-BY-4.0", "cc-by-4.0"),
        ("resnet50", "MIT", "other"),
        ("my.network:build", "unknown", "other"),
    ],
)
def test_a_model_has_the_licence_that_its_parts_share(
    grid: Path, monkeypatch: pytest.MonkeyPatch, backbone: str, licence: str | None, told: str
) -> None:
    monkeypatch.setattr(licences, "backbones", lambda _: [backbone])
    run = run_of(grid)
    assert [one.name for one in licences.of_weights(run)] == ([licence] if licence else [])
    assert metadata.of_model(run)["license"] == told


def test_conflicts_are_pictures_with_a_twin_under_another_label(plain: Path) -> None:
    run = run_of(plain)
    assert conflicts(run) == 0
    rows = run.manifest.index[run.manifest["label"] == "glass"][-1:], run.manifest.index[-1:]
    run.manifest.loc[rows[0].append(rows[1]), "near_duplicate"] = 10_000
    assert conflicts(run) == 2
    said = render.markdown(data_card(run, provenance(ROOT)), "f")
    assert "2 pictures (4.2 %) with a near-duplicate under another label stayed in" in said


def test_abstention_is_told_where_the_bundle_abstains(plain: Path, tmp_path: Path) -> None:
    shutil.copytree(plain, tmp_path / "run")
    path = tmp_path / "run" / "build" / "best" / "card.json"
    told = {"method": "knn", "threshold": 0.7, "false_refusal": 0.0417, "wanted": 0.05,
            "pictures": 48, "refused": {"noise": 1.0, "screenshot": 0.975}}  # fmt: skip
    files.write_json(path, {**files.read_json(path), "abstention": told})
    said = render.markdown(model_card(run_of(tmp_path / "run"), provenance(ROOT)), "f")
    assert "refuse 5.0 % of them; of 48 it refuses **4.2 %**" in said
    assert "| screenshot | 97.5 % |" in said
    assert "does not abstain" not in said
    assert "how many good pictures from elsewhere are refused this says nothing" in said
    left = {**told, "collections": ["museum", "phone"]}
    files.write_json(path, {**files.read_json(path), "abstention": left})
    said = render.markdown(model_card(run_of(tmp_path / "run"), provenance(ROOT)), "f")
    assert "collections that were left out one by one, museum and phone, to refuse 5.0 %" in said
    assert "from elsewhere are refused this says nothing" not in said


@pytest.mark.slow
def test_two_writings_differ_in_nothing(grid: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(run_of(grid), provenance(ROOT), tmp_path / name)
    one = {path.name: path.read_bytes() for path in (tmp_path / "one").rglob("*.*")}
    two = {path.name: path.read_bytes() for path in (tmp_path / "two").rglob("*.*")}
    assert one == two
    assert {"model_card.html", "model_card.md", "data_card.html", "data_card.md"} <= set(one)


def test_what_was_spent_by_hand(grid: Path, tmp_path: Path) -> None:
    """4 scenarios in 3 folds take 2, 3, 4 and 5 seconds; features 3,725 of a core, earlier."""
    shutil.copytree(grid, tmp_path / "run")
    notes = tmp_path / "run" / "build" / SPENT
    files.write_json(notes / "train.json", {"seconds": 9.0, "cpu_seconds": 20.0})
    files.write_json(notes / "corruptions.json", {"seconds": 4.0, "cpu_seconds": 7.5})
    parts = cost.compute_cost(run_of(tmp_path / "run"))
    told = {part.stage: part.counted for part in parts if not math.isnan(part.counted)}
    assert told == {"features": 3725, "train": 42.0, "corruptions": 7.5}
    total = 3725 + 42 + 7.5
    assert cost.counted_costs(parts) == total
    # One core at 12 watts for an hour takes 12 watt-hours.
    assert cost.watt_hours(3600) == 12
    assert cost.watt_hours(total) == pytest.approx(total / 300)


@pytest.mark.parametrize(("last", "counted"), [(12.5, 3725), (3800.5, 3800.5)])
def test_the_last_run_counts_where_it_took_more_than_what_is_kept(
    grid: Path, tmp_path: Path, last: float, counted: float
) -> None:
    """It took less where an earlier run, or a node of a cluster, made some of it."""
    shutil.copytree(grid, tmp_path / "run")
    note = tmp_path / "run" / "build" / "costs" / "stages" / "features.json"
    files.write_json(note, {"seconds": 9.0, "cpu_seconds": last})
    parts = {part.stage: part for part in cost.compute_cost(run_of(tmp_path / "run"))}
    assert parts["features"].counted == counted


def test_stages_that_were_not_measured_are_named(grid: Path) -> None:
    said = words(grid, "model_card")
    assert (
        "not counted: fetch, validate, preprocess, other, elsewhere, tune, evaluate, select_best "
        "and corruptions" in said
    )


def test_a_stage_notes_its_seconds_with_those_of_its_workers(tmp_path: Path) -> None:
    busy = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    with spending(tmp_path / "one.json"):
        subprocess.run([sys.executable, "-c", busy], check=True)
    before = processor_seconds()
    with spending(tmp_path / "two.json"):
        child = subprocess.Popen([sys.executable, "-c", busy + "\ntime.sleep(30)"])
        while processor_seconds() < before + 0.4:
            time.sleep(0.05)
    child.kill()
    child.wait()
    one, two = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("one", "two"))
    assert one["seconds"] >= 0.4
    assert one["cpu_seconds"] >= 0.4
    assert two["cpu_seconds"] >= one["cpu_seconds"] + 0.35


def test_a_stage_that_fails_notes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), spending(tmp_path / "note.json"):
        raise ValueError("no")
    assert not (tmp_path / "note.json").exists()
