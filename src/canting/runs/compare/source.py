"""Sources of a run's files: a folder, or a commit of git with DVC's cache."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from canting.core.costs import known
from canting.core.errors import CantingError

SECONDS = "build/costs/train.json"
"""What all trainings of a run took together."""

LARGEST = 20_000_000
"""Bytes of the largest file that is read; no table of a run comes near."""


class RunSource(Protocol):
    """Anything that hands out the files of a run by their paths in the repository."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    @property
    def commit(self) -> str | None:
        """Its commit in git, if it is one."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; none where it is not there."""

    def seconds(self) -> bytes | None:
        """Return what the trainings took, in JSON; none where it was not measured or not kept."""


@dataclass(frozen=True)
class RunFolder:
    """The working tree, or a folder that holds files of a run under their usual paths."""

    name: str
    root: Path
    commit: str | None = None

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; none where it is not there."""
        return _content(self.root / path)

    def seconds(self) -> bytes | None:
        """Return what the trainings took, if it was measured for the outcome that is there."""
        return self.read(SECONDS) if known("train", self.root) else None


@dataclass(frozen=True)
class Revision:
    """A commit; `root` is a folder of its repository that holds `dvc.yaml`."""

    name: str
    commit: str
    root: Path

    def read(self, path: str) -> bytes | None:
        """Return the content of a file that git keeps; none where it is not there."""
        command = ["git", "-C", str(self.root), "show", f"{self.commit}:./{path}"]
        told = subprocess.run(command, capture_output=True, check=False)
        return told.stdout if told.returncode == 0 else None

    def seconds(self) -> bytes | None:
        """Return nothing: neither git nor DVC keeps seconds."""
        return None


def _content(path: Path) -> bytes | None:
    if not path.is_file() or path.stat().st_size > LARGEST:
        return None
    return path.read_bytes()


def locked_digests(source: RunSource) -> dict[str, str]:
    """Return the MD5 of every file that a stage of a run wrote, by its path."""
    stages = mapping(source, "dvc.lock").get("stages")
    outs = [
        out
        for stage in (stages.values() if isinstance(stages, dict) else ())
        if isinstance(stage, dict)
        for out in stage.get("outs", ())
    ]
    return {str(out.get("path")): md5 for out in outs if (md5 := _locked_md5(out))}


def mapping(source: RunSource, path: str) -> dict[str, object]:
    """Return what a YAML file of a run holds; nothing where it is not there.

    Repeated parts (aliases) are refused: a few lines of them can stand for gigabytes.
    """
    content = source.read(path)
    if content is None:
        return {}
    try:
        found = _parsed(content.decode("utf-8"))
    except (YAMLError, ValueError, RecursionError) as error:
        raise damaged(source, path, error) from None
    return found if isinstance(found, dict) else {}


def damaged(source: RunSource, path: str, error: Exception) -> CantingError:
    """Return the error for a file of a run that cannot be understood."""
    told = " ".join(f"{type(error).__name__} {error}".split())[:200]
    return CantingError(
        f"`{path}` of `{source.name}`: expected what a stage writes. Received: {told}. "
        "Run `dvc repro` there, or name another run."
    )


def _parsed(text: str) -> Any:
    if any(isinstance(one, AliasEvent) for one in YAML(typ="safe", pure=True).parse(text)):
        raise ValueError("it has aliases")
    return YAML(typ="safe", pure=True).load(text)


def _locked_md5(out: Any) -> str | None:
    md5 = out.get("md5") if isinstance(out, dict) else None
    return md5 if isinstance(md5, str) and re.fullmatch("[0-9a-f]{32}", md5) else None
