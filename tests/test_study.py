"""Studies: refused before anything changes, written with every comment kept, run through DVC."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from canting.cli import main
from canting.config.params import load
from canting.core import files
from canting.core.errors import CantingError
from canting.runs.study import experiment
from canting.runs.study.changes import assigned, check, flat, read
from canting.runs.study.yaml_text import merged
from tests.conftest import ROOT, one_core
from tests.test_pipeline import clone, run

TEXT = (ROOT / "params.yaml").read_text()
TINY = """# Two scenarios, in seconds.
# More words.
backbone: small_cnn
optimizer: [adam, nadam]
dropout: 0.2        # as ever
learning_rate: 1.0e-2
epochs: 2
folds: 2
image_size: [32, 32]
validate: {min_pictures: 6, min_groups: 3}
features:
  views: 1
tune: {method: none}
corruptions: {pictures: 2}
"""


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


def test_merging_changes_values_and_keeps_the_rest(tmp_path: Path) -> None:
    assert merged(TEXT, {}) == TEXT
    (tmp_path / "tiny.yaml").write_text(TINY)
    text = merged(TEXT, read(tmp_path / "tiny.yaml"))
    assert comments(text) == comments(TEXT)
    old, new = TEXT.splitlines(), text.splitlines()
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 11
    params = check(text, tmp_path / "tiny.yaml")
    assert [one.optimizer for one in params.scenarios()] == ["adam", "nadam"]
    assert (params.learning_rate, params.image_size) == ((0.01,), (32, 32))
    assert params.validate_.min_groups == 3
    assert params.validate_.max_side == load(ROOT / "params.yaml").validate_.max_side


BLOCKS = """a: 1
size:               # height, width

- 96
- 97

# before fetch
fetch:
  labels:   # the labels
    - a     # first
    - b     # second
    # of next
  next: 3
  classes:
    x: y    # a class

# end
q: 1
"""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": [5, 6]}, "size: [5, 6]        # height, width\n\n# before fetch\nfetch:\n"),
        ({"size": 5}, "size: 5             # height, width\n\n# before fetch\nfetch:\n"),
        ({"fetch.labels": []}, "  labels: [] # the labels\n    # of next\n  next: 3\n"),
        ({"fetch.classes": {"c": "d"}}, "  classes: {c: d}\n\n# end\nq: 1\n"),
    ],
)
def test_a_block_becomes_a_line_and_what_is_below_stays(
    change: dict[str, object], words: str
) -> None:
    """DVC writes lists as blocks."""
    text = merged(BLOCKS, change)
    assert words in text
    ((key, value),) = change.items()
    content = YAML(typ="safe").load(text)
    section, _, name = key.rpartition(".")
    assert (content[section] if section else content)[name] == value


def test_values_of_the_command_line_are_yaml() -> None:
    texts = [
        "optimizer=[adam,nadam]",
        "learning_rate=1e-4",
        "fine_tune_from=",
        "fetch.source=/my pictures/a=b",
        "fetch.classes={a: b}",
        "report={title: x}",
    ]
    assert assigned(texts) == {
        "optimizer": ["adam", "nadam"],
        "learning_rate": 1e-4,
        "fine_tune_from": None,
        "fetch.source": "/my pictures/a=b",
        "fetch.classes": {"a": "b"},
        "report.title": "x",
    }
    with pytest.raises(CantingError, match=r"`-S`: expected key=value.*Received: 'optimizer'"):
        assigned(["optimizer"])
    with pytest.raises(CantingError, match=r"`-S a=\[` is not YAML"):
        assigned(["a=["])


def test_classes_are_replaced_and_not_mixed() -> None:
    text = merged(TEXT, flat({"fetch": {"classes": {"a": "b", "c": "d"}}}))
    text = merged(text, assigned(["fetch.classes={x: y}"]))
    assert check(text, Path("study.yaml")).fetch.classes == {"x": "y"}


@pytest.mark.parametrize(
    ("content", "change", "words"),
    [
        ("optimizer: nadm", None, ["`optimizer`", "Did you mean 'nadam'"]),
        ("dropout: [0, 1.5]", None, ["`dropout`", "below 1", "1.5"]),
        ("folds: 1", None, ["`folds`", "at least 2"]),
        ("learning_rate: '1e-4'", None, ["`learning_rate`", "without quotes"]),
        ("colour: 3", None, ["`colour`: no such key"]),
        ("features: {mixup: 1}", None, ["`features.mixup`: no such key"]),
        ("optimizer: {name: adam}", None, ["`optimizer`", "Received: {'name': 'adam'}"]),
        ("fetch: 3", None, ["`fetch`", "mapping"]),
        ("epochs: 3", "epochs=none", ["`epochs`", "'none'"]),
        ("epochs: 3", "trian.epochs=3", ["`trian`: no such key"]),
        ("- epochs", None, ["expected keys of `params.yaml`", "['epochs']"]),
        ("# nothing\n", None, ["expected keys of `params.yaml`", "None"]),
        ("epochs: [", None, ["is not YAML"]),
        ("epochs: 3\nepochs: 4", None, ["is not YAML", "duplicate key"]),
        (None, None, ["expected a study file", "No such file", "`canting study` lists them"]),
    ],
)
def test_a_bad_study_is_named_and_changes_nothing(
    content: str | None,
    change: str | None,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(TEXT)
    Path("dvc.yaml").touch()
    if content is not None:
        Path("mine.yaml").write_text(content)
    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("DVC was started"))
    monkeypatch.setattr(
        sys, "argv", ["canting", "study", "mine.yaml", *(["-S", change] if change else [])]
    )
    with pytest.raises(SystemExit) as caught:
        main.main()
    told = str(caught.value)
    assert told.startswith("canting study: `mine.yaml`")
    assert all(word in told for word in words), told
    assert Path("params.yaml").read_text() == TEXT
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_studies_are_listed_by_their_first_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(TEXT)
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.setattr(sys, "argv", ["canting", "study"])
    with pytest.raises(SystemExit, match="should hold studies"):
        main.main()
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.yaml").write_text(TINY)
    (tmp_path / "studies" / "a.yaml").write_text("epochs: 3")
    main.main()
    told = capsys.readouterr().out.splitlines()
    assert told == ["studies/a.yaml", "studies/tiny.yaml  Two scenarios, in seconds."]


def test_the_published_study_is_as_published() -> None:
    path = ROOT / "studies" / "garbage.yaml"
    params = check(merged(TEXT, read(path)), path)
    scenarios = params.scenarios()
    assert len(scenarios) == 27
    assert {one.backbone for one in scenarios} == {"resnet50", "vgg19", "densenet121"}
    assert {one.optimizer for one in scenarios} == {"adam", "nadam", "adamw"}
    assert {one.dropout for one in scenarios} == {0, 0.2, 0.5}
    fixed = {(one.learning_rate, one.batch_size, one.epochs) for one in scenarios}
    assert (fixed, params.folds, params.image_size) == ({(1e-4, 32, 10)}, 5, (224, 224))
    assert params.features.model_dump(exclude={"test_views", "test_crops"}) == {
        "levels": 1,
        "views": 10,
        "horizontal_flip": True,
        "vertical_flip": True,
        "rotation": 20.0,
        "shear": 0.2,
        "zoom": 0.2,
        "shift": 0.1,
        "crop": 1.0,
        "perspective": 0.0,
        "grey": 0.0,
        "invert": 0.0,
        "tint": 0.0,
        "brightness": 0.0,
        "contrast": 0.0,
        "blur": 0.0,
        "jpeg": 100,
    }


def test_every_study_can_be_used() -> None:
    for path in (ROOT / "studies").glob("*.yaml"):
        assert check(merged(TEXT, read(path)), path).scenarios()
        assert path.read_text().startswith("# ")


@pytest.mark.slow
def test_a_study_is_the_same_after_any_other() -> None:
    """What an earlier one has left in `params.yaml` does not go into the next, but the source."""
    changes = {path: read(path) for path in (ROOT / "studies").glob("*.yaml")}
    texts = {path: merged(TEXT, change) for path, change in changes.items()}
    alone = {path: check(text, path) for path, text in texts.items()}
    for before, after in itertools.permutations(changes, 2):
        later = check(merged(texts[before], changes[after]), after)
        unused = {"fetch", "tune"} if alone[after].tune.methods == () else {"fetch"}
        told = f"{after.name} after {before.name}"
        assert later.model_dump(exclude=unused) == alone[after].model_dump(exclude=unused), told


def test_an_experiment_of_the_same_name_is_kept() -> None:
    assert experiment._free("garbage", {"garbage-2"}) == "garbage"
    assert experiment._free("garbage", {"garbage", "garbage-2", "other"}) == "garbage-3"


def edited(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Make a repository whose `params.yaml` was edited, and record what is executed in it."""
    (folder / "params.yaml").write_text(TEXT)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "state")):
        run(folder, "git", *command)
    (folder / "params.yaml").write_text(merged(TEXT, {"seed": 7, "epochs": 9}))
    (folder / "my tiny study.yaml").write_text(TINY)
    (folder / "data").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    executed: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: executed.append(command))
    return executed


def test_dvc_is_started_with_all_written_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    executed = edited(tmp_path, monkeypatch)
    experiment.run(Path("my tiny study.yaml"), ["epochs=4"])
    told = capsys.readouterr().out
    dvc = [sys.executable, "-m", "dvc", "exp", "run", "--name", "my-tiny-study"]
    assert executed == [dvc]
    assert os.environ["PATH"].startswith(str(Path(sys.executable).parent))
    assert "2 scenarios × 2 folds" in told
    assert "\n  epochs: 4\n" in told
    assert "Changed since the last commit, and kept: seed." in told
    assert (load(Path("params.yaml")).epochs, load(Path("params.yaml")).seed) == ((4,), 7)


def test_pictures_that_cannot_be_pulled_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed = edited(tmp_path, monkeypatch)
    (tmp_path / "data").rmdir()
    with pytest.raises(CantingError, match="`data/` is not there and could not be pulled"):
        experiment.run(Path("my tiny study.yaml"), [])
    assert not executed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with a study, and a folder of other pictures beside it."""
    place = tmp_path_factory.mktemp("study")
    (place / "clone" / "studies").mkdir(parents=True)
    (place / "clone" / "studies" / "tiny.yaml").write_text(TINY)
    made = clone(place / "clone")
    run(made, "dvc", "pull", "--quiet", "data.dvc")
    for label in ("kawung", "mega_mendung", "parang"):
        (place / "my pictures" / label).mkdir(parents=True)
        for path in sorted((made / "data" / label).iterdir())[:14]:
            shutil.copy(path, place / "my pictures" / label)
    return made


def call(folder: Path, *changes: str) -> list[str]:
    source = f"fetch.source={folder.parent / 'my pictures'}"
    command = [str(Path(sys.executable).parent / "canting"), "study", "studies/tiny.yaml"]
    return [*command, *(word for change in (source, *changes) for word in ("-S", change))]


def times(folder: Path) -> dict[Path, int]:
    """Return when each kept view was written: its array, and the seconds that follow it."""
    # The seconds are written before the array.
    arrays = sorted((folder / ".canting/features").glob("[!.]*.npy"))
    paths = [path for array in arrays for path in (array.with_suffix(".json"), array)]
    return {path: path.stat().st_mtime_ns for path in paths}


@pytest.mark.slow
@one_core()
def test_a_killed_study_goes_on_and_a_done_one_is_not_done_again(folder: Path) -> None:
    silent, frozen = subprocess.DEVNULL, "backbone=efficientnet_lite0"
    process = subprocess.Popen(
        call(folder, frozen), cwd=folder, start_new_session=True, stdout=silent, stderr=silent
    )
    deadline = time.monotonic() + 300
    while not times(folder) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = times(folder)
    assert kept
    told = run(folder, *call(folder, frozen)).stdout
    assert "tiny: 2 scenarios × 2 folds" in told
    assert "Stage 'fetch' didn't change" in told
    # Two views, and that of another collection's pictures, each with its seconds.
    assert len(times(folder)) == 6
    assert kept.items() <= times(folder).items()
    assert pd.read_csv(folder / "results/evaluate/folds.csv")["pictures"].sum() == 2 * 42
    table = pd.read_csv(folder / "results/features/backbones.csv")
    assert table["backbone"].item() == "efficientnet_lite0"
    costs = files.read_json(folder / "build/costs/features.json")["efficientnet_lite0"]
    assert set(costs) == {"seconds", "computed_views", "views", "milliseconds"}
    assert comments((folder / "params.yaml").read_text()) == comments(TEXT)
    again = run(folder, *call(folder, frozen)).stdout
    assert re.findall(r"Running stage '(\w+)'", again) == ["check"]  # looks at the source
    named = run(folder, "dvc", "exp", "list", "--name-only").stdout.split()
    assert sorted(named) == ["tiny", "tiny-2"]


@pytest.mark.slow
def test_the_exit_code_is_that_of_dvc(folder: Path) -> None:
    result = run(folder, *call(folder, "folds=15"), code=1)
    assert "`folds: 14` is the most" in result.stdout + result.stderr
