"""Asking: a form, and the answers to its pictures."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from canting.service import csrf
from canting.service.classification import classify
from canting.service.errors import Refusal
from canting.service.intake import Upload, form
from canting.service.pages import shown
from canting.service.pages.rendering import is_part, page
from canting.service.state import State


async def ask(request: Request) -> Response:
    """Show the form."""
    state: State = request.app.state.canting
    return page(request, "ask.html", classifier=state.model.classifier)


async def answer(request: Request) -> Response:
    """Answer the pictures of a form, each by itself; one that is refused stops no other."""
    state: State = request.app.state.canting
    content = await form(request, state.settings)
    csrf.check(request, content.fields)
    results = [await _one(state, upload) for upload in content.pictures()]
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


async def _one(state: State, upload: Upload) -> shown.Shown | shown.Failed:
    try:
        classified = await classify(state, upload, overlay=True, source="page")
    except Refusal as refusal:
        return shown.Failed(upload.name, refusal)
    return await run_in_threadpool(shown.fresh, state, classified)
