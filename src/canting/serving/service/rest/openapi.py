"""The OpenAPI document, made of the bodies that the API validates and sends."""

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from canting.config import formats
from canting.serving.service.rest import schemas

VERSION = "1.0"
"""Of the API."""

ENTRY = "^[0-9a-f]{32}$"
LARGEST_PAGE, LAST_PAGE = 100, 10_000_000
LONGEST_SEARCH = 100
"""Characters of a part of a file name that is searched for."""

TEMPLATE = "#/components/schemas/{model}"
BODIES = (
    schemas.Error,
    schemas.Classification,
    schemas.About,
    schemas.Kept,
    schemas.KeptPage,
    schemas.Correction,
)

Json = dict[str, Any]


@cache
def document(labels: tuple[str, ...] = (), most_files: int = 20) -> Json:
    """Return the document, OpenAPI 3.1; `labels` are those of the model that answers."""
    modes = [(body, "serialization") for body in BODIES]
    _, schema = models_json_schema(modes, ref_template=TEMPLATE)  # type: ignore[arg-type]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "canting",
            "version": VERSION,
            "description": "Classifies pictures, and abstains from those it does not know.",
        },
        "security": [{}, {"token": []}],
        "paths": _paths(most_files),
        "components": {
            "schemas": _with_labels(schema["$defs"], labels),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _with_labels(schemas: Json, labels: tuple[str, ...]) -> Json:
    if labels:
        schemas["Correction"]["properties"]["label"]["enum"] = [*labels, None]
    return schemas


def _paths(most_files: int) -> Json:
    entry = _parameter("id", "path", {"type": "string", "pattern": ENTRY}, required=True)
    return {
        "/api/classify": {"post": _classify(most_files)},
        "/api/model": {
            "get": _operation("The model that answers", schemas.About, (400, 401, 503)),
        },
        "/api/history": {
            "get": _operation("Past answers, latest first", schemas.KeptPage, (400, 401, 404, 503))
            | {"parameters": _filters()},
        },
        "/api/history/{id}": {
            "parameters": [entry],
            "get": _operation("A past answer", schemas.Kept, (400, 401, 404, 503)),
            "delete": _operation(
                "Delete a past answer and its picture", None, (400, 401, 403, 404, 503)
            ),
        },
        "/api/history/{id}/correction": {
            "parameters": [entry],
            "post": _operation(
                "Set the correct label", schemas.Kept, (400, 401, 403, 404, 413, 415, 422, 503)
            )
            | {"requestBody": _json_body(schemas.Correction)},
        },
    }


def _classify(most_files: int) -> Json:
    errors = (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)
    overlay = _parameter("overlay", "query", {"type": "boolean", "default": False})
    files = {
        "type": "object",
        "required": ["files"],
        "properties": {
            "files": {
                "type": "array",
                "minItems": 1,
                "maxItems": most_files,
                "items": {"type": "string", "format": "binary"},
                "description": f"Pictures as {formats.offered()}.",
            }
        },
    }
    kinds = {"files": {"contentType": ", ".join(formats.types())}}
    body = {"schema": files, "encoding": kinds}
    return _operation("Classify pictures", schemas.Classification, errors) | {
        "description": "One picture that cannot be answered is an error. Of several, each has its "
        "own answer or its own `error`; too many bytes or files refuse the request as a whole.",
        "parameters": [overlay],
        "requestBody": {"required": True, "content": {"multipart/form-data": body}},
    }


def _filters() -> list[Json]:
    time = {"type": "string", "format": "date-time"}
    part = {
        "type": "string",
        "maxLength": LONGEST_SEARCH,
        "description": "A part of the file name, in any case.",
    }
    return [
        _parameter("label", "query", {"type": "string", "maxLength": 200}),
        _parameter("since", "query", time),
        _parameter("until", "query", time),
        _parameter("abstained", "query", {"type": "boolean"}),
        _parameter("name", "query", part),
        _parameter(
            "page", "query", {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}
        ),
        _parameter("size", "query", {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}),
    ]


def _operation(summary: str, body: type[schemas.Body] | None, errors: tuple[int, ...]) -> Json:
    done = {"200": _response("Done", body)} if body else {"204": {"description": "Done"}}
    refused = {str(status): _response("Refused", schemas.Error) for status in errors}
    return {"summary": summary, "responses": done | refused}


def _response(description: str, body: type[schemas.Body]) -> Json:
    return {"description": description, "content": {"application/json": {"schema": _ref(body)}}}


def _json_body(body: type[schemas.Body]) -> Json:
    return {"required": True, "content": {"application/json": {"schema": _ref(body)}}}


def _ref(body: type[schemas.Body]) -> Json:
    return {"$ref": TEMPLATE.format(model=body.__name__)}


def _parameter(name: str, place: str, schema: Json, *, required: bool = False) -> Json:
    return {"name": name, "in": place, "required": required, "schema": schema}
