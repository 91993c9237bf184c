"""DVC's commands, called in this process: its imports take a process longer than most commands."""

import contextlib
import io
import subprocess
import warnings
from pathlib import Path


def dvc(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; return its exit code and what it printed, without its log.

    Warnings of DVC and of its packages are its own, as in a process of its own.
    """
    from dvc.cli import main

    out = io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        warnings.catch_warnings(action="ignore"),
    ):
        code = main(list(command))
    return subprocess.CompletedProcess(["dvc", *command], code, out.getvalue(), "")
