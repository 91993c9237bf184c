"""The upload form and its answers."""

import asyncio
from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from canting.bundle.classifier import Classifier
from canting.imaging import pictures
from canting.serving.service.classification import admitted, classify, ready
from canting.serving.service.errors import Refusal
from canting.serving.service.guard import visitors
from canting.serving.service.pages import shown
from canting.serving.service.pages.caching import not_modified, tagged
from canting.serving.service.pages.rendering import is_part, page
from canting.serving.service.state import ServiceState
from canting.serving.service.uploads.forms import Upload, form


async def ask(request: Request) -> Response:
    """Show the form."""
    state: ServiceState = request.app.state.canting
    return page(request, "ask.html", classifier=state.model.classifier)


async def answer(request: Request) -> Response:
    """Answer the pictures of a form, each by itself; one that is refused stops no other."""
    state: ServiceState = request.app.state.canting
    content = await form(request, state.settings)
    visitors.check_csrf(request, content.fields)
    uploads = content.pictures()
    owner = admitted(request, len(uploads))
    results = [await _one(state, upload, owner) for upload in uploads]
    template = "part.html" if is_part(request) else "answers.html"
    refusals = [one.refusal for one in results if isinstance(one, shown.Failed)]
    failed = refusals[0] if len(refusals) == len(results) else None
    return page(
        request,
        template,
        status=failed.status if failed else 200,
        headers=failed.headers if failed else None,
        results=results,
        classifier=state.model.classifier,
    )


async def _one(state: ServiceState, upload: Upload, owner: str) -> shown.Shown | shown.Failed:
    try:
        classified = await classify(state, upload, overlay=True, source="page", owner=owner)
    except Refusal as refusal:
        return shown.Failed(upload.name, refusal)
    return await run_in_threadpool(shown.fresh, state, classified)


async def sample(request: Request) -> Response:
    """Answer a sample picture."""
    state: ServiceState = request.app.state.canting
    classifier, content = ready(state), _sample(request)
    async with state.gate.place():
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(state.workers, _answered, classifier, content)
    number = request.path_params["number"]
    return page(request, "answers.html", results=[result], classifier=classifier, sample=number)


async def sample_picture(request: Request) -> Response:
    """Send a sample picture."""
    content = _sample(request)
    headers = tagged({"Cache-Control": "public, max-age=300"}, sha256(content).hexdigest())
    known = not_modified(request, headers)
    return known or Response(content, media_type="image/jpeg", headers=headers)


def _answered(classifier: Classifier, content: bytes) -> shown.Shown:
    answer = classifier.classify(content, overlay=True)
    result = shown.unkept("", answer, content, pictures.header(content).size)
    return result._replace(model=classifier.digest)


def _sample(request: Request) -> bytes:
    """Return the picture with the number of the address, counted from 1."""
    samples = ready(request.app.state.canting).samples
    number: int = request.path_params["number"]
    if not 1 <= number <= len(samples):
        raise Refusal(404, "not_found", "There is no such sample.")
    return samples[number - 1]
