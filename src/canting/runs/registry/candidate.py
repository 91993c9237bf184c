"""A model that may become the champion, with the figures that decide."""

from dataclasses import dataclass
from pathlib import Path

from canting.config.records import CardRecord, out_of_fold
from canting.core import files
from canting.core.errors import CantingError
from canting.core.revision import revision
from canting.runs.compare import record
from canting.runs.compare.record import RunRecord
from canting.runs.compare.source import RunFolder
from canting.runs.promotions import CandidateFigures, Promotion


@dataclass(frozen=True)
class Candidate:
    """A model by the digest of its file, and the record of the run that it comes from."""

    model: str
    revision: str | None
    record: RunRecord

    @property
    def figures(self) -> CandidateFigures:
        """What the log keeps of it."""
        found = self.record
        return CandidateFigures(
            revision=self.revision,
            scenario=found.scenario,
            scores=found.scores,
            numbers=found.numbers,
            folds=found.folds,
            fold_table=found.fold_table,
            data=found.data,
        )


def of_run(root: Path, *, check: bool) -> Candidate:
    """Return the model of the run whose files lie at `root`.

    Raises `CantingError` where there is none, where its file is not the one that its card names
    (`check`: of the working tree), or where its card is of another run than the results.
    """
    path = root / "build" / "best" / "card.json"
    found = record.read(RunFolder("this run", root))
    if found is None or not path.is_file():
        raise CantingError("expected results and `build/best`. Received: none. Run `dvc repro`.")
    card: CardRecord = files.read_json(path)
    model = str(card["model_sha256"])
    if check and files.sha256(path.with_name("model.tflite")) != model:
        raise CantingError(
            f"`{path.with_name('model.tflite')}`: expected the file that its card names, "
            f"SHA-256 {model[:12]}…. Received: another. Run `dvc checkout --force build/best`."
        )
    told = out_of_fold(card)
    if any(told.get(name, value) != value for name, value in found.scores.items()):
        raise CantingError(
            "`build/best/card.json`: expected the scores of the results. Received: those "
            "of another run. Run `dvc repro`."
        )
    return Candidate(model, revision(root) if check else card.get("git_revision"), found)


def of_entry(entry: Promotion) -> Candidate:
    """Return a model that the log knows."""
    figures = entry.figures
    kept = RunRecord(
        name=entry.to[:12],
        commit=figures.revision,
        metric=entry.metric,
        alpha=entry.alpha,
        confidence=entry.confidence,
        params={},
        costs={},
        elsewhere={},
        **figures.model_dump(exclude={"revision"}),
    )
    return Candidate(entry.to, figures.revision, kept)
