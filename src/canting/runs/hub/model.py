"""A model on the Hub: its name, and which files of its repository are a bundle's."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from canting.bundle.signature import SIGNATURE
from canting.core.errors import CantingError
from canting.data.fetch.hub import Repository, is_name

NEEDED = ("card.json", "model.tflite", "arrays.npz")

README = "README.md"
"""Where the Hub looks for the model card."""

OWN = (README, ".gitattributes")
"""What the Hub itself writes into a new repository."""

_HANDLE = re.compile(r"hf:(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[^@?\s]+))?", re.ASCII)


class HubModel(NamedTuple):
    """A repository of the Hub, at a revision if one is named; `source` is what messages call it."""

    source: str
    repository: Repository
    revision: str | None


def named(source: str) -> HubModel:
    """Return what `hf:owner/name[@revision]` names; raise `CantingError` for anything else."""
    match = _HANDLE.fullmatch(source)
    if match is None or not is_name(match["name"]):
        raise CantingError(
            "expected hf:owner/name or hf:owner/name@revision, with owner and name as in the "
            f"address of the model's page. Received: {source!r}."
        )
    return HubModel(source, Repository(match["name"], "model"), match["revision"])


def in_bundle(paths: Iterable[str]) -> list[str]:
    """Return the paths that a bundle has: its parts, its samples and its signature, in order."""
    return sorted(path for path in paths if path in _PARTS or _is_sample(PurePosixPath(path)))


_PARTS = (*NEEDED, SIGNATURE)


def _is_sample(path: PurePosixPath) -> bool:
    return len(path.parts) == 3 and path.parts[0] == "samples" and path.suffix == ".jpg"
