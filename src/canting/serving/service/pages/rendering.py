"""Render templates into responses."""

from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from canting.config import formats
from canting.config.languages import LANGUAGES
from canting.serving.service.errors import Refusal
from canting.serving.service.guard import proxies, visitors
from canting.serving.service.pages import language, numbers, texts
from canting.serving.service.pages.language import here, with_query
from canting.serving.service.pages.shown import entry_link
from canting.serving.service.pages.static import address
from canting.serving.service.pages.texts import emphasis, words
from canting.serving.service.state import ServiceState

PART = "X-Canting-Part"
"""Header by which a script asks for the answers alone, without the page around them."""


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **content: Any,
) -> HTMLResponse:
    """Return a filled template in the visitor's language; no cache keeps it."""
    html = environment().get_template(template).render(**_shared(request), **content)
    fixed = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(html, status, {**fixed, **(headers or {})})


def is_part(request: Request) -> bool:
    """Return whether a script asks, which wants the answers alone."""
    return PART in request.headers


def state_of(request: Request) -> ServiceState:
    """Return what all requests share."""
    state: ServiceState = request.app.state.canting
    return state


@cache
def environment() -> Environment:
    """Return the environment of the templates: everything is escaped, unknown names are errors."""
    made = Environment(
        loader=PackageLoader("canting.serving.service"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        lstrip_blocks=True,
    )
    made.globals |= {"with_query": with_query, "languages": LANGUAGES}
    made.globals["accepted"] = formats.accepted
    made.globals["in_hundred"] = numbers.in_hundred
    made.filters["emphasis"] = emphasis
    for said in (numbers.decimal, numbers.percent, numbers.size, numbers.date, numbers.time):
        made.filters[said.__name__] = _in_language(said)
    made.filters |= {"class_name": _in_language(texts.name), "about": _in_language(texts.text)}
    return made


def _shared(request: Request) -> dict[str, Any]:
    code, root = language.chosen(request), proxies.root_of(request.scope)
    writer = visitors.writes(request)
    return {
        "t": words(code),
        "n": words(code).counted,
        "language": code,
        "formats": formats.offered(words(code)("site.or")),
        "path": proxies.path_of(request.scope),
        "root": root,
        "static": lambda name: f"{root}{address(name)}",
        "entry_link": partial(entry_link, request),
        "may_change": lambda entry: writer in (None, entry.owner),
        "here": here(request),
        "csrf": partial(visitors.token, request),
        "settings": state_of(request).settings,
        "operator": visitors.is_operator(request),
        "request_id": getattr(request.state, "request_id", ""),
    }


def _in_language(said: Any) -> Any:
    """Return a filter that passes the language of the page to a function."""

    @pass_context
    def spoken(context: Context, value: Any, *more: Any) -> Any:
        return said(value, context["language"], *more)

    return spoken


def error_page(request: Request, refusal: Refusal) -> Response:
    """Return the page of a refusal; to a script, the words alone."""
    template = "part_error.html" if is_part(request) else "error.html"
    return page(request, template, status=refusal.status, headers=refusal.headers, refusal=refusal)
