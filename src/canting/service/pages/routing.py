"""Which address shows which page."""

from starlette.routing import BaseRoute, Route

from canting.service.pages import asking, browsing, entries, landing, language, samples, views
from canting.service.pages.static import static


def routes() -> list[BaseRoute]:
    """Return the pages."""
    one = "/history/{id:str}"
    return [
        Route("/", landing.landing),
        Route("/about", landing.about),
        Route("/classify", asking.ask, methods=["GET"]),
        Route("/classify", asking.answer, methods=["POST"]),
        Route("/samples/{number:int}", samples.sample),
        Route("/samples/{number:int}/picture", samples.sample_picture),
        Route("/history", browsing.history),
        Route("/history.csv", browsing.export),
        Route(one, entries.entry),
        Route(f"{one}/delete", entries.confirm, methods=["GET"]),
        Route(f"{one}/delete", entries.delete, methods=["POST"]),
        Route(f"{one}/correct", entries.correct, methods=["POST"]),
        Route(f"{one}/picture", views.picture),
        Route(f"{one}/thumbnail", views.thumbnail),
        Route(f"{one}/overlay", views.heat_map),
        Route("/language", language.switch),
        Route("/static/{name:str}", static),
    ]
