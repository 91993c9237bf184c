"""What a command needs beyond the small installation, said where it is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from canting.core.errors import CantingError


@contextmanager
def naming(extra: str) -> Iterator[None]:
    """Raise `CantingError` that names an extra where a package of it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "canting"):
            raise
        raise CantingError(
            f"expected the packages of the extra `{extra}`. Received: an installation without "
            f"`{package}`. Install them: pip install 'canting[{extra}]'"
        ) from None
