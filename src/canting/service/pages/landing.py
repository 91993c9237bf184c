"""The first page, and what is said about the model."""

from starlette.requests import Request
from starlette.responses import Response

from canting.service.pages import classes
from canting.service.pages.rendering import page
from canting.service.state import State


async def landing(request: Request) -> Response:
    """Show what this is, the form, samples, and the classes."""
    state: State = request.app.state.canting
    classifier = state.model.classifier
    kind = classes.kind(classifier.labels) if classifier else classes.GENERAL
    return page(request, "landing.html", classifier=classifier, kind=kind)


async def about(request: Request) -> Response:
    """Show the figures of the card in words; without a model, why there is none."""
    state: State = request.app.state.canting
    classifier = state.model.classifier
    kind = classes.kind(classifier.labels) if classifier else classes.GENERAL
    return page(request, "about.html", classifier=classifier, kind=kind, problem=state.model.code)
