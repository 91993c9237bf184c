"""The whole pipeline in a fresh clone, on a smaller setting: its stages, and what DVC does to them.

The stages of the first run are called in this process, where each framework is imported once. That
`dvc repro` comes to the same bytes, in a process a stage and on all cores, is one of the slow
tests.
"""

import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stdout
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from ruamel.yaml import YAML

from canting.bundle.engine import Engine
from canting.cli.main import main
from canting.evaluation.abstention.record import draw
from canting.painter import LABELS, paint_file
from canting.runs.study.changes import assigned
from canting.runs.study.yaml_text import merged
from stages import (
    cards,
    check,
    corruptions,
    elsewhere,
    evaluate,
    export,
    features,
    fetch,
    other,
    package,
    preprocess,
    report,
    review,
    select_best,
    track,
    train,
    tune,
    validate,
)
from tests.conftest import ROOT, one_core
from tests.dvc_called import dvc

SMALL = {"image_size": [96, 96], "epochs": 8, "folds": 3, "learning_rate": 3.0e-3}


def run(
    folder: Path, *command: str, code: int | None = 0, patience: float = 900
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=patience, check=False
    )
    if code is not None:
        assert (result.returncode == 0) == (code == 0), result.stdout + result.stderr
    return result


def canting(folder: Path, *command: str) -> str:
    """Call a command in this process, which has imported the frameworks; return what it prints."""
    told = io.StringIO()
    with inside(folder), pytest.MonkeyPatch.context() as patch, redirect_stdout(told):
        patch.setattr(sys, "argv", ["canting", *command])
        try:
            main()
        except SystemExit as end:
            if end.code:
                raise
    return told.getvalue()


def clone(folder: Path, *, tracked: bool = False) -> Path:
    """Copy what git tracks or would track, and commit it: a fresh clone of the working tree."""
    listing = run(ROOT, "git", "ls-files", "-co", "--exclude-standard").stdout.splitlines()
    for name in listing:
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    yaml = YAML()
    content = yaml.load(folder / "params.yaml")
    content.update(SMALL)
    content["features"]["views"] = 2
    content["corruptions"]["pictures"] = 6
    content["tune"].update({"budget": 3, "epochs": 4})
    content["track"].update({"enabled": tracked, "seconds": 150})
    content["evaluate"]["other"] = [{"name": "painted", "source": OTHERS}]
    others(folder / OTHERS)
    yaml.dump(content, folder / "params.yaml")
    for name in ("dvc.lock", "results"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).unlink(missing_ok=True)
    commit(folder)
    return folder


OTHERS = "others"


def others(folder: Path) -> None:
    """Make a collection: of each class two pictures that are not embedded, and three of none."""
    for label, number in product(LABELS, range(2)):
        paint_file(folder, label, number, seed=7)
    (folder / "_gradients").mkdir()
    for number in range(3):
        picture = draw("gradient", number, (96, 96))
        Image.fromarray(picture).save(folder / "_gradients" / f"{number}.png")


def commit(folder: Path) -> None:
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", "-A")
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    run(folder, "git", *who, "commit", "-q", "-m", "state")


def metrics(folder: Path) -> dict[str, float]:
    content: dict[str, float] = json.loads(
        (folder / "results" / "evaluate" / "metrics.json").read_text()
    )
    return content


def results(folder: Path) -> dict[str, bytes]:
    paths = [path for path in (folder / "results").rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(paths)}


STAGES = (
    *(check, fetch, validate, preprocess, other, features, train, elsewhere, tune, evaluate),
    *(select_best, export, corruptions, review, cards, package, report, track),
)


def order() -> list[str]:
    """Return the stages in the order of `dvc.yaml`."""
    return list(YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"])


def started(told: str) -> list[str]:
    """Return the stages that DVC says it runs; the first looks at the source, and always runs."""
    return re.findall(r"Running stage '(\w+)'", told)


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder, on one core, as a stage that DVC starts there would."""
    with one_core(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clone in which the pipeline has run."""
    folder = clone(tmp_path_factory.mktemp("clone"), tracked=True)
    assert dvc(folder, "pull", "--quiet", "data.dvc").returncode == 0
    with inside(folder):
        for stage in STAGES:
            stage.main()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def committed(done: Path) -> Path:
    """The same clone, in DVC's lock and cache too: for the tests that call DVC and git there."""
    assert dvc(done, "commit", "--force").returncode == 0
    commit(done)
    return done


def test_every_stage_was_run_in_its_order() -> None:
    assert [stage.__name__ for stage in STAGES] == [f"stages.{name}" for name in order()]


def test_the_model_has_learned_and_nothing_leaks(done: Path) -> None:
    assert metrics(done)["accuracy"] > 0.7
    leak = json.loads((done / "results" / "preprocess" / "leakage.json").read_text())
    assert leak["leaked"] == 0
    predictions = pd.read_parquet(done / "build" / "train" / "predictions.parquet")
    assert sorted(predictions["path"]) == sorted(
        str(path.relative_to(done / "data")) for path in (done / "data").glob("*/*.jpg")
    )
    counts = pd.read_csv(done / "results" / "evaluate" / "classes.csv")
    assert counts["support"].sum() == leak["pictures"] == len(predictions)
    assert counts["tp"].sum() == (predictions.shape[0] * metrics(done)["accuracy"])


def test_every_scenario_and_the_shipped_model_answer_another_collection(done: Path) -> None:
    told = json.loads((done / "results" / "select_best" / "elsewhere.json").read_text())
    assert (told["pictures"], told["unknown"]) == (6, 3)
    assert told["collections"]["painted"]["accuracy"] == told["accuracy"]
    answers = pd.read_csv(done / "results" / "select_best" / "elsewhere" / "answers.csv")
    known = answers[answers["label"] != "_gradients"]
    assert told["accuracy"] == pytest.approx((known["label"] == known["predicted"]).mean())
    assert told["refused"] == pytest.approx(known["refused"].mean())
    table = pd.read_csv(done / "results" / "evaluate" / "other.csv", keep_default_na=False)
    assert metrics(done)["other_accuracy"] == pytest.approx(float(table["accuracy"][0]), abs=1e-4)
    asked = pd.read_parquet(done / "build" / "elsewhere.parquet")
    assert asked.groupby("fold").size().tolist() == [9, 9, 9]
    page = (done / "build" / "report" / "report.md").read_text()
    assert "Pictures of other collections" in page
    assert "6 pictures of other collections" in page


def test_every_label_was_judged_and_every_doubt_has_its_picture(done: Path) -> None:
    folder = done / "results" / "review"
    told = json.loads((folder / "metrics.json").read_text())
    table = pd.read_csv(folder / "review.csv")
    assert told["judged"] == told["pictures"] == len(pd.read_csv(done / "build" / "folds.csv"))
    assert all((done / "build" / "raw" / path).is_file() for path in table["path"])
    assert len(table) >= min(told["doubtful"], 50)
    assert table["probability"].head(told["doubtful"]).is_monotonic_increasing


def test_the_bundle_answers_pictures_of_the_pipeline(done: Path) -> None:
    card = json.loads((done / "build" / "best" / "card.json").read_text())
    calibration = pd.read_csv(done / "results" / "evaluate" / "calibration.csv")
    assert card["temperature"] == calibration["temperature"].item() > 0
    engine = Engine(done / "build" / "best" / "model.tflite")
    pictures = np.load(done / "build" / "pictures.npy", mmap_mode="r")
    folds = pd.read_csv(done / "build" / "folds.csv")
    answers = [card["labels"][engine.answer(one)["logits"].argmax()] for one in pictures[::9]]
    answer = engine.answer(pictures[0])
    np.testing.assert_allclose(answer["map"].mean(axis=(0, 1)), answer["pooled"], atol=1e-5)
    assert np.mean([a == b for a, b in zip(answers, folds["label"][::9], strict=True)]) > 0.8


@pytest.mark.slow
def test_nothing_is_up_for_a_second_run(committed: Path) -> None:
    before = results(committed)
    assert started(run(committed, "dvc", "repro").stdout) == ["check"]
    assert results(committed) == before
    assert run(committed, "git", "status", "--porcelain").stdout == ""


@pytest.mark.slow
def test_all_that_a_run_keeps_is_needed_by_its_parameters(committed: Path) -> None:
    told = canting(committed, "clean")
    assert "Not needed by the parameters, in total: 0, 0.0 MB" in told
    assert "Unfinished" not in told


@pytest.fixture
def copy(done: Path, tmp_path: Path) -> Path:
    """A copy of the run without the repository around it, for stages that are called there."""
    for name in ("build", "data", "results", ".canting"):
        shutil.copytree(done / name, tmp_path / "copy" / name)
    shutil.copy(done / "params.yaml", tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.slow
def test_a_second_run_from_nothing_gives_the_same_bytes(copy: Path) -> None:
    """All but the features stage, which `test_features` compares, are run again."""
    before = results(copy)
    shutil.rmtree(copy / ".canting" / "train")
    shutil.rmtree(copy / ".canting" / "tune")
    with inside(copy):
        for stage in (preprocess, train, tune, evaluate):
            stage.main()
    assert results(copy) == before


@pytest.mark.slow
def test_dvc_on_all_cores_gives_the_same_bytes(done: Path, tmp_path: Path) -> None:
    """From nothing: every stage in a process of its own, trainings in processes beside it."""
    folder = clone(tmp_path, tracked=True)
    run(folder, "dvc", "pull", "--quiet", "data.dvc")
    run(folder, "dvc", "repro")
    assert results(folder) == results(done)
    commit(folder)
    assert started(run(folder, "dvc", "repro").stdout) == ["check"]
    assert run(folder, "git", "status", "--porcelain").stdout == ""


def kinds(folder: Path) -> list[tuple[str]]:
    """Return of what kind the runs are that MLflow has."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        asked = "select value from tags where key = 'canting.kind' order by 1"
        return store.execute(asked).fetchall()


def test_the_run_is_with_mlflow(done: Path) -> None:
    assert list(json.loads((done / "build" / "tracked.json").read_text())) == ["digest"]
    assert kinds(done) == [("scenario",), ("search",), ("study",)]


@pytest.mark.slow
def test_the_run_is_with_mlflow_once(done: Path) -> None:
    assert canting(done, "track").startswith("1 study sent to MLflow at sqlite:")
    assert kinds(done) == [("scenario",), ("search",), ("study",)]


@pytest.mark.slow
@one_core()
def test_an_experiment_reuses_the_features_and_shows_its_difference(committed: Path) -> None:
    before = metrics(committed)
    command = ("dvc", "exp", "run", "--name", "nadam", "-S", "optimizer=nadam", "select_best")
    told = run(committed, *command).stdout
    assert "Stage 'features' didn't change, skipping" in told
    assert "Running stage 'train'" in told
    assert metrics(committed)["loss"] != before["loss"]
    difference = json.loads(run(committed, "dvc", "metrics", "diff", "--json").stdout)
    changed = difference.get("diff", difference)
    assert changed["results/evaluate/metrics.json"]["loss"]["diff"] != 0
    params = json.loads(run(committed, "dvc", "params", "diff", "--json").stdout)
    assert params["params.yaml"]["optimizer"] == {"old": "adam", "new": "nadam"}
    shown = run(committed, "dvc", "exp", "show", "--csv").stdout
    rows = {line.split(",")[0] for line in shown.splitlines()}
    assert "nadam" in shown
    assert "macro_f1" in shown.splitlines()[0]
    assert rows
    run(committed, "dvc", "plots", "diff", "HEAD", "nadam", "--out", "build/plots")
    page = (committed / "build" / "plots" / "index.html").read_text()
    for words in ("Confusion matrix", '"rev": "nadam"', '"rev": "HEAD"', "learning_curves.png"):
        assert words in page
    told = run(committed, "canting", "compare", "HEAD", "nadam").stdout
    assert "macro F1" in told
    assert re.search(r"^optimizer +adam +nadam$", told, re.MULTILINE)
    run(committed, "git", "checkout", "-q", ".")
    run(committed, "dvc", "checkout", "-q")


@pytest.mark.slow
@one_core()
def test_a_method_is_chosen_on_the_command_line(committed: Path) -> None:
    told = run(committed, "dvc", "exp", "run", "-S", "tune.method=hyperband", "tune").stdout
    assert "Stage 'features' didn't change, skipping" in told
    trials = pd.read_csv(committed / "results" / "tune" / "trials.csv")
    assert (set(trials["method"]), len(trials)) == ({"hyperband"}, 9)
    assert "hyperband" in run(committed, "canting", "tune").stdout
    run(committed, "git", "checkout", "-q", ".")
    run(committed, "dvc", "checkout", "-q")


WRONG = [
    ("tune.method=grid", "4 × 2 × 2 = 16 settings"),
    ("optimizer=nadm", "Did you mean 'nadam'"),
    ("+colour=3", "`colour`: no such key"),
    ("folds=80", "`folds: 60` is the most"),
    ("backbone=vgg19", "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_a_wrong_parameter_stops_early(
    copy: Path, change: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first stage that reads it, and before the training."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("KERAS_HOME", str(copy / ".keras"))
    before = results(copy)
    text = merged((copy / "params.yaml").read_text(), {})
    key, value = change.removeprefix("+").split("=")
    if change.startswith("+"):
        text += f"{key}: {value}\n"
    else:
        text = merged(text, assigned([f"{key}={value}"]))
    (copy / "params.yaml").write_text(text)
    with inside(copy), pytest.raises(SystemExit) as caught:
        for stage in (check, preprocess, features):
            stage.main()
    assert words in str(caught.value)
    assert results(copy) == before


@pytest.mark.slow
@pytest.mark.parametrize(("change", "words"), [WRONG[0], WRONG[-1]])
def test_a_wrong_parameter_stops_dvc_and_leaves_the_results(
    committed: Path, change: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("KERAS_HOME", str(committed / ".keras"))
    before = results(committed)
    result = run(committed, "dvc", "exp", "run", "-S", change, code=1)
    assert words in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert "Running stage 'train'" not in result.stdout
    assert results(committed) == before
    run(committed, "git", "checkout", "-q", ".")
    run(committed, "dvc", "checkout", "-q")


@pytest.mark.slow
def test_bad_pictures_stop_at_the_gate(committed: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "my pictures"
    shutil.copytree(committed / "data", pictures)
    (pictures / "parang" / "grüße an alle.jpg").write_text("no picture")
    whole = (pictures / "kawung" / "kawung_000.jpg").read_bytes()
    (pictures / "kawung" / "kawung_000.jpg").write_bytes(whole[: len(whole) // 2])
    shutil.copy(pictures / "parang" / "parang_003.jpg", pictures / "kawung" / "twin.jpg")
    before = results(committed)
    change = f'fetch.source="{pictures}"'
    result = run(committed, "dvc", "exp", "run", "-S", change, code=1)
    told = result.stdout + result.stderr
    for name in ("grüße an alle.jpg", "kawung_000.jpg", "twin.jpg", "parang_003.jpg"):
        assert name in told
    assert "Traceback" not in told
    assert results(committed) == before
    run(committed, "git", "checkout", "-q", ".")
    run(committed, "dvc", "checkout", "-q")


@pytest.mark.slow
def test_a_picture_that_was_repaired_is_read_again(committed: Path, tmp_path: Path) -> None:
    """Also outside of `data`, which alone DVC watches."""
    pictures = tmp_path / "mine"
    shutil.copytree(committed / "data", pictures)
    whole = (pictures / "kawung" / "kawung_000.jpg").read_bytes()
    (pictures / "kawung" / "kawung_000.jpg").write_text("no picture")
    params = (committed / "params.yaml").read_text()
    (committed / "params.yaml").write_text(params.replace("source: data", f"source: {pictures}"))
    told = run(committed, "dvc", "repro", "validate", code=1)
    assert "kawung_000.jpg: cannot be decoded" in told.stdout + told.stderr
    (pictures / "kawung" / "kawung_000.jpg").write_bytes(whole)
    told = run(committed, "dvc", "repro", "validate")
    assert started(told.stdout) == ["check", "fetch", "validate"]
    told = run(committed, "dvc", "repro", "validate")
    assert started(told.stdout) == ["check"]
    run(committed, "git", "checkout", "-q", ".")
    run(committed, "dvc", "checkout", "-q")


@pytest.mark.slow
def test_an_interrupt_leaves_no_metrics_and_no_lock(committed: Path) -> None:
    lock, before = (committed / "dvc.lock").read_bytes(), results(committed)
    shutil.rmtree(committed / ".canting" / "train")
    process = subprocess.Popen(
        ["dvc", "repro", "--force", "--single-item", "train"],
        cwd=committed,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    )
    assert process.stdout is not None
    told = b""
    while b"train:" not in told:  # the progress bar: before it, an import could swallow the signal
        told += process.stdout.read(64) or pytest.fail(told.decode())
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=600)
    assert process.returncode != 0
    assert (committed / "dvc.lock").read_bytes() == lock
    assert results(committed) == before
    assert started(run(committed, "dvc", "repro").stdout) == ["check"]


@pytest.mark.slow
def test_two_runs_at_once_do_not_mix(committed: Path) -> None:
    before = results(committed)
    command = ["dvc", "repro", "--force", "--single-item", "evaluate"]
    first, second = (
        subprocess.Popen(command, cwd=committed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    )
    told = [process.communicate(timeout=600)[0].decode() for process in (first, second)]
    codes = [first.returncode, second.returncode]
    assert 0 in codes
    for code, words in zip(codes, told, strict=True):
        assert code == 0 or "lock" in words.lower()
    assert results(committed) == before
