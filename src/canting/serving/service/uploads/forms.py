"""Parse forms and uploads, with limits on bytes, parts and time; nothing is written to disk."""

from typing import NamedTuple
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from canting.serving.service.errors import Refusal
from canting.serving.service.settings import Settings
from canting.serving.service.uploads.multipart import (
    MAX_FIELD_BYTES,
    MAX_FIELDS,
    Parts,
    Upload,
    chunks,
)

__all__ = ["Form", "Upload", "form"]


class Form(NamedTuple):
    """The files of the field `files` and the other fields of a form."""

    files: list[Upload]
    fields: dict[str, str]

    def pictures(self) -> list[Upload]:
        """Return the files; raise `Refusal` 400 `missing_file` where there are none."""
        if not self.files:
            message = "Send pictures as multipart/form-data, each in a field `files`."
            raise Refusal(400, "missing_file", message)
        return self.files


async def form(request: Request, settings: Settings) -> Form:
    """Return the form of a request; raise `Refusal` at the first byte over a limit."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"multipart/form-data":
        return await _multipart(request, settings, options.get(b"boundary", b""))
    if kind == b"application/x-www-form-urlencoded":
        return Form([], await _urlencoded(request, settings))
    if kind in (b"", b"application/json"):
        return Form([], {})
    message = "Send the form as multipart/form-data."
    raise Refusal(415, "unsupported_media_type", message)


async def _multipart(request: Request, settings: Settings, boundary: bytes) -> Form:
    parts = Parts(boundary, settings.max_upload_bytes, settings.max_files)
    async for chunk in chunks(request, settings, settings.max_request_bytes):
        parts.write(chunk)
    parts.close()
    return Form(parts.files, parts.fields)


async def _urlencoded(request: Request, settings: Settings) -> dict[str, str]:
    content = b"".join([chunk async for chunk in chunks(request, settings, MAX_FIELD_BYTES)])
    try:
        pairs = parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Refusal(400, "bad_form", "The form is damaged.") from None
    return dict(pairs)
