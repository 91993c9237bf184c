"""Execute docs/notebook.ipynb in an empty folder, on the embedded pictures and a small setting.

usage: notebook.py [FOLDER]

The repository that it clones is a copy of the files here. What comes out is checked, and written to
FOLDER (build/notebook) with its outputs; the notebook itself is left as it is.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
SMALL = [
    *("image_size=[96,96]", "epochs=4", "folds=3", "learning_rate=0.003", "features.views=2"),
    *("corruptions.pictures=4", "tune.method=none", "track.enabled=false"),
]
SECONDS = 1800
"""The most that one cell may take."""


def repository(folder: Path) -> str:
    """Commit a copy of the files that git tracks or would track; return its address."""
    listing = ("git", "ls-files", "-co", "--exclude-standard")
    found = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(lambda one: (ROOT / one).is_file(), found.stdout.splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init",), ("add", "--all"), (*who, "commit", "--message", "state")):
        quiet = "--quiet" if "add" not in words else "--verbose"
        subprocess.run(["git", *words, quiet], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return folder.as_uri()


def executed(address: str, folder: Path) -> nbformat.NotebookNode:
    """Return the notebook with its outputs, the parameters set as its first cell sets them."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    first.source += f"\nREPOSITORY, SETTINGS = {address!r}, {SMALL!r}"
    here = {"metadata": {"path": folder}}
    patience = {"timeout": SECONDS, "startup_timeout": SECONDS}
    NotebookClient(notebook, resources=here, **patience).execute()
    return notebook


def printed(notebook: nbformat.NotebookNode) -> str:
    """Return all text that the cells have printed."""
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", ())]
    return "".join(one.text for one in outputs if one.output_type == "stream")


def main(target: Path) -> None:
    """Execute it, check what it has shown, and keep it."""
    for name in [name for name in os.environ if name.startswith(("PYTHON", "VIRTUAL_ENV", "DVC"))]:
        del os.environ[name]
    os.environ["DVC_NO_ANALYTICS"] = "1"
    with tempfile.TemporaryDirectory(prefix="canting-") as name:
        here = Path(name)
        (here / "work").mkdir()
        notebook = executed(repository(here / "repository"), here / "work")
        size = (here / "work" / "bundle.zip").stat().st_size
    shown = [one for cell in notebook.cells for one in cell.get("outputs", ()) if "data" in one]
    pictures = sum("image/png" in one.data or "image/jpeg" in one.data for one in shown)
    text = printed(notebook)
    if (
        pictures != 4
        or "macro F1" not in text
        or not re.search(r"^\w+, [\d.]+%$", text, re.MULTILINE)
    ):
        sys.exit(
            f"notebook: expected scores, 4 pictures and an answer. Received: {pictures}\n{text}"
        )
    target.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target / NOTEBOOK.name)
    print(f"notebook: executed, with a bundle of {size / 1e6:.1f} MB; {target / NOTEBOOK.name}")


if __name__ == "__main__":
    main(Path(*sys.argv[1:]) if sys.argv[1:] else ROOT / "build" / "notebook")
