"""Pull a bundle from the Hub: checked before it replaces anything, whole or absent."""

import shutil
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from huggingface_hub import constants

from canting.bundle.classifier import Classifier
from canting.core import files
from canting.core.errors import CantingError
from canting.data.fetch.hub import HubFile, resolved
from canting.data.fetch.hub_download import Commit
from canting.data.fetch.retry import Retry
from canting.runs.hub.model import NEEDED, HubModel, in_bundle, named

CODE = frozenset(
    (
        *(".h5", ".hdf5", ".keras", ".pb", ".ckpt"),  # Keras and TensorFlow
        *(".joblib", ".npy", ".pickle", ".pkl", ".bin", ".pt", ".pth"),  # pickle
        *(".py", ".so", ".zip"),
    )
)
"""Suffixes of files that can hold code: a repository with one is not taken."""


class Pulled(NamedTuple):
    """A bundle that has come from the Hub, and the file that says from which commit."""

    folder: Path
    commit: str
    origin: Path


def pull(source: str, folder: Path | None = None, patience: Retry | None = None) -> Pulled:
    """Pull `hf:owner/name[@revision]` into a folder, named as the repository unless one is given.

    Only a bundle's files are downloaded, and `FOLDER.hub.json` says whence. Raises `CantingError`
    where the folder holds anything but a bundle, the repository holds none or files that can hold
    code, or the bundle does not load; then the folder is what it was.
    """
    model, patience = named(source), patience or Retry()
    folder = folder or Path(model.repository.name.partition("/")[2])
    _check(folder)
    aside = folder.with_name(f".{folder.name}.pull")
    commit = resolved(model.repository, model.revision, source, patience)
    snapshot = Commit(model.repository, commit, source, aside)
    snapshot.download(_wanted(model, snapshot.files(patience)), patience)
    _place(snapshot, folder)
    shutil.rmtree(aside)
    origin = folder.with_name(f"{folder.name}.hub.json")
    address = f"{constants.ENDPOINT}/{model.repository.name}/tree/{commit}"
    files.write_json(origin, {"source": source, "commit": commit, "address": address})
    return Pulled(folder, commit, origin)


def _check(folder: Path) -> None:
    """Refuse to replace what is no bundle, or where somebody stands."""
    if folder.name in ("", "..") or folder.absolute() == Path.cwd():
        received = "the folder that you are in, or one above it"
    elif not folder.exists() or (folder / "card.json").is_file():
        return
    elif not folder.is_dir():
        received = "a file"
    elif any(folder.iterdir()):
        received = "other files"
    else:
        return
    raise CantingError(
        f"`{folder}`: expected a name that is free, an empty folder, or one with a bundle. "
        f"Received: {received}. Name another folder."
    )


def _wanted(model: HubModel, there: Collection[HubFile]) -> list[HubFile]:
    paths = [file.path for file in there]
    harmful = sorted(path for path in paths if PurePosixPath(path).suffix.lower() in CODE)
    if harmful:
        raise CantingError(
            f"`{model.source}`: expected a bundle of canting and its card. Received: also "
            f"`{harmful[0]}`, which can hold code. Nothing was downloaded."
        )
    chosen = in_bundle(paths)
    missing = sorted({*NEEDED} - {*chosen})
    if missing:
        raise CantingError(
            f"`{model.source}`: expected a bundle of canting, with {', '.join(NEEDED)}. Received: "
            f"a repository without {', '.join(missing)}. Nothing was downloaded."
        )
    return [file for file in there if file.path in chosen]


def _place(snapshot: Commit, folder: Path) -> None:
    """Let the files of a snapshot become the folder, if they load as a bundle."""
    try:
        Classifier.load(snapshot.root)
    except CantingError as error:
        said = str(error).replace(f"{snapshot.root}/", "")
        shutil.rmtree(snapshot.cache)
        raise CantingError(
            f"`{snapshot.source}` at {snapshot.commit} is no bundle that loads, and replaced "
            f"nothing: {said} Or name another revision: hf:owner/name@revision."
        ) from None
    with files.replacing(folder) as new:
        shutil.copytree(snapshot.root, new)
