"""Why bytes are no picture."""

from typing import Literal

from canting.core.errors import CantingError

Code = Literal[
    "empty_file",
    "unsupported_format",
    "corrupt_image",
    "too_many_pixels",
    "too_small",
    "extreme_aspect",
]

MAX_PIXELS = 100_000_000
"""Largest width × height that is decoded, read from the header before any memory is taken."""


class PictureError(CantingError):
    """Bytes that are no picture; `code` says in which way."""

    def __init__(self, code: Code, message: str) -> None:
        """Keep the code for programs beside the message for people."""
        super().__init__(message)
        self.code = code


def too_many_pixels(received: str) -> PictureError:
    """Return the error for a picture that is too large."""
    return PictureError(
        "too_many_pixels", f"expected at most {MAX_PIXELS:,} pixels, received {received}"
    )


def check_pixels(width: int, height: int) -> None:
    """Raise `PictureError` for a picture that is too large."""
    if width * height > MAX_PIXELS:
        raise too_many_pixels(f"{width} × {height}")


def corrupt(problem: object) -> PictureError:
    """Return the error for a picture that cannot be decoded."""
    message = f"expected a whole picture, received a damaged or truncated one ({problem})"
    return PictureError("corrupt_image", message)
