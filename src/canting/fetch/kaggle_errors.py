"""What an answer of Kaggle that is no data set means."""

import time
from email.utils import parsedate_to_datetime

import requests

from canting.core.errors import CantingError
from canting.fetch.patience import PassingError

PASSING = (408, 429)
"""Client errors, beside all server errors, that are worth another try."""

REFUSALS = {
    401: "Kaggle does not know these credentials. Check KAGGLE_API_TOKEN, or KAGGLE_USERNAME and "
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
        return PassingError(f"Kaggle answered {status}", _wait(response))
    reason = REFUSALS.get(status, "Kaggle refuses it")
    return CantingError(f"`{source}` cannot be downloaded ({status}). {reason}.{_said(error)}")


def _status(response: requests.Response) -> int:
    """Return the status, which Kaggle may put into the body of an answer with status 200."""
    return response.status_code if response.status_code >= 400 else int(response.json()["code"])


def _said(error: requests.HTTPError) -> str:
    words = " ".join(str(error).split())
    return f" Received: {words[:300]}" if words else ""


def _wait(response: requests.Response) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3), a number or a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
