"""The documentation's commands: each block is run, or says why not and is read by its parser."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from canting.cli import main
from canting.runs.study.changes import assigned, check
from canting.runs.study.yaml_text import merged
from tests.conftest import ROOT
from tests.test_pipeline import commit, run

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MARK = re.compile(r"<!-- (runs|runs, and fails|runs, and may fail|not run: .+) -->")
SHELL = ("sh", "bash", "console", "shell")
SERVICE = ("history", "predict")
"""Commands that a version without the service lacks."""


class Block(NamedTuple):
    """A fenced block of commands; `mark` is what stands above it."""

    page: str
    line: int
    mark: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(path: Path) -> Iterator[Block]:
    lines = path.read_text(encoding="utf-8").splitlines()
    start: int | None = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is not None:
            if lines[start][3:] in SHELL:
                above = lines[start - 1] if start else ""
                text = "\n".join(lines[start + 1 : number])
                yield Block(path.name, start + 1, above, text)
            start = None
        else:
            start = number


BLOCKS = [block for path in PAGES for block in blocks(path)]
RUNNABLE = [block for block in BLOCKS if block.mark.startswith("<!-- runs")]


def test_every_block_of_commands_is_run_or_says_why_not() -> None:
    assert [block.name for block in BLOCKS if not MARK.fullmatch(block.mark)] == []
    assert len(RUNNABLE) >= 6


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh clone of the working tree, with an environment and the results that git keeps."""
    folder = tmp_path_factory.mktemp("clone")
    for name in run(ROOT, "git", "ls-files", "-co", "--exclude-standard").stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    commit(folder)
    (folder / ".venv").symlink_to(sys.prefix)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.name)
def test_commands_run(block: Block, clone: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    here = {**os.environ, "PATH": path, "PYTHONPATH": str(clone / "src"), "PAGER": "cat"}
    command = ["bash", "-euo", "pipefail", "-c", block.text]
    told = subprocess.run(
        command, cwd=clone, env=here, capture_output=True, text=True, timeout=300, check=False
    )
    words = told.stdout + told.stderr
    assert "Traceback" not in words
    if "may fail" in block.mark:
        assert told.returncode in (0, 1), words
    else:
        assert (told.returncode != 0) == ("fails" in block.mark), words
    assert words if "may fail" in block.mark else told.stdout or "remote" in block.text


def lines(block: Block) -> Iterator[list[str]]:
    """Yield the words of each command."""
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            yield words[:end]
            words = words[end + 1 :]


COMMANDS = [(block, words) for block in BLOCKS for words in lines(block)]


def test_commands_of_canting_exist() -> None:
    """Also in the blocks that are not run: each is understood by the parser."""
    known = [words[1:] for _, words in COMMANDS if words[0] == "canting"]
    if find_spec("canting.serving.service") is None:
        known = [words for words in known if words[0] not in SERVICE]
        known = [words for words in known if words[0] != "serve" or "--port" in words]
    assert len(known) > 8
    for words in known:
        main.parser().parse_args(words)


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, flags=re.MULTILINE))
    said = {words[1] for _, words in COMMANDS if words[0] == "make"}
    texts = " ".join(path.read_text(encoding="utf-8") for path in PAGES)
    said |= set(re.findall(r"`make (\w+)`", texts))
    assert {"repro", "test", "serve", "docs"} <= said <= targets


def test_assignments_are_accepted() -> None:
    """Each `-S key=value`, but the one that shows what a refusal looks like."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    count = 0
    for block, words in COMMANDS:
        given = [value for flag, value in pairwise(words) if flag == "-S"]
        if given and block.mark != "<!-- runs, and fails -->":
            check(merged(text, assigned(given)), Path("params.yaml"))
            count += 1
    assert count > 5


def test_named_files_exist() -> None:
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        named = re.findall(
            r"(?<![\w/])((?:studies|stages|tests|results|benchmarks)/[\w./-]*\w)", text
        )
        for name in named:
            if not name.startswith("results/registry") and "quarantine" not in name:
                assert (ROOT / name.replace("_*", "")).exists() or "*" in text, (path.name, name)
        for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text):
            assert (path.parent / target).exists(), (path.name, target)


def test_the_readme_is_short_and_shows_what_comes_out() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    assert len(re.findall(r"!\[.+?\]\(results/.+?\.png\)", text)) >= 3
    assert "make repro" in text
    assert "make test" in text
