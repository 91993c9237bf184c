"""The page of the service's settings, from the type that reads them."""

import ast
import inspect
import textwrap
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from docs.reference import kinds
from docs.reference.table import code, table


def page(settings: type[BaseModel], prefix: str) -> str:
    """Return a row for each environment variable, as Markdown."""
    told = _told(settings)
    rows = [
        (code(prefix + name.upper()), _default(field), kinds.of_field(field), told.get(name, ""))
        for name, field in settings.model_fields.items()
    ]
    return table(("variable", "without it", "may be", "meaning"), rows)


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "by the machine"
    if isinstance(field.default, bool):
        return code(str(field.default).lower())
    return "none" if field.default is None else code(str(field.default))


def _told(settings: type[BaseModel]) -> dict[str, str]:
    """Return the text that stands under each field in the source."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(settings))).body
    assert isinstance(body, ast.ClassDef)
    pairs = zip(body.body, body.body[1:], strict=False)
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
