"""REST for programs."""

from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from canting.serving.service.classification import Classified, admitted, classify, heat_map, ready
from canting.serving.service.errors import Refusal
from canting.serving.service.rest import api_history, openapi, schemas
from canting.serving.service.rest.api_history import as_json
from canting.serving.service.state import ServiceState
from canting.serving.service.uploads.forms import form
from canting.serving.service.uploads.multipart import Upload

FLAGS = {"": False, "false": False, "0": False, "true": True, "1": True}


def routes() -> list[BaseRoute]:
    """Return what is below `/api`."""
    return [
        Route("/api/classify", _classify, methods=["POST"]),
        Route("/api/model", _model, methods=["GET"]),
        Route("/api/openapi.json", _openapi, methods=["GET"]),
        *api_history.routes(),
    ]


async def _classify(request: Request) -> Response:
    state: ServiceState = request.app.state.canting
    overlay = _flag(request, "overlay")
    classifier = ready(state)
    uploads = (await form(request, state.settings)).pictures()
    asked = _Asked(overlay, len(uploads), admitted(request, len(uploads)))
    results = [await _result(state, upload, asked) for upload in uploads]
    body = schemas.Classification(
        request_id=request.state.request_id,
        model=schemas.Model(digest=classifier.digest, version=classifier.version),
        results=results,
    )
    return as_json(body)


class _Asked(NamedTuple):
    overlay: bool
    pictures: int
    owner: str


async def _result(state: ServiceState, upload: Upload, asked: _Asked) -> schemas.Result:
    try:
        said = await classify(state, upload, overlay=asked.overlay, source="api", owner=asked.owner)
        return _said(said)
    except Refusal as refusal:
        if asked.pictures == 1:
            raise
        fault = schemas.Fault(code=refusal.code, message=refusal.message)
        return schemas.Result(name=upload.name, error=fault)


def _said(said: Classified) -> schemas.Result:
    answer, size = said.answer, said.picture.size
    return schemas.Result(
        name=said.name,
        label=answer.label,
        probability=answer.probability,
        probabilities=answer.probabilities,
        abstained=answer.abstained,
        reason=answer.reason or None,
        distance=answer.distance,
        warnings=list(answer.warnings),
        overlay=None if answer.activation is None else heat_map(answer.activation, size),
        history_id=said.entry.id if said.entry else None,
        history_saved=said.history_saved,
    )


async def _model(request: Request) -> Response:
    classifier = ready(request.app.state.canting)
    card = classifier.card
    body = schemas.About(
        digest=classifier.digest,
        version=classifier.version,
        labels=list(classifier.labels),
        image_size=list(card.image_size),
        figures=card.figures.model_dump() if card.figures else None,
        abstention=card.abstention.model_dump() if card.abstention else None,
        learned_from=card.learned_from.model_dump() if card.learned_from else None,
    )
    return as_json(body)


async def _openapi(request: Request) -> Response:
    state: ServiceState = request.app.state.canting
    labels = state.model.classifier.labels if state.model.classifier else ()
    return JSONResponse(openapi.document(labels, state.settings.max_files))


def _flag(request: Request, name: str) -> bool:
    given: Any = request.query_params.get(name, "").lower()
    if given not in FLAGS:
        message = f"`{name}`: expected true or false."
        raise Refusal(400, "bad_parameter", message)
    return FLAGS[given]
