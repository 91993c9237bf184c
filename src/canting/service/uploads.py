"""A file of a form."""

from typing import NamedTuple


class Upload(NamedTuple):
    """A file: its name, made harmless and only ever shown, and its bytes."""

    name: str
    content: bytes


def upload(given: str, content: bytes) -> Upload:
    """Return a file under the name that the history would keep."""
    from canting.service.history import words

    return Upload(words.name(given), content)
