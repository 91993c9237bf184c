"""The parts of a multipart form, kept in memory within limits."""

from collections.abc import Callable
from functools import partial
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from canting.service.body import too_large
from canting.service.errors import Refusal
from canting.service.uploads import Upload, upload

MAX_FIELDS = 50
MAX_FIELD_BYTES = 64 * 1024
"""Limits of what is no file."""

FILES = "files"
"""The field whose files are read; those of other fields are passed over."""


class Parts:
    """A parser that is fed with the body; its `files` and `fields` grow."""

    def __init__(self, boundary: bytes, max_file: int, max_files: int) -> None:
        """Begin a form; raise `Refusal` for a boundary that is none."""
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
