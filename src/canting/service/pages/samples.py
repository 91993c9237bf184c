"""Sample pictures of the bundle, answered without being kept."""

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from canting.bundle import Classifier
from canting.imaging import pictures
from canting.service.classification import ready
from canting.service.errors import Refusal
from canting.service.pages import shown
from canting.service.pages.rendering import page
from canting.service.state import State


async def sample(request: Request) -> Response:
    """Answer a sample picture."""
    state: State = request.app.state.canting
    classifier, path = ready(state), _path(request)
    async with state.gate.place():
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(state.workers, _answered, classifier, path)
    number = request.path_params["number"]
    return page(request, "answers.html", results=[result], classifier=classifier, sample=number)


async def sample_picture(request: Request) -> Response:
    """Send a sample picture."""
    headers = {"Cache-Control": "public, max-age=300"}
    return FileResponse(_path(request), media_type="image/jpeg", headers=headers)


def _answered(classifier: Classifier, path: Path) -> shown.Shown:
    image = pictures.upright(pictures.decode(path))
    result = shown.unkept("", classifier.answer(image, overlay=True), image)
    return result._replace(model=classifier.digest)


def _path(request: Request) -> Path:
    """Return the picture with the number of the address, counted from 1."""
    samples = ready(request.app.state.canting).samples
    number: int = request.path_params["number"]
    if not 1 <= number <= len(samples):
        raise Refusal(404, "not_found", "There is no such sample.")
    return samples[number - 1]
