"""What a message says is done, literally, and then the fault is gone."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canting.config.sections import Validate
from canting.config.stage import CACHE
from canting.core.errors import CantingError
from canting.data import manifest
from canting.data.fetch.source import Means, opened
from canting.data.validate import tables
from canting.data.validate.gate import Passage
from canting.data.validate.report import ValidationError
from canting.runs.registry.candidate import of_run
from canting.serving.service.settings import SettingsError, from_environment
from tests import track_run
from tests.conftest import ROOT, slow
from tests.dvc_called import dvc
from tests.test_docs_commands import clone
from tests.test_doctor_data import shell
from tests.test_validate.conftest import params, raw, sound
from tests.test_validate.folder import failed, settled
from tests.test_validate.test_validate_expectations import CASES

__all__ = ["clone", "params", "raw", "sound"]

LIMITS: dict[str, Any] = {
    "min_side": 1,
    "max_side": 100_000,
    "modes": ("RGB", "L", "I;16", "P", "CMYK"),
    "min_brightness": 0.0,
    "max_brightness": 255.0,
    "min_contrast": 0.0,
    "min_sharpness": 0.0,
    "max_duplicates": 1.0,
    "max_conflicts": 1.0,
    "labels": None,
    "min_pictures": 0,
    "min_groups": 0,
    "max_imbalance": 1000.0,
}
"""For each key that a message of the gate names: the limit as it says, lowered or raised."""


def command(message: object) -> str:
    """Return the last command that a message names."""
    found: list[str] = re.findall(r"`((?:dvc|git|make|canting|mlflow) [^`]+)`", str(message))
    return found[-1]


def message(passage: Passage) -> str:
    return str(ValidationError(passage.outcomes, Path("docs")))


PICTURES = ("decodable", *list(LIMITS)[:9], "unique_names")
CLASSES = ("labels", "min_pictures", "min_groups", "max_imbalance")


@pytest.mark.parametrize("names", [*slow((PICTURES,)), CLASSES], ids=["pictures", "classes"])
def test_the_limits_that_the_gate_names_let_the_pictures_pass(
    names: tuple[str, ...], sound: Path, params: Validate
) -> None:
    for name in names:
        CASES[name][0](sound)
    told = message(settled(sound, params, max_imbalance=1.0))
    keys = re.findall(r"Expected \(`validate\.(\w+)`\)", told)
    assert set(names) & set(LIMITS) <= set(keys)
    left = failed(settled(sound, params, **LIMITS))
    assert set(left) == set(names) - set(LIMITS)  # no limit lets a damaged file pass


@pytest.mark.slow
def test_quarantine_and_removal_heal_what_the_gate_names(sound: Path, params: Validate) -> None:
    classes = {"max_imbalance": 9.0, "min_pictures": 1, "min_groups": 1}
    for name in PICTURES:
        CASES[name][0](sound)
    found = settled(sound, params, **classes)
    told = message(found)
    assert told.count("`validate.on_bad: quarantine`") == len(PICTURES)
    aside = settled(sound, params, **classes, on_bad="quarantine")
    assert failed(aside) == {}
    for row in {row for rows in failed(found).values() for row in rows}:
        assert f"     {row}: " in told
        (sound / row).unlink()
    assert failed(settled(sound, params, **classes)) == {}


@pytest.mark.parametrize(
    "environment",
    [
        {"CANTING_HISTORY_TOKEN": "x"},
        {"CANTING_MAX_FILE": "3"},
        {"CANTING_MAX_FILES": "none"},
        {"CANTING_VISITORS": "false"},
    ],
)
def test_a_setting_is_corrected_as_its_message_says(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment(environment)
    told, (name, value) = str(caught.value), *environment.items()
    if other := re.search(r"Set `(\w+)` instead|Did you mean `(\w+)`", told):
        from_environment({other[1] or other[2]: value})
    elif "unset it" in told:
        from_environment({})
    else:
        needed = re.search(r"needs (\w+)", told)
        assert needed is not None
        from_environment({name: value, needed[1]: "secret"})


def test_a_relative_source_of_a_queued_experiment_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my pictures" / "a").mkdir(parents=True)
    (tmp_path / "my pictures" / "a" / "1.png").touch()
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "tmp1"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    refused = pytest.raises(CantingError, match=r"`--queue` or `--temp` runs in a folder")
    with refused as caught, opened("my pictures", Means(CACHE)):
        pass
    source = command(caught.value).rpartition("-S ")[2]
    told = shell(tmp_path, f"printf %s {source}").stdout.removeprefix("fetch.source=")
    with opened(told, Means(CACHE)) as found:
        assert len(found.pictures) == 1


def test_a_damaged_bundle_comes_back_from_the_cache(tmp_path: Path) -> None:
    run = track_run.make(tmp_path / "run", folds=5, backbone="densenet121")
    dvc(run, "init", "-q", "--force")
    outs = "outs: [{build/best: {persist: true}}]"
    (run / "dvc.lock").unlink()
    (run / "dvc.yaml").write_text(f"stages:\n  select_best:\n    cmd: 'true'\n    {outs}\n")
    assert dvc(run, "commit", "--force", "select_best").returncode == 0
    of_run(run, check=True)
    (run / "build" / "best" / "model.tflite").unlink()
    (run / "build" / "best" / "model.tflite").write_bytes(b"another")
    with pytest.raises(CantingError, match="expected the file that its card names") as caught:
        of_run(run, check=True)
    told = command(caught.value)
    assert dvc(run, *told.split()[1:]).returncode == 0
    of_run(run, check=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The ..noload.. loader")
def test_a_deleted_experiment_of_mlflow_is_restored(tmp_path: Path) -> None:
    from canting.runs.tracking.server import Server
    from canting.runs.tracking.uri import uri

    server = Server(uri(tmp_path), "canting")
    server.client.delete_experiment(server.experiment)
    with pytest.raises(CantingError, match="is deleted there") as caught:
        Server(uri(tmp_path), "canting")
    told = shell(tmp_path, command(caught.value))
    assert told.returncode == 0, told.stderr
    assert Server(uri(tmp_path), "canting").experiment == server.experiment


def damaged(folder: Path) -> None:
    (folder / "build" / "manifest.parquet").unlink()
    (folder / "build" / "manifest.parquet").write_text("Lorem")


def no_pictures(folder: Path) -> None:
    (folder / "build" / "raw").rename(folder / "build" / "elsewhere")


def reading(folder: Path) -> None:
    manifest.read(folder / "build" / "manifest.parquet")
    tables.labels(folder / "build" / "raw")


@pytest.fixture(scope="module")
def validated(clone: Path) -> Path:
    assert shell(clone, "make -o .venv/ready data").returncode == 0
    told = shell(clone, f"PYTHONPATH={clone}/src dvc repro validate")
    assert told.returncode == 0, told.stderr
    return clone


@pytest.mark.slow
@pytest.mark.parametrize("breaking", [damaged, no_pictures])
def test_a_stage_makes_again_what_is_lost(
    breaking: Callable[[Path], None], validated: Path
) -> None:
    breaking(validated)
    with pytest.raises(CantingError) as caught:
        reading(validated)
    assert again(validated, command(caught.value)).returncode == 0
    reading(validated)


@pytest.mark.slow
def test_a_stage_that_failed_reads_the_repaired_pictures(validated: Path) -> None:
    picture = next((validated / "data" / "kawung").glob("*.jpg"))
    content = picture.read_bytes()
    picture.unlink()
    picture.write_bytes(b"broken")
    told = again(validated, "dvc repro validate")
    assert told.returncode != 0
    assert f"kawung/{picture.name}: cannot be decoded" in told.stdout + told.stderr
    picture.unlink()
    picture.write_bytes(content)  # "replace or remove the file"
    assert again(validated, "dvc repro validate").returncode == 0


@pytest.mark.slow
def test_pictures_that_are_gone_are_pulled(validated: Path) -> None:
    (validated / "data").rename(validated / "elsewhere")
    (validated / "build" / "raw").rename(validated / "build" / "other")
    told = shell(validated, f"PYTHONPATH={ROOT}/src python stages/fetch.py")
    assert "there is no folder `data` here. Run `dvc pull`" in told.stderr
    assert again(validated, "dvc pull").returncode != 1 or (validated / "data").is_dir()
    assert again(validated, "dvc repro fetch").returncode == 0


def again(folder: Path, line: str) -> "subprocess.CompletedProcess[str]":
    os.environ.pop("DVC_ROOT", None)
    return shell(folder, f"PYTHONPATH={folder}/src {line}")
