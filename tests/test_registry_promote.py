"""The champion: moved by the statistics, by force, and back; every move in the log."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from canting.cli import main
from canting.core.errors import CantingError
from canting.runs import promotions
from canting.runs.registry.candidate import of_entry
from canting.runs.registry.promote import decide, promote, roll_back
from tests import track_run

UP = [0.010, 0.012, 0.011, 0.009, 0.010]
DOWN = [-value for value in UP]
NOISE = [0.05, -0.05, 0.04, -0.04, 0.01]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry") / "run"
    return track_run.make(folder, folds=5, backbone="densenet121")


@pytest.fixture
def here(run: Path, tmp_path: Path) -> Path:
    """A copy of the run whose model is the champion."""
    folder = Path(shutil.copytree(run, tmp_path / "here"))
    assert "is the champion: the first model of the log" in promote(None, folder)
    return folder


def entries(folder: Path) -> list[promotions.Promotion]:
    return promotions.read(folder / promotions.PATH)


def champion(folder: Path) -> str | None:
    return promotions.aliases(entries(folder))["champion"]


def test_a_clone_with_the_champion_s_bundle_adds_nothing(here: Path) -> None:
    before = (here / promotions.PATH).read_bytes()
    assert "is the champion already. Nothing was changed." in promote(None, here)
    assert (here / promotions.PATH).read_bytes() == before


def test_a_better_model_takes_the_place_and_the_log_only_grows(here: Path) -> None:
    first, before = champion(here), (here / promotions.PATH).read_bytes()
    second = track_run.shifted(here, UP)
    told = promote(None, here)
    assert f"is the champion, in place of {str(first)[:12]}: better in macro F1" in told
    assert champion(here) == second
    assert (here / promotions.PATH).read_bytes().startswith(before)
    entry = entries(here)[-1]
    assert (entry.action, entry.from_, entry.to, entry.who) == ("better", first, second, "Ani")
    assert entry.test is not None
    assert entry.test.p_value < entry.alpha == 0.05
    assert entry.when.endswith("+00:00")


@pytest.mark.parametrize(("by", "word"), [(DOWN, "worse in"), (NOISE, "not distinguishable in")])
def test_a_model_that_is_not_better_is_a_challenger(here: Path, by: list[float], word: str) -> None:
    first = champion(here)
    second = track_run.shifted(here, by)
    told = promote(None, here)
    assert f"is a challenger: {word} macro F1" in told
    assert f"The alias `champion` was not moved from {str(first)[:12]}." in told
    assert promotions.aliases(entries(here)) == {"champion": first, "challenger": second}
    assert "is the challenger already" in promote(None, here)
    assert len(entries(here)) == 2


def test_a_decision_can_be_repeated_from_the_log_alone(here: Path) -> None:
    track_run.shifted(here, UP)
    promote(None, here)
    first, second = entries(here)
    again = decide(first, of_entry(second))
    assert (again.action, again.why, again.test) == (second.action, second.why, second.test)


@pytest.mark.parametrize("path", ["build/folds.csv", "build/digests.csv"])
def test_other_folds_or_pictures_need_force_and_a_reason(here: Path, path: str) -> None:
    first = champion(here)
    (here / path).write_text((here / path).read_text() + "\n")
    second = track_run.shifted(here, UP)
    with pytest.raises(CantingError, match=r"not comparable: the (folds|pictures) differ.*--force"):
        promote(None, here)
    assert champion(here) == first
    assert "by force: more pictures" in promote(None, here, why="more pictures")
    entry = entries(here)[-1]
    assert (entry.action, entry.why, entry.test) == ("forced", "more pictures", None)
    assert champion(here) == second


def test_a_rollback_goes_back_and_what_was_taken_back_stays_away(here: Path) -> None:
    first = champion(here)
    second = track_run.shifted(here, UP)
    promote(None, here)
    before = (here / promotions.PATH).read_bytes()
    assert f"{str(first)[:12]} is the champion again, in place of {second[:12]}" in roll_back(here)
    assert champion(here) == first
    assert (here / promotions.PATH).read_bytes().startswith(before)
    with pytest.raises(CantingError, match="was champion and was rolled back"):
        promote(None, here)
    with pytest.raises(CantingError, match="expected a champion before the present one"):
        roll_back(here)
    promote(None, here, why="it was the camera")
    assert champion(here) == second
    roll_back(here, why="no, it was not")
    assert (champion(here), entries(here)[-1].why) == (first, "no, it was not")


def test_an_earlier_model_is_named_by_its_digest(here: Path) -> None:
    first = str(champion(here))
    track_run.shifted(here, UP)
    promote(None, here)
    assert "is a challenger: worse" in promote(first[:8], here)
    promote(first[:8], here, why="as before")
    assert champion(here) == first
    for name in ("0bad0bad", first[:5], "v2"):
        with pytest.raises(CantingError, match=f"Received: '{name}'"):
            promote(name, here)


def test_a_bundle_that_does_not_fit_is_not_promoted(here: Path) -> None:
    track_run.shifted(here, UP)
    model = here / "build" / "best" / "model.tflite"
    model.write_bytes(b"cut")
    with pytest.raises(CantingError, match=r"model.tflite`: expected the file that its card"):
        promote(None, here)
    track_run.bundle(here, b"fits")
    card = here / "build" / "best" / "card.json"
    content = json.loads(card.read_text())
    content["out_of_fold"]["loss"] += 0.1
    card.write_text(json.dumps(content))
    with pytest.raises(CantingError, match="those of another run"):
        promote(None, here)
    shutil.rmtree(here / "build" / "best")
    with pytest.raises(CantingError, match="expected results and `build/best`"):
        promote(None, here)
    assert len(entries(here)) == 1


def test_a_damaged_line_is_named_and_nothing_is_added(here: Path) -> None:
    path = here / promotions.PATH
    whole = path.read_text()
    for damage in (whole[:-40], whole.replace("macro_f1", "taste", 1).replace('"to"', '"for"')):
        path.write_text(damage)
        track_run.shifted(here, UP)
        with pytest.raises(CantingError, match=r"promotions.jsonl`, line 1: expected a promotion"):
            promote(None, here)
        assert path.read_text() == damage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--force"], "`--force` and `--why"),
        (["--why", "x"], "`--force` and `--why"),
        (["--rollback", "--force"], "`--rollback` takes neither"),
        (["--rollback"], "expected a champion before the present one"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(
    here: Path, arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here)
    (here / "dvc.yaml").touch()
    monkeypatch.setattr(sys, "argv", ["canting", "promote", *arguments])
    with pytest.raises(SystemExit, match=words):
        main.main()
    assert len(entries(here)) == 1
