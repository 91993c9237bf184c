"""The lock against `pyproject.toml`, as `make check` sees it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from canting.cli.doctor import installed
from tests.conftest import ROOT

FILES = ("pyproject.toml", "requirements.txt")


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".ci" / "lock.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_lock_fits_the_project_file(folder: Path) -> None:
    told = check(folder)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("pyproject.toml", '"numpy>=', '"no-such-thing>=1",\n  "numpy>=', "no-such-thing>=1"),
        ("pyproject.toml", '"numpy>=', '"numpy>=9999,>=', "is asked for"),
        ("pyproject.toml", '  "tqdm>=', '  # "tqdm>=', "tqdm is locked, and no longer asked for"),
        ("requirements.txt", "psycopg-binary==", "other==", "needs psycopg-binary, which is not"),
        ("requirements.txt", "a2wsgi==", "added==1\na2wsgi==", "added has no hash"),
        ("requirements.txt", "a2wsgi", "--index-url https://example.org\na2wsgi", "an address"),
    ],
)
def test_a_stale_lock_is_refused_with_the_reason_and_the_command(
    folder: Path, name: str, old: str, new: str, told: str
) -> None:
    replace(folder / name, old, new)
    refused = check(folder)
    assert refused.returncode == 1
    assert told in refused.stdout
    assert refused.stdout.endswith("Run: make lock\n")
    assert refused.stderr == ""


def test_doctor_and_make_name_the_pythons_of_the_project_file() -> None:
    oldest, new = (".".join(map(str, one)) for one in (installed.OLDEST, installed.TOO_NEW))
    assert f'requires-python = ">={oldest},<{new}"' in (ROOT / "pyproject.toml").read_text()
    make = f"not {installed.OLDEST} <= sys.version_info < {installed.TOO_NEW}"
    assert make in (ROOT / "Makefile").read_text()
