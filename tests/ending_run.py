"""Programs that are started for real, to see how they end."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import pytest

from tests.conftest import ROOT

MAIN = [sys.executable, "-c", "from canting.cli.main import main; main()"]


def canting(*words: object, cwd: Path = ROOT, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command of `canting` in a folder."""
    line = [*MAIN, *map(str, words)]
    options = {"stdout": subprocess.PIPE, **options}
    return subprocess.run(
        line, cwd=cwd, stderr=subprocess.PIPE, text=True, check=False, timeout=120, **options
    )


def unread(*words: object, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Run a command whose reader has gone, as `head` does when it has read its line."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return canting(*words, cwd=cwd, stdout=writing)
    finally:
        os.close(writing)


def said(words: str) -> Callable[[IO[str]], object]:
    """Return what waits until a program has said some words, and fails if it ends before."""

    def waiting(err: IO[str]) -> None:
        told = ""
        while words not in told:
            told += err.read(20) or pytest.fail(f"it ended before: {told}")

    return waiting


def interrupted(
    line: Sequence[str], cwd: Path, when: Callable[[IO[str]], object]
) -> tuple[int, str]:
    """Start a program, press Ctrl+C when `when` returns; return its exit code and last lines."""
    with subprocess.Popen(
        line, cwd=cwd, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        assert program.stderr is not None
        when(program.stderr)
        os.killpg(program.pid, signal.SIGINT)
        told = program.communicate(timeout=60)[1]
    return program.returncode, told


def small_files() -> None:
    """Let no file grow beyond 100 bytes; in a child process, before it runs."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def unmeasured() -> dict[str, str]:
    """Return the environment of a program that writes no file of coverage of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
