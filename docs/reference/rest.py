"""The page of the REST interface, from its OpenAPI document."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from docs.reference.table import code, table

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


def page(document: Json) -> str:
    """Return every operation and every body as Markdown."""
    operations = [
        _operation(path, method, item[method], item.get("parameters", []))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    bodies = [_body(name, schema) for name, schema in _schemas(document).items()]
    return "\n\n".join([*operations, "## Bodies", *bodies])


def _schemas(document: Json) -> Json:
    found: Json = document["components"]["schemas"]
    return found


def _operation(path: str, method: str, operation: Json, shared: list[Json]) -> str:
    parts = [f"## {method.upper()} {path}", _sentence(operation)]
    parameters = [*shared, *operation.get("parameters", [])]
    if parameters:
        rows = [_parameter(one) for one in parameters]
        parts.append(table(("parameter", "in", "may be", "meaning"), rows))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"Takes {code(kind)}: {_fields(content['schema'])}.")
    answers = [_answer(status, one) for status, one in operation["responses"].items()]
    return "\n\n".join([*parts, table(("status", "body"), answers)])


def _sentence(operation: Json) -> str:
    told = operation.get("description") or operation.get("summary", "")
    return told if told.endswith(".") else f"{told}."


def _parameter(one: Json) -> tuple[str, str, str, str]:
    need = "" if one.get("required") else "optional"
    meaning = one.get("description", one["schema"].get("description", ""))
    said = "; ".join(filter(None, (meaning, need)))
    return code(one["name"]), one["in"], kind(one["schema"]), said


def _fields(schema: Json) -> str:
    if "properties" not in schema:
        return kind(schema)
    fields = schema["properties"].items()
    return ", ".join(f"{code(name)}, {kind(field)}" for name, field in fields)


def _answer(status: str, response: Json) -> tuple[str, str]:
    phrase = HTTPStatus(int(status)).phrase if status.isdigit() else ""
    bodies = [kind(content["schema"]) for content in response.get("content", {}).values()]
    return f"{status} {phrase}".strip(), ", ".join(bodies) or "none"


def _body(name: str, schema: Json) -> str:
    rows = [
        (code(field), kind(told), told.get("description", ""))
        for field, told in schema.get("properties", {}).items()
    ]
    start = f"### {name}\n\n{schema.get('description', '')}"
    return "\n\n".join(filter(None, (start.strip(), table(("field", "is", "meaning"), rows))))


def kind(schema: Json) -> str:
    """Return what a value may be, in words."""
    return " or ".join(dict.fromkeys(_kinds(schema)))


def _kinds(schema: Json) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        yield f"[{name}](#{name.lower()})"
    elif "anyOf" in schema:
        for part in schema["anyOf"]:
            yield from _kinds(part)
    elif "enum" in schema:
        yield f"one of {', '.join(code(str(value)) for value in schema['enum'])}"
    elif "const" in schema:
        yield code(str(schema["const"]))
    elif "items" in schema:
        yield f"list of {kind(schema['items'])}"
    else:
        yield _simple(schema)


def _simple(schema: Json) -> str:
    special = {"date-time": "time", "binary": "file", "uri": "address"}
    known = {"null": "null", "integer": "whole number", "string": "text", "array": "list"}
    name = str(schema.get("type", "anything"))
    return special.get(schema.get("format", ""), known.get(name, name))
