"""The loaded model of the service, or the reason why there is none."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from canting.bundle import signature
from canting.bundle.classifier import Classifier
from canting.bundle.errors import BundleError
from canting.core.errors import CantingError
from canting.serving.service import metrics
from canting.serving.service.decoding.decoders import Decoders
from canting.serving.service.guard.gate import Budget, Gate
from canting.serving.service.guard.rates import Rates
from canting.serving.service.logs import LOGGER
from canting.serving.service.outage import Outage
from canting.serving.service.settings import Settings


class ServedModel(NamedTuple):
    """A classifier, or a code and a reason."""

    classifier: Classifier | None
    code: str = ""
    problem: str = ""


def load_model(folder: Path, signer: str | None = None) -> ServedModel:
    """Load the bundle; a bad one, or one that a signer did not sign, is a reason, no exception."""
    try:
        if signer:
            signature.check(folder, signer)
        return ServedModel(Classifier.load(folder))
    except BundleError as error:
        return ServedModel(None, error.code, str(error))


if TYPE_CHECKING:
    from canting.serving.service.history import History

RETRY_SECONDS = 10.0
"""Between two attempts to open a history that could not be opened."""

READERS = 4
"""Threads that are left for reading the history while every answer waits to be written."""


class ServiceState:
    """The parts of a running service; handlers find it as `request.app.state.canting`."""

    def __init__(self, settings: Settings, model: ServedModel, history: "History | None") -> None:
        """Take what was loaded."""
        self.settings = settings
        self.model = model
        self.history = history
        self.history_problem = ""
        self.outage = Outage()
        self.metrics = metrics
        self.gate = Gate(settings.concurrency, settings.queue)
        self.decoders = Decoders(settings)
        self.budget = Budget(settings.max_waiting_bytes)
        self.rates = Rates(settings.client_rate)
        self._secret = secrets.token_bytes(32)
        self.workers = ThreadPoolExecutor(settings.concurrency, "classify")
        self.writers = ThreadPoolExecutor(settings.concurrency + READERS, "history")
        self._opening = asyncio.Lock()
        self._tried = monotonic()

    @property
    def secret(self) -> bytes:
        """What signs cookies, forms and links: the setting, else that of the history's database."""
        if self.settings.secret:
            return self.settings.secret.get_secret_value().encode()
        return self.history.secret.encode() if self.history else self._secret

    def close(self) -> None:
        """End the decoders and the threads, and close the history; requests have been answered."""
        self.decoders.close()
        self.workers.shutdown(cancel_futures=True)
        self.writers.shutdown()
        if self.history is not None:
            self.history.close()

    async def opened_history(self) -> "History | None":
        """Return the history, opening it again now and then where it could not be."""
        due = self.history_problem and monotonic() - self._tried > RETRY_SECONDS
        if self.history is None and due and not self._opening.locked():
            async with self._opening:
                self._tried = monotonic()
                await asyncio.get_running_loop().run_in_executor(self.writers, self.open_history)
        return self.history

    def open_history(self) -> None:
        """Open the history; where it cannot be, keep the reason."""
        self._tried = monotonic()
        try:
            self.history = _history(self.settings)
            self.history_problem = ""
        except CantingError as error:
            self.history_problem = str(error)
            metrics.HISTORY_FAILURES.inc()
            LOGGER.error("history: %s", error)


def open_state(settings: Settings) -> ServiceState:
    """Load the model and open the history; what fails leaves its reason."""
    state = ServiceState(settings, load_model(settings.bundle, settings.signature), None)
    if state.model.problem:
        LOGGER.error("model: %s", state.model.problem)
    metrics.tell_model(None if state.model.problem else settings.bundle / "card.json")
    state.open_history()
    return state


def _history(settings: Settings) -> "History | None":
    if settings.history == "off":
        return None
    from canting.serving.service.history import open_history

    return open_history(
        settings.history_url,
        settings.pictures_url if settings.keep_pictures else None,
        days=settings.history_days,
        max_bytes=settings.history_max_bytes,
    )
