"""The Bento: the modules that it ships, its build, and its archive."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from canting.core import files, runtime
from canting.core.closure import closure, imported
from canting.core.errors import CantingError
from canting.core.revision import stamp
from canting.serving.package import requirements

SERVICE = "serving/service"
"""Package that is shipped whole, with its templates, texts and migrations."""


def shipped(root: Path) -> list[Path]:
    """Return every file that serving needs, below the folder that holds `canting`."""
    whole = [path for path in (root / "canting" / SERVICE).rglob("*") if _ships(path)]
    code = [path for path in whole if path.suffix == ".py"]
    return sorted({*whole, *closure(code, root, imported).files})


def _ships(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


BENTOFILE, PROJECT, LOCK = "bentofile.yaml", "pyproject.toml", "requirements.txt"
CONTAINER = "deploy/Dockerfile"
REQUIREMENTS = "serving.txt"
BUNDLE = "bundle"
"""Folder beside `canting` in the Bento; `canting.serving.service.settings` looks there."""

NAME = "canting"
MODEL, CARD = "model.tflite", "card.json"
EPOCH = "1980-01-01T00:00:00+00:00"
"""Time that every Bento bears, so that the same content is the same bytes."""


def build(root: Path, bundle: Path, cards: Path, bento: Path) -> str:
    """Write the Bento of a bundle with its cards and return its tag.

    The model's digest is its version.
    """
    version = files.sha256(bundle / MODEL)[:12]
    with tempfile.TemporaryDirectory(prefix="canting-") as folder:
        context, home = Path(folder) / "context", Path(folder) / "home"
        assemble(root, bundle, cards, context)
        _bentoml(context, home, version)
        built = home / "bentos" / NAME / version
        _settle(built, context)
        _contain(built, root / CONTAINER)
        with files.replacing(bento) as aside:
            shutil.move(built, aside)
    return f"{NAME}:{version}"


def assemble(root: Path, bundle: Path, cards: Path, context: Path) -> None:
    """Copy code, bundle, cards, requirements and `bentofile.yaml` into a folder."""
    source = root / "src"
    for path in shipped(source):
        target = context / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    shutil.copytree(bundle, context / BUNDLE)
    stamp(context / BUNDLE / CARD, root)
    shutil.copytree(cards, context / BUNDLE / "cards")
    shutil.copyfile(root / BENTOFILE, context / BENTOFILE)
    lock, project = ((root / name).read_text(encoding="utf-8") for name in (LOCK, PROJECT))
    entries = requirements.needed(lock, requirements.wanted(project))
    files.write_text(context / REQUIREMENTS, entries)


def _bentoml(context: Path, home: Path, version: str) -> None:
    names = {"PYTHONPATH": str(context), "BENTOML_HOME": str(home), "CANTING_HISTORY": "off"}
    command = [sys.executable, "-m", "bentoml", "build", "--version", version, "--output", "tag"]
    told = subprocess.run(
        command,
        cwd=context,
        env={**os.environ, **runtime.QUIET, **names},
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise CantingError(f"`bentoml build` failed:\n{told.stderr or told.stdout}")


def _settle(built: Path, context: Path) -> None:
    """Take out of a Bento what differs from one build to the next, and what has no hash."""
    described = built / "bento.yaml"
    text = described.read_text(encoding="utf-8")
    settled = re.sub(r"^creation_time: .*$", f"creation_time: '{EPOCH}'", text, flags=re.MULTILINE)
    described.write_text(settled, encoding="utf-8")
    shutil.copyfile(context / REQUIREMENTS, built / "env" / "python" / "requirements.txt")


def _contain(built: Path, container: Path) -> None:
    """Put the project's container file in place of BentoML's, which no option can replace."""
    folder = built / "env" / "docker"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copyfile(container, folder / "Dockerfile")
