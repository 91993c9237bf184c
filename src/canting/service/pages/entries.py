"""One entry of the history: shown, corrected, deleted."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from canting.service import csrf
from canting.service.api_history import opened, run
from canting.service.errors import Refusal
from canting.service.intake import form
from canting.service.pages import shown
from canting.service.pages.rendering import is_part, page
from canting.service.state import State

if TYPE_CHECKING:
    from canting.service.history import Entry

SAID = ("saved", "undone")
"""What can be said above an entry after something was done."""


async def entry(request: Request) -> Response:
    """Show an entry."""
    found, said = await _get(request), request.query_params.get("done", "")
    return page(
        request,
        "answers.html",
        results=[shown.kept(found, _state(request))],
        classifier=_state(request).model.classifier,
        said=said if said in SAID else "",
    )


async def confirm(request: Request) -> Response:
    """Ask whether an entry is to be deleted."""
    return page(request, "delete.html", entry=await _get(request))


async def delete(request: Request) -> Response:
    """Delete an entry and go back to the list."""
    await _fields(request)
    history = await opened(request)
    await run(request, history.delete, request.path_params["id"])
    return RedirectResponse("/history?done=deleted", 303)


async def correct(request: Request) -> Response:
    """Keep the label that a person gave, or take it back, and show the entry."""
    label = (await _fields(request)).get("label", "")
    history, classifier = await opened(request), _state(request).model.classifier
    if label and classifier and label not in classifier.labels:
        raise Refusal(422, "unknown_label", "The model has no such class.")
    found = await run(request, history.correct, request.path_params["id"], label or None)
    done = "saved" if label else "undone"
    if is_part(request):
        return page(request, "corrected.html", entry=found, classifier=classifier, said=done)
    return RedirectResponse(f"/history/{found.id}?done={done}", 303)


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form that came from a page of ours."""
    fields = (await form(request, _state(request).settings)).fields
    csrf.check(request, fields)
    return fields


async def _get(request: Request) -> "Entry":
    history = await opened(request)
    return await run(request, history.get, request.path_params["id"])


def _state(request: Request) -> State:
    state: State = request.app.state.canting
    return state
