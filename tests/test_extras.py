"""A package that is not installed, at each command: one line that names the extra to install."""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from canting.cli.extras import naming
from canting.cli.main import parser
from canting.core.errors import CantingError
from tests.conftest import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def extras(known: argparse.ArgumentParser) -> Iterator[str]:
    """Yield what each command, and each action of one, names."""
    yield known.get_default("extra") or ""
    for action in known._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from extras(inner)


def test_every_command_names_extras_that_there_are() -> None:
    named = {one for text in extras(parser()) for one in text.split(",") if one}
    assert {"cluster", "hub", "serve", "track", "train"} <= named <= EXTRAS.keys()


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
