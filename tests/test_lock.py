"""The locks against `pyproject.toml`, as `make check` sees it."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from canting.cli.doctor import installed
from tests.conftest import ROOT

FILES = (
    "pyproject.toml",
    "requirements.txt",
    "requirements-gpu.txt",
    "requirements-cluster.txt",
)


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


def test_the_locks_fit_the_project_file(folder: Path) -> None:
    told = check(folder)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("pyproject.toml", '"numpy>=', '"no-such-thing>=1",\n  "numpy>=', "no-such-thing>=1"),
        ("pyproject.toml", '"numpy>=', '"numpy>=9999,>=', "is asked for"),
        ("pyproject.toml", '  "optuna>=', '  # "optuna>=', "optuna is locked, and no longer asked"),
        ("requirements.txt", "psycopg-binary==", "other==", "needs psycopg-binary, which is not"),
        ("requirements.txt", "a2wsgi==", "added==1\na2wsgi==", "added has no hash"),
        ("requirements-gpu.txt", "a2wsgi==", "added==1\na2wsgi==", "gpu.txt: added has no hash"),
        ("requirements-gpu.txt", "\nkeras==", "\nkeras==99.", "in one lock and"),
        ("requirements-gpu.txt", "\ntensorflow==", "\ntensorflow-cpu==", "no longer asked for"),
        ("requirements-cluster.txt", "\nray==", "\nother==", "cluster.txt: ray>="),
        ("requirements-cluster.txt", "\nnumpy==", "\nnumpy==99.", "in one lock and"),
        (
            "pyproject.toml",
            '"tensorflow[and',
            '"tensorflow[and-cuda]>99",\n  "tensorflow[and',
            "gpu.txt",
        ),
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


def test_no_lock_has_two_tensorflows_on_one_machine() -> None:
    for name in FILES[1:3]:
        found = re.findall(
            r"^(tensorflow(?:-cpu)?==.*?) ?\\", (ROOT / name).read_text(), re.MULTILINE
        )
        pins = list(map(Requirement, found))
        assert pins
        for machine in ("x86_64", "aarch64"):
            for system in ("linux", "darwin"):
                here = {"platform_machine": machine, "sys_platform": system}
                assert sum(not pin.marker or pin.marker.evaluate(here) for pin in pins) <= 1


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--dry-run", "--always-make", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("device", "venv", "lock"),
    [("cpu", ".venv", "requirements.txt"), ("gpu", ".venv-gpu", "requirements-gpu.txt")],
)
def test_each_device_has_an_environment_and_a_lock_of_its_own(
    device: str, venv: str, lock: str
) -> None:
    told = make("repro", f"DEVICE={device}").stdout
    assert f"-m venv {venv}\n" in told
    assert f"--require-hashes --requirement {lock}\n" in told
    assert f"touch {venv}/ready" in told


def test_the_lowest_versions_have_an_environment_and_one_tensorflow() -> None:
    told = make("test", "LOWEST=1").stdout
    assert "-m venv .venv-lowest\n" in told
    assert "--resolution lowest-direct" in told
    assert "--extra cpu --requirement pyproject.toml" in told
    assert "--extra gpu" not in told


def test_a_device_that_is_unknown_stops_make() -> None:
    told = make("repro", "DEVICE=tpu")
    assert told.returncode != 0
    assert "expected cpu or gpu. Received: tpu" in told.stderr


def test_uv_and_the_locks_know_the_extras_that_exclude_one_another() -> None:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (pair,) = content["tool"]["uv"]["conflicts"]
    assert [one["extra"] for one in pair] == ["cpu", "gpu"]
    told = make("lock").stdout
    for extra in content["project"]["optional-dependencies"]:
        once = extra in ("cpu", "gpu", "cluster")
        assert told.count(f"--extra {extra} ") == (1 if once else 2)
