"""Errors of Kaggle's API as messages, and which of them are worth another try."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kagglehub.clients
import kagglehub.config
import requests
from kagglehub.exceptions import DataCorruptionError
from kagglehub.handle import DatasetHandle
from kagglesdk.datasets.types.dataset_api_service import (
    ApiDownloadDatasetRequest,
    ApiGetDatasetRequest,
)
from kagglesdk.kaggle_client import KaggleClient

from canting.core.errors import CantingError
from canting.data.fetch.archive import BrokenArchiveError
from canting.data.fetch.retry import PassingError, Retry, patiently, seconds_to_wait
from canting.data.fetch.timeout import TimeOut

PASSING = (408, 429)
"""Client errors, beside all server errors, that are worth another try."""

REFUSALS = {
    401: "Kaggle rejected these credentials. Check KAGGLE_API_TOKEN, or KAGGLE_USERNAME and "
    "KAGGLE_KEY, or the files in ~/.kaggle",
    403: "Kaggle does not let this account have it: the data set is private, or its terms wait "
    "for your consent on its page, or its name is wrong",
    404: "Kaggle has no such data set or version. Check owner, slug and version in the address "
    "of its page",
}


def judged(error: requests.RequestException, source: str) -> Exception:
    """Return a `PassingError` for what may pass, else a `CantingError` that says what to do."""
    response = error.response
    if response is None or not isinstance(error, requests.HTTPError):
        return PassingError(f"the connection broke ({type(error).__name__})")
    status = _status(response)
    if status in PASSING or status >= 500:
        wait = seconds_to_wait(response.headers.get("Retry-After", ""))
        return PassingError(f"Kaggle answered {status}", wait)
    reason = REFUSALS.get(status, "Kaggle refused it")
    return CantingError(f"`{source}` cannot be downloaded ({status}). {reason}.{_said(error)}")


def _status(response: requests.Response) -> int:
    """Return the status, which Kaggle may put into the body of an answer with status 200."""
    return response.status_code if response.status_code >= 400 else int(response.json()["code"])


def _said(error: requests.HTTPError) -> str:
    words = " ".join(str(error).split())
    return f" Received: {words[:300]}" if words else ""


HANDLE = re.compile(r"kaggle:([\w-]+)/([\w-]+)(?:/versions/([1-9][0-9]*))?", re.ASCII)


@contextmanager
def downloaded(source: str, cache: Path, patience: Retry) -> Iterator[Path]:
    """Yield the archive of `kaggle:owner/slug[/versions/N]`, downloaded unless it is in the cache.

    An archive that turns out to be broken while it is used is deleted.
    """
    handle = _handle(source)
    archive = _kept(handle, cache)
    if archive is None:
        archive = _download(handle, source, cache, patience)
    try:
        yield archive
    except BrokenArchiveError:
        archive.unlink(missing_ok=True)
        raise


def _handle(source: str) -> DatasetHandle:
    match = HANDLE.fullmatch(source)
    if match is None:
        raise CantingError(
            "`fetch.source` must be kaggle:owner/slug or kaggle:owner/slug/versions/N, "
            f"as in the address of the data set's page. Received: {source!r}."
        )
    owner, slug, version = match.groups()
    return DatasetHandle(owner, slug, int(version) if version else None)


def _path(handle: DatasetHandle, cache: Path) -> Path:
    return cache.joinpath(handle.owner, handle.dataset, f"{handle.version}.archive")


def _kept(handle: DatasetHandle, cache: Path) -> Path | None:
    path = _path(handle, cache)
    return path if handle.is_versioned() and path.is_file() else None


def _download(handle: DatasetHandle, source: str, cache: Path, patience: Retry) -> Path:
    with _client(patience) as client:
        datasets = client.datasets.dataset_api_client
        if not handle.is_versioned():
            request = ApiGetDatasetRequest()
            request.owner_slug, request.dataset_slug = handle.owner, handle.dataset
            found = _ask(lambda: datasets.get_dataset(request), source, patience)
            handle = handle.with_version(found.current_version_number)
        archive = _path(handle, cache)
        if not archive.is_file():
            archive.parent.mkdir(parents=True, exist_ok=True)
            _ask(lambda: _receive(datasets, handle, archive), source, patience)
    return archive


def _ask(attempt: Callable[[], Any], source: str, patience: Retry) -> Any:
    def judging() -> Any:
        try:
            return attempt()
        except requests.RequestException as error:
            raise judged(error, source) from None

    return patiently(judging, source, patience)


def _receive(datasets: Any, handle: DatasetHandle, archive: Path) -> None:
    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = handle.owner, handle.dataset
    request.dataset_version_number = handle.version
    part = archive.with_suffix(".part")
    with datasets.download_dataset(request) as response:
        try:
            kagglehub.clients.download_file(response, str(part), handle)
        except DataCorruptionError:
            raise PassingError("the archive arrived damaged") from None
        _check_size(response, part)
    part.replace(archive)


def _check_size(response: requests.Response, part: Path) -> None:
    """Refuse a part that the client resumed with anything but the rest of the archive."""
    declared = response.headers.get("Content-Length")
    if declared is None or "Content-Encoding" in response.headers:
        return
    if part.stat().st_size != int(declared):
        part.unlink()
        raise PassingError("the archive arrived with a wrong size")


@contextmanager
def _client(patience: Retry) -> Iterator[Any]:
    logging.getLogger("kagglehub").setLevel(logging.ERROR)
    credentials = _credentials()
    client = KaggleClient(
        username=credentials.username,
        password=credentials.key,
        api_token=credentials.api_key,
        user_agent="canting",
    )
    with client:
        for scheme in ("http://", "https://"):
            client.http_client()._session.mount(scheme, TimeOut(patience.silence))
        yield client


def _credentials() -> Any:
    try:
        credentials = kagglehub.config.get_kaggle_credentials()
    except (ValueError, OSError) as error:
        raise CantingError(f"Kaggle's credentials cannot be read: {error}. Fix the file.") from None
    if credentials is None:
        raise CantingError(
            "Kaggle requires credentials. Set KAGGLE_API_TOKEN, or both KAGGLE_USERNAME and "
            "KAGGLE_KEY, or keep the token of your Kaggle settings page in "
            "~/.kaggle/access_token or ~/.kaggle/kaggle.json. Received: none of them. "
            "Nothing was downloaded."
        )
    return credentials
