"""Push a bundle and its model card to the Hub, as one commit."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

from canting.bundle.classifier import Classifier
from canting.core.errors import CantingError
from canting.data.fetch.hub import TOKEN, asked
from canting.data.fetch.retry import PassingError, Retry
from canting.runs.hub.model import NEEDED, OWN, README, HubModel, in_bundle, named

CARD = "model_card.md"
"""File of the folder of cards, with the metadata that the Hub reads."""

_BESIDE = re.compile(r"\b(?:figures/[\w.-]+|model_card\.html)\b")
"""What a card names beside itself: its figures, and the page with the licences."""


class Pushed(NamedTuple):
    """Where a bundle now is; `left_out` are the files of its folder that are none of a bundle."""

    address: str
    commit: str
    is_new: bool
    left_out: tuple[str, ...] = ()


def push(
    source: str, bundle: Path, cards: Path, *, private: bool = False, patience: Retry | None = None
) -> Pushed:
    """Push to `hf:owner/name`, which is made if it is absent, public unless `private`.

    The repository then holds the bundle, its card, and nothing else; the same content makes no new
    commit. Raises `CantingError` before anything is sent where the bundle does not load, or the
    card is missing or another model's.
    """
    model = named(source)
    if model.revision:
        raise CantingError(f"`{source}`: expected hf:owner/name. A push makes the revision itself.")
    digest = Classifier.load(bundle).digest
    there = [path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()]
    inside = in_bundle(there)
    contents = {**{name: bundle / name for name in inside}, **_card(cards, digest)}
    title = f"Model {digest[:12]}"
    pushed = asked(
        lambda: _sent(model, contents, title, private=private), source, patience or Retry()
    )
    return pushed._replace(left_out=tuple(sorted({*there} - {*inside})))


def _card(cards: Path, digest: str) -> dict[str, Path]:
    """Return the model card under the name that the Hub expects, and what it shows."""
    path = cards / CARD
    received = "no file"
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        if digest[:12] in text:
            beside = {name: cards / name for name in sorted(set(_BESIDE.findall(text)))}
            return {README: path, **{name: one for name, one in beside.items() if one.is_file()}}
        received = "another model's"
    raise CantingError(
        f"`{path}`: expected the card of the model {digest[:12]}. Received: {received}. Write it: "
        "`dvc repro cards`. Or name the folder where it is: `--cards`."
    )


def _sent(model: HubModel, contents: Mapping[str, Path], title: str, *, private: bool) -> Pushed:
    """Make the repository hold `contents`, by their paths in there, and nothing else; one try."""
    api, name = HfApi(library_name="canting"), model.repository.name
    with _refusals(model.source):
        api.create_repo(name, private=private or None, exist_ok=True)
        there = api.model_info(name)
        if private and not there.private:
            raise CantingError(
                f"`{model.source}`: expected a private repository. Received: one that everybody "
                "sees. Make it private on its page, or push without `--private`."
            )
        before = str(there.sha)
        held = api.list_repo_files(name, revision=before)
        stale = _stale(model, held, contents)
        commit = api.create_commit(
            name,
            [
                *(CommitOperationAdd(path, file) for path, file in contents.items()),
                *(CommitOperationDelete(path, is_folder=False) for path in stale),
            ],
            commit_message=title,
            parent_commit=before,
        )
    return Pushed(f"{constants.ENDPOINT}/{name}", commit.oid, commit.oid != before)


def _stale(model: HubModel, held: Collection[str], contents: Collection[str]) -> list[str]:
    """Return what an earlier bundle has left; refuse a repository that holds anything else."""
    others = sorted({*held} - {*OWN})
    if others and not {*NEEDED} <= {*held}:
        raise CantingError(
            f"`{model.source}`: expected an empty repository, or one with a bundle of canting. "
            f"Received: one with `{others[0]}`. Name another."
        )
    return [path for path in others if path not in contents]


@contextmanager
def _refusals(source: str) -> Iterator[None]:
    """Say what to do where a push, other than a download, is refused."""
    try:
        yield
    except OfflineModeIsEnabled:
        raise CantingError(
            f"`{source}`: a push needs the Hub, and HF_HUB_OFFLINE forbids it. Unset it."
        ) from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status not in _REFUSED:
            raise
        raise CantingError(f"`{source}` was refused ({status}). {_REFUSED[status]}.") from None
    except RuntimeError as error:  # of one of the threads that upload
        cause = error.__cause__ or error
        if isinstance(cause, HTTPError):
            raise cause from None
        words = " ".join(f"{type(cause).__name__}: {cause}".split())[:200]
        raise PassingError(f"the upload broke ({words})") from None


_RIGHTS = f"A push needs a token that may write to repositories of this owner. {TOKEN}"
_MEANWHILE = "The repository has changed meanwhile. Look at it, and run again"
_REFUSED = dict.fromkeys((401, 403, 404), _RIGHTS) | dict.fromkeys((409, 412), _MEANWHILE)
