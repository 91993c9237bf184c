"""A package that is not installed, at each command: one line that names the extra to install."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from canting.cli.extras import naming
from canting.cli.main import COMMANDS, parser
from canting.core.errors import CantingError
from tests.conftest import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def test_every_command_names_extras_that_there_are() -> None:
    known = parser()
    for command in COMMANDS:
        name = command.__name__.removeprefix("canting.cli.").removesuffix(".command")
        words = ["check"] if name == "history" else []
        arguments, _ = known.parse_known_args([name, *words, "x"])
        assert set(arguments.extra.split(",")) <= EXTRAS.keys(), name


@pytest.mark.parametrize(
    ("words", "package", "extra"),
    [
        (["show"], "pandas", "train"),
        (["track"], "psutil", "train,track"),
        (["history", "check"], "sqlalchemy", "serve"),
        (["pull", "hf:owner/name"], "huggingface_hub", "hub"),
    ],
)
def test_a_missing_package_is_one_line_with_the_extra(
    tmp_path: Path, words: list[str], package: str, extra: str
) -> None:
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / name).touch()
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv = ['canting', *{words!r}];"
        "from canting.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == (
        f"canting {words[0]}: expected the packages of the extra `{extra}`. Received: an "
        f"installation without `{package}`. Install them: pip install 'canting[{extra}]'\n"
    )


def test_a_module_of_the_project_that_is_missing_is_a_fault_and_not_an_extra() -> None:
    with pytest.raises(ModuleNotFoundError), naming("train"):
        raise ModuleNotFoundError("No module named 'canting.none'", name="canting.none")
    with pytest.raises(CantingError, match="`other`"), naming("train"):
        raise ModuleNotFoundError("No module named 'other.part'", name="other.part")
