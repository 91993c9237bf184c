"""The page of one history entry: show, correct, delete."""

import asyncio
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from PIL import Image
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from canting.bundle.activation import activation, overlay
from canting.bundle.classifier import Classifier
from canting.imaging import pictures
from canting.serving.service.classification import LONGEST, ready
from canting.serving.service.errors import Refusal
from canting.serving.service.guard import visitors
from canting.serving.service.guard.proxies import root_of
from canting.serving.service.pages import shown
from canting.serving.service.pages.caching import not_modified, tagged
from canting.serving.service.pages.rendering import is_part, page, state_of
from canting.serving.service.rest.api_history import opened, run
from canting.serving.service.state import ServiceState
from canting.serving.service.uploads.forms import form

if TYPE_CHECKING:
    from canting.serving.service.history import Entry

SAID = ("saved", "undone")
"""What can be said above an entry after something was done."""


async def entry(request: Request) -> Response:
    """Show an entry."""
    found, said = await _get(request, _reads(request)), request.query_params.get("done", "")
    return page(
        request,
        "answers.html",
        results=[shown.kept(found, request)],
        classifier=state_of(request).model.classifier,
        said=said if said in SAID else "",
    )


async def confirm(request: Request) -> Response:
    """Ask whether an entry is to be deleted."""
    return page(request, "delete.html", entry=await _get(request, visitors.writes(request)))


async def delete(request: Request) -> Response:
    """Delete an entry and go back to the list."""
    await _fields(request)
    history = await opened(request)
    await run(request, history.delete, request.path_params["id"], visitors.writes(request))
    return RedirectResponse(f"{root_of(request.scope)}/history?done=deleted", 303)


async def correct(request: Request) -> Response:
    """Keep the label that a person gave, or take it back, and show the entry."""
    label = (await _fields(request)).get("label", "")
    history, classifier = await opened(request), state_of(request).model.classifier
    if label and classifier and label not in classifier.labels:
        raise Refusal(422, "unknown_label", "The model has no such class.")
    name, owner = request.path_params["id"], visitors.writes(request)
    found = await run(request, history.correct, name, label or None, owner)
    done = "saved" if label else "undone"
    if is_part(request):
        return page(request, "corrected.html", entry=found, classifier=classifier, said=done)
    return RedirectResponse(f"{root_of(request.scope)}/history/{found.id}?done={done}", 303)


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form that came from a page of ours."""
    fields = (await form(request, state_of(request).settings)).fields
    visitors.check_csrf(request, fields)
    return fields


async def _get(request: Request, owner: str | None) -> "Entry":
    history = await opened(request)
    return await run(request, history.get, request.path_params["id"], owner)


def _reads(request: Request) -> str | None:
    return visitors.reads(request, request.path_params["id"])


PRIVATE = {"Cache-Control": "private, max-age=300"}
"""A deleted picture is forgotten by the browser that has seen it after five minutes."""


async def picture(request: Request) -> Response:
    """Send the kept picture of an entry."""
    history = await opened(request)
    return await _jpeg(request, history.picture, "picture")


async def thumbnail(request: Request) -> Response:
    """Send the kept picture of an entry, small."""
    history = await opened(request)
    return await _jpeg(request, history.thumbnail, "thumbnail")


async def _jpeg(request: Request, read: Callable[[str], bytes], kind: str) -> Response:
    """Send what is read of an entry, or 304: it never changes, but it can be deleted."""
    entry = await _get(request, _reads(request))
    headers = tagged(PRIVATE, entry.id, kind)
    if known := not_modified(request, headers):
        return known
    content = await run(request, read, entry.id)
    return Response(content, media_type="image/jpeg", headers=headers)


async def heat_map(request: Request) -> Response:
    """Send what the model saw in the kept picture of an entry that it has answered itself."""
    state: ServiceState = request.app.state.canting
    history, classifier = await opened(request), ready(state)
    entry = await _get(request, _reads(request))
    if entry.model != classifier.digest:
        raise Refusal(404, "other_model", "Another model has answered this entry.")
    headers = tagged(PRIVATE, entry.id, classifier.digest)
    if known := not_modified(request, headers):
        return known
    content = await run(request, history.picture, entry.id)
    async with state.gate.place():
        loop = asyncio.get_running_loop()
        drawn = await loop.run_in_executor(state.workers, _drawn, classifier, content, entry.label)
    return Response(drawn, media_type="image/png", headers=headers)


def _drawn(classifier: Classifier, content: bytes, label: str) -> bytes:
    """Return the map for the label that was answered, whatever the smaller picture gets."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        upright = image.convert("RGB")
    seen = classifier.engine.answer(pictures.resize(upright, classifier.card.image_size))["map"]
    speaks = activation(seen, classifier.arrays.kernel, classifier.labels.index(label))
    scale = min(1.0, LONGEST / max(upright.size))
    width, height = (max(1, round(side * scale)) for side in upright.size)
    drawn = io.BytesIO()
    overlay(speaks, (width, height)).save(drawn, "PNG", compress_level=1)
    return drawn.getvalue()
