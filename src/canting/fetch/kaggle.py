"""A data set of Kaggle as its archive; the only module that knows Kaggle's client.

The client's own unpacking and cache are not used: it trusts the archive, and takes an unpacked
half for whole. What it downloads is kept under `.canting/kaggle`, one archive a version.
"""

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
from canting.fetch.archive import BrokenArchiveError
from canting.fetch.impatient import Impatient
from canting.fetch.kaggle_errors import judged
from canting.fetch.patience import PassingError, Patience, patiently

HANDLE = re.compile(r"kaggle:([\w-]+)/([\w-]+)(?:/versions/([1-9][0-9]*))?", re.ASCII)


@contextmanager
def downloaded(source: str, cache: Path, patience: Patience) -> Iterator[Path]:
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


def _download(handle: DatasetHandle, source: str, cache: Path, patience: Patience) -> Path:
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


def _ask(attempt: Callable[[], Any], source: str, patience: Patience) -> Any:
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
def _client(patience: Patience) -> Iterator[Any]:
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
            client.http_client()._session.mount(scheme, Impatient(patience.silence))
        yield client


def _credentials() -> Any:
    try:
        credentials = kagglehub.config.get_kaggle_credentials()
    except (ValueError, OSError) as error:
        raise CantingError(
            f"Kaggle's credentials cannot be read: {error}. Mend the file."
        ) from None
    if credentials is None:
        raise CantingError(
            "Kaggle asks who you are. Set KAGGLE_API_TOKEN, or both KAGGLE_USERNAME and "
            "KAGGLE_KEY, or keep the token of your Kaggle settings page in "
            "~/.kaggle/access_token or ~/.kaggle/kaggle.json. Received: none of them. "
            "Nothing was downloaded."
        )
    return credentials
