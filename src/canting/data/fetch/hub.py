"""Requests to the Hub of Hugging Face, and its errors as messages."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

from huggingface_hub import HfApi, constants, get_session
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    HTTPError,  # of httpx or httpx2, whichever the Hub's client uses
    OfflineModeIsEnabled,
)
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, validate_repo_id

from canting.core.errors import CantingError
from canting.data.fetch.retry import PassingError, Retry, patiently, seconds_to_wait

PASSING = (408, 429)
"""Client errors, beside all server errors, that are worth another try."""

TOKEN = "Set HF_TOKEN to a token of huggingface.co/settings/tokens, or run `hf auth login`"  # noqa: S105

REFUSALS = {
    "GatedRepo": "Its owner asks for consent: agree on its page with an account of Hugging Face. "
    f"{TOKEN}",
    "RepoNotFound": "Hugging Face has none of this name, or it is private. Check owner and name in "
    "the address of its page (huggingface.co/owner/name of a model, huggingface.co/datasets/… of a "
    f"data set); if it is private: {TOKEN}",
    "RevisionNotFound": "It has no such revision. Check branch, tag or commit under `Files and "
    "versions` on its page",
    "EntryNotFound": "Its list names a file that is not there. Run again later, or name another "
    "revision",
    401: "Hugging Face wants a valid token: it is private, asks for consent, or its name is wrong. "
    f"Check owner and name. {TOKEN}",
    403: "Hugging Face does not let this account have it: it is private, or its terms wait for "
    f"your consent on its page. {TOKEN}",
}
"""What to do, by the header `X-Error-Code`, else by the status."""
REFUSALS[404] = REFUSALS["RepoNotFound"]

Answer = TypeVar("Answer")


class Repository(NamedTuple):
    """A repository of the Hub: owner and name, and whether it holds pictures or a model."""

    name: str
    kind: Literal["dataset", "model"]


@dataclass(frozen=True)
class HubFile:
    """A file of a repository: path, size in bytes, SHA-256 (64 digits) or Git's SHA-1 (40)."""

    path: str
    size: int
    digest: str


def is_name(text: str) -> bool:
    """Tell whether a text is owner and name as the Hub allows them."""
    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return "/" in text


def resolved(repository: Repository, revision: str | None, source: str, patience: Retry) -> str:
    """Return the commit that a branch, tag or commit is now; without one, the main branch."""
    api = HfApi(library_name="canting")

    def asking() -> str:
        found = api.repo_info(
            repository.name,
            repo_type=repository.kind,
            revision=revision,
            timeout=patience.silence,
        )
        return str(found.sha)

    commit = asked(asking, source, patience)
    if len(commit) != 40 or not set(commit) <= set("0123456789abcdef"):
        raise _foreign(source, f"the commit {commit!a}")
    return commit


def listed_files(
    repository: Repository, commit: str, source: str, patience: Retry
) -> list[HubFile]:
    """Return every file of a commit."""
    api = f"{constants.ENDPOINT}/api/{repository.kind}s/{repository.name}"
    url: str | None = f"{api}/tree/{commit}?recursive=True"
    files = []
    while url is not None:
        page, url = asked(_page(url, patience), source, patience)
        files += page
    return files


def _page(url: str, patience: Retry) -> Callable[[], tuple[list[HubFile], str | None]]:
    def asking() -> tuple[list[HubFile], str | None]:
        response = get_session().get(url, headers=headers(), timeout=patience.silence)
        hf_raise_for_status(response)
        entries = [entry for entry in response.json() if entry["type"] == "file"]
        return list(map(_file, entries)), response.links.get("next", {}).get("url")

    return asking


def _file(entry: dict[str, Any]) -> HubFile:
    digest = entry["lfs"]["oid"] if entry.get("lfs") else entry["oid"]
    if len(digest) not in (40, 64) or not digest.isalnum():
        raise ValueError(f"a digest {digest!a}")
    return HubFile(str(entry["path"]), int(entry["size"]), digest)


@contextmanager
def streamed(url: str, start: int, patience: Retry) -> Iterator[Any]:
    """Yield the answer that holds a file's bytes; status 206: from `start` on."""
    wanted = {"Range": f"bytes={start}-"} if start else {}
    with get_session().stream(
        "GET",
        url,
        headers={**headers(), **wanted, "Accept-Encoding": "identity"},
        timeout=patience.silence,
        follow_redirects=True,
    ) as response:
        hf_raise_for_status(response)
        yield response


def headers() -> dict[str, str]:
    """Return the headers of a request: who asks, and the token if there is one."""
    return dict(build_hf_headers(library_name="canting"))


def asked(
    attempt: Callable[[], Answer],
    source: str,
    patience: Retry,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Return what the Hub answers, after as many tries as the patience allows."""
    if not constants.ENDPOINT.startswith(("http://", "https://")):
        raise CantingError(
            "HF_ENDPOINT must be an address that starts with https:// or http://. "
            f"Received: {constants.ENDPOINT!r}."
        )

    def judging() -> Answer:
        try:
            return attempt()
        except OfflineModeIsEnabled:
            raise CantingError(
                f"`{source}` is not kept here in full, and HF_HUB_OFFLINE forbids to ask for it. "
                "Unset HF_HUB_OFFLINE, or name the commit of a revision that is kept."
            ) from None
        except HTTPError as error:
            raise _judged(error, source) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _foreign(source, f"{type(error).__name__}: {error}") from None

    return patiently(judging, source, patience, sleep)


def _judged(error: Exception, source: str) -> Exception:
    """Return a `PassingError` for what may pass, else a `CantingError` that says what to do."""
    if not isinstance(error, HfHubHTTPError):
        words = f"the connection to {constants.ENDPOINT} broke ({type(error).__name__})"
        return PassingError(words)
    status, told = error.response.status_code, error.response.headers
    if status in PASSING or status >= 500:
        return PassingError(f"Hugging Face answered {status}", _wait(told))
    code = told.get("X-Error-Code", "")
    reason = REFUSALS.get(code) or REFUSALS.get(status) or "Hugging Face refused it"
    said = " ".join(told.get("X-Error-Message", "").split())[:300]
    received = f" Received: {said}" if said else ""
    return CantingError(f"`{source}` was refused ({status}). {reason}.{received}")


def _wait(told: Mapping[str, str]) -> float | None:
    """Return the seconds to wait by Retry-After, or else by `RateLimit: "api";r=0;t=55`.

    https://huggingface.co/docs/hub/rate-limits
    """
    limit = re.search(r";\s*r=0\s*;\s*t=([0-9]+)", told.get("RateLimit", ""))
    asked = seconds_to_wait(told.get("Retry-After", ""))
    return float(limit[1]) if asked is None and limit else asked


def _foreign(source: str, received: str) -> CantingError:
    return CantingError(
        f"`{source}` cannot be reached: {constants.ENDPOINT} does not answer as the Hub of "
        "Hugging Face does. Check HF_ENDPOINT, and whether a proxy or a page for signing in is "
        f"between. Received: {' '.join(received.split())[:300]}."
    )
