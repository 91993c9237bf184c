"""Request log: one line of JSON on standard output, without pictures' names and queries."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from time import perf_counter

LOGGER = logging.getLogger("canting.service")

TIMINGS: ContextVar[dict[str, float] | None] = ContextVar("timings", default=None)
"""Milliseconds of the parts of this request, by name."""


class JsonLines(logging.Formatter):
    """Formats a record, and what `extra={"of": {...}}` says of it, as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {
            "time": time,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "of", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure() -> None:
    """Write the lines of this service, and those of BentoML and uvicorn, as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    for name in ("canting.service", "bentoml", "uvicorn", "circus"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").disabled = True


def timed(name: str, seconds: float) -> None:
    """Add to a part of the present request."""
    timings = TIMINGS.get()
    if timings is not None:
        timings[name] = round(timings.get(name, 0.0) + seconds * 1000, 1)


def request_line(
    request_id: str, method: str, path: str, status: int, started: float, **others: object
) -> None:
    """Write the line of a request that began at `started`, by `perf_counter`."""
    of = {
        "request_id": request_id,
        "method": method,
        "path": path,
        "status": status,
        "ms": round((perf_counter() - started) * 1000, 1),
        **(TIMINGS.get() or {}),
        **others,
    }
    LOGGER.info("request", extra={"of": of})
