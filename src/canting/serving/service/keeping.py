"""Keep answers in the history; where that fails, a picture is answered all the same."""

import asyncio
from typing import TYPE_CHECKING

from canting.core.errors import CantingError
from canting.serving.service import metrics
from canting.serving.service.errors import Refusal
from canting.serving.service.logs import LOGGER
from canting.serving.service.state import ServiceState

if TYPE_CHECKING:
    from canting.serving.service.history import Entry, History, NewEntry


async def keep(state: ServiceState, new: "NewEntry", picture: bytes) -> "Entry | None":
    """Return the entry of an answer; `None` where none is kept, or none can be."""
    history = await state.opened_history()
    problem = state.history_problem or state.outage.problem
    if history is not None and not problem:
        try:
            return await _added(state, history, new, picture)
        except CantingError as error:
            problem = str(error)
    if problem:
        _not_kept(state, problem)
    return None


async def _added(
    state: ServiceState, history: "History", new: "NewEntry", picture: bytes
) -> "Entry":
    from canting.serving.service.history import HistoryError

    loop = asyncio.get_running_loop()
    try:
        entry = await loop.run_in_executor(state.writers, _add, state, history, new, picture)
    except HistoryError as error:
        state.outage.begin(str(error), is_away=error.code == "unreachable")
        raise
    if state.outage.is_sweep_due():
        loop.run_in_executor(state.writers, _swept, history)
    return entry


def _add(state: ServiceState, history: "History", new: "NewEntry", picture: bytes) -> "Entry":
    """Add an entry, unless the history has failed while this one waited for a thread."""
    if problem := state.outage.problem:
        raise CantingError(problem)
    return history.add(new, picture)


def _swept(history: "History") -> None:
    """Remove the pictures of answers of which the visitors were told that they are not kept."""
    try:
        removed = history.sweep()
    except CantingError as error:
        LOGGER.error("history: %s", error)
        return
    LOGGER.info("history: %d pictures without an entry were removed", removed)


def _not_kept(state: ServiceState, problem: str) -> None:
    metrics.HISTORY_FAILURES.inc()
    LOGGER.error("history: %s", problem)
    if state.settings.history_required:
        message = "The answer could not be saved."
        raise Refusal(503, "history_unavailable", message, {"Retry-After": "10"})
