"""Multipart forms: the parser, and an uploaded file."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from time import monotonic
from typing import Any, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from canting.serving.service.errors import Refusal
from canting.serving.service.settings import Settings


class Upload(NamedTuple):
    """A file: its name, made harmless and only ever shown, and its bytes."""

    name: str
    content: bytes


def upload(given: str, content: bytes) -> Upload:
    """Return a file under the name that the history would keep."""
    from canting.serving.service.history import texts

    return Upload(texts.name(given), content)


async def chunks(request: Request, settings: Settings, limit: int) -> AsyncIterator[bytes]:
    """Yield the body; raise `Refusal` before reading where `Content-Length` is over the limit.

    What is read is taken from the budget of the service until the request has ended.
    """
    if int(request.headers.get("content-length", "0")) > limit:
        raise too_large(limit)
    received, deadline, more = 0, monotonic() + settings.upload_timeout, True
    while more:
        message = await _received(request, min(settings.idle_timeout, deadline - monotonic()))
        chunk = message.get("body", b"")
        received += len(chunk)
        if received > limit:
            raise too_large(limit)
        _hold(request, len(chunk))
        yield chunk
        more = message.get("more_body", False)


def too_large(limit: int) -> Refusal:
    """Return the refusal of what has more bytes than the limit."""
    size = f"{limit / 2**20:.3g} MiB" if limit >= 2**20 else f"{limit:,} bytes"
    return Refusal(413, "too_large", f"At most {size} can be sent.")


async def _received(request: Request, patience: float) -> Message:
    try:
        message = await asyncio.wait_for(request.receive(), max(patience, 0))
    except TimeoutError:
        headers = {"Connection": "close"}
        raise Refusal(408, "upload_timeout", "The upload took too long.", headers) from None
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message


def _hold(request: Request, count: int) -> None:
    request.app.state.canting.budget.take(count)
    request.state.held += count


MAX_FIELDS = 50
MAX_FIELD_BYTES = 64 * 1024
"""Limits of what is no file."""

FILES = "files"
"""The field whose files are read; those of other fields are passed over."""


class Parts:
    """A parser that is fed with the body; its `files` and `fields` grow."""

    def __init__(self, boundary: bytes, max_file: int, max_files: int) -> None:
        """Begin a form; raise `Refusal` for an invalid boundary."""
        self.files: list[Upload] = []
        self.fields: dict[str, str] = {}
        self._limits = (max_file, max_files)
        self._count = 0
        self._ended = False
        self._begin()
        if not boundary:
            raise _damaged()
        parser = partial(MultipartParser, max_header_size=MAX_FIELD_BYTES)
        self._parser = _guarded(parser, boundary, self._callbacks())

    def write(self, chunk: bytes) -> None:
        """Take the next bytes; raise `Refusal` where the form is damaged or over a limit."""
        _guarded(self._parser.write, chunk)

    def close(self) -> None:
        """End the form; raise `Refusal` where it is cut off."""
        _guarded(self._parser.finalize)
        if not self._ended:
            raise _damaged()

    def _callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._named,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._end_form,
        }

    def _begin(self) -> None:
        self._headers: dict[bytes, bytes] = {}
        self._header = self._value = b""
        self._name = ""
        self._file: str | None = None
        self._content = bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _named(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode(errors="replace")
        if b"filename" in options:
            self._file = options[b"filename"].decode(errors="replace")
        elif self._headers.get(b"content-type", b"").startswith(b"image/"):
            self._file = ""
        self._count += 1
        if self._count > self._limits[1] + MAX_FIELDS:
            raise Refusal(413, "too_many_files", "The form has too many parts.")

    def _data(self, data: bytes, start: int, end: int) -> None:
        limit = MAX_FIELD_BYTES if self._file is None else self._limits[0]
        if len(self._content) + end - start > limit:
            raise too_large(limit)
        if self._file is None or self._name == FILES:
            self._content += data[start:end]

    def _end(self) -> None:
        if self._file is None:
            self.fields[self._name] = self._content.decode(errors="replace")
        elif self._name == FILES and (self._file or self._content):
            self._add(upload(self._file, bytes(self._content)))
        self._content = bytearray()

    def _add(self, file: Upload) -> None:
        if len(self.files) == self._limits[1]:
            message = f"At most {self._limits[1]} pictures can be sent at once."
            raise Refusal(413, "too_many_files", message)
        self.files.append(file)

    def _end_form(self) -> None:
        self._ended = True


def _guarded(call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except FormParserError:
        raise _damaged() from None


def _damaged() -> Refusal:
    return Refusal(400, "bad_form", "The form is damaged or cut off.")
