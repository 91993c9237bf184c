"""The pictures of the history."""

import asyncio
import io

from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from canting.bundle import Classifier, overlay
from canting.bundle.activation import activation
from canting.imaging import pictures
from canting.service.api_history import opened, run
from canting.service.classification import ready
from canting.service.errors import Refusal
from canting.service.images import LONGEST
from canting.service.state import State

PRIVATE = {"Cache-Control": "private, max-age=300"}
"""A deleted picture is forgotten by the browser that has seen it after five minutes."""


async def picture(request: Request) -> Response:
    """Send the kept picture of an entry."""
    history = await opened(request)
    content = await run(request, history.picture, request.path_params["id"])
    return Response(content, media_type="image/jpeg", headers=PRIVATE)


async def thumbnail(request: Request) -> Response:
    """Send the kept picture of an entry, small."""
    history = await opened(request)
    content = await run(request, history.thumbnail, request.path_params["id"])
    return Response(content, media_type="image/jpeg", headers=PRIVATE)


async def heat_map(request: Request) -> Response:
    """Send what the model saw in the kept picture of an entry that it has answered itself."""
    state: State = request.app.state.canting
    history, classifier = await opened(request), ready(state)
    entry = await run(request, history.get, request.path_params["id"])
    if entry.model != classifier.digest:
        raise Refusal(404, "other_model", "Another model has answered this entry.")
    content = await run(request, history.picture, entry.id)
    async with state.gate.place():
        loop = asyncio.get_running_loop()
        drawn = await loop.run_in_executor(state.workers, _drawn, classifier, content, entry.label)
    return Response(drawn, media_type="image/png", headers=PRIVATE)


def _drawn(classifier: Classifier, content: bytes, label: str) -> bytes:
    """Return what speaks for the label that was answered, whatever the smaller picture gets."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        upright = image.convert("RGB")
    seen = classifier.engine.answer(pictures.resize(upright, classifier.card.image_size))["map"]
    speaks = activation(seen, classifier.arrays.kernel, classifier.labels.index(label))
    scale = min(1.0, LONGEST / max(upright.size))
    width, height = (max(1, round(side * scale)) for side in upright.size)
    drawn = io.BytesIO()
    overlay(speaks, (width, height)).save(drawn, "PNG", compress_level=1)
    return drawn.getvalue()
