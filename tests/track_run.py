"""A small made run with a bundle, its lock and its tuning, in a repository of git."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from canting.config.metrics import averaged
from canting.config.params import Params
from canting.core import files
from canting.documents.report.scenarios import full
from canting.documents.run import load
from canting.evaluation.tuning.findings import summarize
from canting.evaluation.tuning.writing import write_results
from tests import report_run, tune_run

LABELS = ("kawung", "mega_mendung", "parang")
SCORES = tuple(name for name in averaged() if name != "loss")
LOCKED = ("build/folds.csv", "build/digests.csv")


def make(folder: Path, **keys: Any) -> Path:
    """Write a run as the stage `track` finds it, commit what git keeps, and return the folder."""
    params = report_run.make(folder, LABELS, 12, **keys)
    _tuning(params, folder)
    run = load(params, folder / "results", folder / "build")
    files.write_text(folder / "build" / "report" / "scenarios.csv", full(run).to_csv(index=False))
    files.write_json(folder / "build" / "costs" / "train.json", {"train_seconds": 12.5})
    (folder / ".gitignore").write_text("/build/\n/.canting/\n/mlflow.db*\n/mlruns/\n")
    bundle(folder, b"a model")
    commit(folder)
    return folder


def _tuning(params: Params, folder: Path) -> None:
    """Write the tables of the stage `tune`, without its plots."""
    found = summarize(params, tune_run.outcomes(params, 4))
    write_results(found, params.select_best.column, folder / "results" / "tune")
    measured = folder / "build" / "costs" / "tune"
    files.write_text(measured / "ledger.csv", found.ledger.to_csv(index=False))
    files.write_text(measured / "costs.csv", found.costs.to_csv(index=False))


def bundle(folder: Path, model: bytes) -> str:
    """Write a bundle that fits the results, and the lock; return the digest of the model."""
    best = folder / "build" / "best"
    winner = files.read_json(folder / "results" / "select_best" / "selection.json")["winner"]
    table = pd.read_csv(folder / "results" / "evaluate" / "scenarios.csv").set_index("scenario")
    scores = {name: float(table.loc[winner, name]) for name in (*SCORES, "loss")}
    digest = hashlib.sha256(model).hexdigest()
    (best / "model.tflite").write_bytes(model)
    card = {"model_sha256": digest, "out_of_fold": scores}
    files.write_json(best / "card.json", card)
    lock(folder)
    return digest


def lock(folder: Path) -> None:
    """Write the part of `dvc.lock` that tells pictures and folds of two runs apart."""
    outs = [
        {"path": path, "md5": hashlib.md5((folder / path).read_bytes()).hexdigest()}
        for path in LOCKED
    ]
    YAML().dump({"schema": "2.0", "stages": {"made": {"outs": outs}}}, folder / "dvc.lock")


def shifted(folder: Path, by: list[float], model: bytes = b"another model") -> str:
    """Add to the winner's scores on each fold, as another model would; return its digest."""
    evaluated = folder / "results" / "evaluate"
    winner = files.read_json(folder / "results" / "select_best" / "selection.json")["winner"]
    for name, change in (("folds", by), ("scenarios", [sum(by) / len(by)])):
        table = pd.read_csv(evaluated / f"{name}.csv")
        ours = table["scenario"] == winner
        for score in SCORES:
            table.loc[ours, score] = table.loc[ours, score] + change
        table.to_csv(evaluated / f"{name}.csv", index=False)
    return bundle(folder, model)


def git(folder: Path, *command: str) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    told = subprocess.run(
        ["git", *who, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def commit(folder: Path, message: str = "state") -> str:
    """Commit everything that git keeps; return the commit."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Ani")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")
