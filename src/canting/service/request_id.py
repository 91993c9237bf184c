"""The id of a request, from its sender where it is well formed."""

import re
import uuid

from starlette.datastructures import Headers
from starlette.types import Scope

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def of(scope: Scope) -> str:
    """Return the id that the sender gave, or a new one."""
    given = Headers(scope=scope).get(HEADER, "")
    return given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
