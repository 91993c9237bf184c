"""What the model that is shipped answers to other collections, refusals included."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from canting.bundle.classifier import Classifier
from canting.config.columns import LABEL, PATH, PREDICTED
from canting.config.records import ElsewhereMetrics, ElsewhereRecord
from canting.config.sections import Evaluate
from canting.config.tables import COLLECTION, SERVED
from canting.core import files, parallel
from canting.core.digits import DIGITS, reproducible
from canting.data import manifest
from canting.evaluation.evaluate import elsewhere
from canting.evaluation.evaluate.calibration import binned, expected_error
from canting.evaluation.other.answers import KNOWN
from canting.evaluation.plots import refusals
from canting.evaluation.plots.contact_sheet import misclassified
from canting.evaluation.plots.figure import save


def served(classifier: Classifier, asked: pd.DataFrame, raw: Path) -> pd.DataFrame:
    """Return a row for each picture of a manifest below `raw`, columns `SERVED`.

    `predicted` is the likeliest class, also of what is `refused`; `distance` is the unlikeness to
    the training pictures in units of the threshold, above which the model refuses.
    """
    paths = [raw / path for path in asked[PATH]]
    answers = parallel.run(classifier.classify, paths, label="other", total=len(paths))
    rows = [(said.label, said.probability, said.distance, said.abstained) for said in answers]
    told = pd.DataFrame(rows, columns=[name for name in SERVED if name not in KNOWN])
    return asked[KNOWN].reset_index(drop=True).join(told)


def write(bundle: Path, other: Path, settings: Evaluate, folder: Path) -> None:
    """Write what a bundle answers to the pictures of `other`, its scores and its mistakes.

    Scores are in `elsewhere.json`; without pictures it is empty, and so is the table of answers.
    """
    asked, answers = manifest.read(other / "manifest.parquet"), pd.DataFrame(columns=SERVED)
    told: ElsewhereMetrics | dict[str, object] = {}
    (folder / "elsewhere").mkdir()
    if len(asked):
        classifier = Classifier.load(bundle)
        answers, labels = served(classifier, asked, other / "raw"), list(classifier.labels)
        told = metrics(answers, labels, settings.confidence, settings.calibration_bins)
        known = answers[answers[LABEL].isin(labels)].reset_index(drop=True)
        sheet = misclassified(known, other / "raw", settings.misclassified, "other collections")
        save(sheet, folder / "elsewhere" / "misclassified.png")
        if classifier.card.abstention is not None and 0 < len(known) < len(answers):
            curve(answers, labels, folder / "elsewhere")
    files.write_json(folder / "elsewhere.json", told)
    table = reproducible(answers).to_csv(index=False)
    files.write_text(folder / "elsewhere" / "answers.csv", table)


def curve(answers: pd.DataFrame, labels: list[str], folder: Path) -> None:
    """Write refused good against refused unknown pictures, as a table and as a plot."""
    known = answers[LABEL].isin(labels)
    good, unknown = (answers["distance"][rows].to_numpy() for rows in (known, ~known))
    table = refusals.refusal_table(good, unknown).round(DIGITS)
    files.write_text(folder / "refusals.csv", table.to_csv(index=False))
    title = "Refused: good pictures of other collections, and unknown ones"
    save(refusals.refusals(good, unknown, title), folder / "refusals.png")


def metrics(
    answers: pd.DataFrame, labels: list[str], confidence: float, bins: int
) -> ElsewhereMetrics:
    """Return what DVC compares between runs, for all collections together and for each."""
    parts = answers.groupby(COLLECTION)
    return {
        **_record(answers, labels, confidence, bins),
        "collections": {str(name): _record(part, labels, confidence, bins) for name, part in parts},
    }


def _record(
    answers: pd.DataFrame, labels: list[str], confidence: float, bins: int
) -> ElsewhereRecord:
    """Return the scores of known pictures, and of unknown ones what is refused."""
    known = answers[LABEL].isin(labels)
    good, unknown = answers[known], answers[~known]
    found: ElsewhereRecord = {"pictures": len(good), "unknown": len(unknown)}
    if len(good):
        accuracy, macro_f1 = elsewhere.bounded(_counts(good, labels), confidence)
        right, answered = good[LABEL] == good[PREDICTED], ~good["refused"]
        sure = good["probability"].to_numpy(np.float64)
        found |= {
            "accuracy": accuracy.value,
            "accuracy_low": accuracy.low,
            "accuracy_high": accuracy.high,
            "macro_f1": macro_f1.value,
            "macro_f1_low": macro_f1.low,
            "macro_f1_high": macro_f1.high,
            "refused": float(good["refused"].mean()),
            "answered_accuracy": float(right[answered].mean()) if answered.any() else 0.0,
            "ece": expected_error(binned(sure, right.to_numpy(), bins)),
            "recalls": {
                str(label): float(part.mean()) for label, part in right.groupby(good[LABEL])
            },
        }
    if len(unknown):
        found["unknown_refused"] = float(unknown["refused"].mean())
    return found


def _counts(good: pd.DataFrame, labels: list[str]) -> npt.NDArray[np.float64]:
    """Return `(groups, 1, classes, classes)`."""
    true, guessed = (
        np.asarray(pd.Categorical(good[name], labels).codes, np.int64)
        for name in (LABEL, PREDICTED)
    )
    alone = pd.Series(0, good.index)
    return elsewhere.counts_by(good["group"], alone, true, guessed, len(labels))
