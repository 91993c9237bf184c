"""`canting drift` on histories of answers that a bundle really gave, on both databases."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from canting.bundle.classifier import Classifier
from canting.cli import main
from canting.config.fetch import Fetch
from canting.data.fetch.fetch import fetch
from canting.data.fetch.source import Means
from canting.serving.service.history import Entry, History, open_history
from tests import drift_made as made
from tests.conftest import ROOT
from tests.history_made import picture
from tests.service_fixtures import LABELS, bundle

__all__ = ["bundle"]

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    loaded = Classifier.load(bundle)
    return loaded._replace(card=loaded.card.model_copy(update={"temperature": made.TEMPERATURE}))


@pytest.fixture(scope="module")
def place(bundle: Path, classifier: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle with a reference."""
    known = made.referred(made.answered(classifier, made.drawn(180, 0)))
    return made.with_reference(bundle, known, tmp_path_factory.mktemp("bundle") / "best")


def keep(
    url: str, classifier: Classifier, answers: Sequence[made.Answered], model: str | None = None
) -> list[Entry]:
    history = open_history(url, None)
    digest = model or classifier.digest
    kept = [history.add(made.new(answer, digest), None) for _, answer in answers]
    history.close()
    return kept


@pytest.fixture
def run(
    place: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Return what runs the command; it returns the exit code and what was printed."""

    def ran(*arguments: str) -> tuple[int, str]:
        places = ["--bundle", str(place), "--history", url]
        monkeypatch.setattr(sys, "argv", ["canting", "drift", *places, *arguments])
        code = 0
        try:
            main.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
            if isinstance(end.code, str):
                return 1, end.code
        return code, capsys.readouterr().out

    return ran


def test_the_same_kind_is_said_to_be_that(url: str, classifier: Classifier, run: Run) -> None:
    usual = made.answered(classifier, made.drawn(150, 3))
    keep(url, classifier, usual)
    keep(url, classifier, usual[:7])
    keep(url, classifier, usual[:4], model="0" * 64)
    code, printed = run()
    assert code == 0
    assert "150 recent pictures from 20" in printed
    assert "Left out: 4 answers of other models, 7 repeats of a picture." in printed
    assert "Verdict: nothing changed that matters." in printed
    assert "accuracy: not known; nobody has confirmed or corrected an answer." in printed


def test_other_pictures_ask_for_training(url: str, classifier: Classifier, run: Run) -> None:
    keep(url, classifier, made.answered(classifier, made.drawn(120, 3)))
    keep(url, classifier, made.answered(classifier, made.drawn(80, 4, pure=made.MUDDY)))
    code, printed = run("--last", "80")
    assert code == 3
    assert "Verdict: retrain: unlikeness, abstentions, confidence changed." in printed
    assert "refused pictures on the history page" in printed
    assert "`canting history export corrections`" in printed
    code, printed = run("--last", "80", "--json")
    told = json.loads(printed)
    assert (code, told["verdict"], told["pictures"]) == (3, "retrain", 80)
    found = {one["name"]: one for one in told["signals"]}
    assert found["unlikeness"]["effect"] >= 0.2
    assert found["unlikeness"]["p_holm"] <= 0.05
    assert found["unlikeness"]["before"] < found["unlikeness"]["now"]
    large = (f"--{name}=0.9" for name in ("unlikeness", "abstentions", "confidence"))
    assert run("--last", "80", *large)[0] == 0
    code, printed = run("--last", "20")
    assert code == 0
    assert "Verdict: too few to tell: 20 pictures, needs about" in printed


def test_a_window_of_time(url: str, classifier: Classifier, run: Run) -> None:
    kept = keep(url, classifier, made.answered(classifier, made.drawn(3, 3)))
    assert "Model model-" in run()[1]
    assert json.loads(run("--days", "1", "--json")[1])["pictures"] == 3
    assert json.loads(run("--since", "2999-01-01", "--json")[1])["pictures"] == 0
    after = kept[1].created.isoformat()
    assert json.loads(run("--since", after, "--json")[1])["pictures"] == 2
    assert json.loads(run("--since", after, "--last", "1", "--json")[1])["pictures"] == 1
    code, printed = run("--since", "2999-01-01")
    assert code == 0
    assert "0 recent pictures.\n" in printed
    assert "needs about 30." in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ("--days", "0"),
        ("--since", "May"),
        ("--alpha", "1"),
        ("--last", "x"),
        ("--days", "1", "--since", "2026-01-01"),
    ],
)
def test_bad_options_are_refused(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["canting", "drift", *arguments])
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 2


def test_a_bundle_without_reference_or_card_is_one_clear_error(
    bundle: Path, tmp_path: Path, url: str, run: Run
) -> None:
    open_history(url, None).close()
    code, printed = run("--bundle", str(bundle))
    assert code == 1
    assert printed.startswith("canting drift: `")
    assert "expected the part `reference`" in printed
    assert "There is no card" in run("--bundle", str(tmp_path))[1]
    assert "is not there" in run("--history", f"sqlite:///{tmp_path}/none.db")[1]


def test_a_person_s_label_counts_for_a_repeated_picture(
    url: str, classifier: Classifier, run: Run
) -> None:
    usual = made.answered(classifier, made.drawn(150, 3))
    kept = keep(url, classifier, usual)
    again = keep(url, classifier, usual)
    history = open_history(url, None)
    wrong = [one for one in zip(kept, again, strict=True) if not one[0].abstained][:40]
    for first, second in wrong[:20]:
        history.correct(first.id, "truntum")
        history.correct(second.id, "truntum")
    for first, _ in wrong[20:]:
        history.correct(first.id, LABELS[0] if first.label != LABELS[0] else LABELS[1])
    history.close()
    code, printed = run()
    assert code == 3
    assert "retrain: accuracy changed." in printed
    assert "people checked 40 of" in printed
    assert "classes that the model does not have: truntum (20)" in printed


def test_neither_tensorflow_nor_scipy_nor_litert_is_imported(
    place: Path, sqlite: str, classifier: Classifier
) -> None:
    keep(sqlite, classifier, made.answered(classifier, made.drawn(60, 3)))
    code = """
import sys
from canting.cli import main
sys.argv = ["canting", "drift", "--bundle", sys.argv[1], "--history", sys.argv[2]]
main.main()
heavy = {"tensorflow", "keras", "scipy", "pandas", "mlflow", "dvc", "bentoml"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    command = [sys.executable, "-W", "error", "-c", code, str(place), sqlite]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "Verdict:" in done.stdout


def test_corrections_reach_the_training_data(
    history: History, classifier: Classifier, tmp_path: Path
) -> None:
    answers = made.answered(classifier, made.drawn(6, 3))
    kept = [
        history.add(made.new(one, classifier.digest), picture(seed=n))
        for n, (_, one) in enumerate(answers)
    ]
    for entry, label in zip(kept, ["parang", "kawung", "kawung", "Sekar Jagad"], strict=False):
        history.correct(entry.id, label)
    alone = tmp_path / "corrected"
    history.export_corrections(alone)
    assert labelled(alone, tmp_path) == {"Sekar Jagad": 1, "kawung": 2, "parang": 1}
    data = tmp_path / "data"
    for label in ("kawung", "parang"):
        (data / label).mkdir(parents=True)
        (data / label / "mine.jpg").write_bytes(picture(seed=99))
    history.export_corrections(data)
    assert labelled(data, tmp_path) == {"Sekar Jagad": 1, "kawung": 3, "parang": 2}
    fetched = tmp_path / "build" / "raw" / "kawung" / f"{kept[1].id}.jpg"
    assert fetched.read_bytes() == history.picture(kept[1].id)


def labelled(source: Path, tmp_path: Path) -> dict[str, int]:
    """Fetch a folder as a source of training pictures; return how many each label has."""
    build = tmp_path / "build"
    section = Fetch(source=str(source), classes=None, digest=None)
    found = fetch(section, build / "raw", build / "digests.csv", Means(tmp_path / "cache"))
    return dict(found.pictures)
