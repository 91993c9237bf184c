"""The landing page and the page about the model."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from canting.serving.service.pages import classify, entry, history, language, texts
from canting.serving.service.pages.rendering import page
from canting.serving.service.pages.static import static
from canting.serving.service.state import ServiceState


async def landing(request: Request) -> Response:
    """Show what this is, the form, samples, and the classes."""
    state: ServiceState = request.app.state.canting
    classifier = state.model.classifier
    kind = texts.kind(classifier.labels) if classifier else texts.GENERAL
    return page(request, "landing.html", classifier=classifier, kind=kind)


async def about(request: Request) -> Response:
    """Show the figures of the card in words; without a model, why there is none."""
    state: ServiceState = request.app.state.canting
    classifier = state.model.classifier
    kind = texts.kind(classifier.labels) if classifier else texts.GENERAL
    return page(request, "about.html", classifier=classifier, kind=kind, problem=state.model.code)


def routes() -> list[BaseRoute]:
    """Return the pages."""
    one = "/history/{id:str}"
    return [
        Route("/", landing),
        Route("/about", about),
        Route("/classify", classify.ask, methods=["GET"]),
        Route("/classify", classify.answer, methods=["POST"]),
        Route("/samples/{number:number}", classify.sample),
        Route("/samples/{number:number}/picture", classify.sample_picture),
        Route("/history", history.history),
        Route("/history.csv", history.export),
        Route("/operator", history.operator),
        Route(one, entry.entry),
        Route(f"{one}/delete", entry.confirm, methods=["GET"]),
        Route(f"{one}/delete", entry.delete, methods=["POST"]),
        Route(f"{one}/correct", entry.correct, methods=["POST"]),
        Route(f"{one}/picture", entry.picture),
        Route(f"{one}/thumbnail", entry.thumbnail),
        Route(f"{one}/overlay", entry.heat_map),
        Route("/language", language.switch),
        Route("/static/{name:str}", static),
    ]
