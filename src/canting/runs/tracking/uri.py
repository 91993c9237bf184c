"""The tracking URI, and how it is shown without its secrets."""

import os
from pathlib import Path
from urllib.parse import urlsplit

VARIABLE = "MLFLOW_TRACKING_URI"

PATIENT = {
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Seconds and retries of one request, where the environment does not set them otherwise."""

FILES = (
    *("params.yaml", "dvc.lock", "build/best/card.json", "build/costs/train.json"),
    *(f"results/evaluate/{name}.csv" for name in ("folds", "scenarios")),
    "results/select_best/selection.json",
)
"""Files of a run that it is compared and promoted by."""


def uri(root: Path) -> str:
    """Return what the environment names, else a store of its own in the repository."""
    return os.environ.get(VARIABLE, "").strip() or f"sqlite:///{root.resolve() / 'mlflow.db'}"


def shown(address: str) -> str:
    """Return an address for messages: without user, password and query."""
    parts = urlsplit(address)
    if "@" not in parts.netloc and not parts.query:
        return address
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
