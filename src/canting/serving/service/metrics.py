"""Prometheus metrics of `/metrics`.

BentoML's own counters are switched off: they keep one for every path that anybody asks for.
"""

from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from canting.bundle import reference
from canting.core.errors import CantingError

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""Seconds."""

DECODE = Histogram("canting_decode_seconds", "Decoding of a picture", buckets=BUCKETS)
INFERENCE = Histogram("canting_inference_seconds", "Inference of a picture", buckets=BUCKETS)
PREDICTIONS = Counter("canting_predictions", "Answered pictures", ["label"])
ABSTENTIONS = Counter("canting_abstentions", "Answers without a label", ["reason"])
REFUSALS = Counter("canting_refusals", "Refused requests", ["code"])
REFUSED_PICTURES = Counter("canting_refused_pictures", "Pictures without an answer", ["code"])
HISTORY_FAILURES = Counter("canting_history_failures", "Answers that could not be saved")
MODEL_FAILURES = Counter("canting_model_output_invalid", "Answers of the model that are not finite")
REQUESTS = Histogram(
    "canting_request_seconds", "Requests", ["route", "method", "status"], buckets=BUCKETS
)
READY = Gauge("canting_model_ready", "1 where there is a model, 0 where there is none")
EXPECTED = Gauge("canting_expected_share", "Share of a label in the out-of-fold answers", ["label"])
EXPECTED_ABSTENTIONS = Gauge(
    "canting_expected_abstained_share", "Share of abstentions in the out-of-fold answers"
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def routes() -> list[BaseRoute]:
    """Return `/metrics`."""
    return [Route("/metrics", _metrics, methods=["GET"])]


def tell_model(card: Path | None) -> None:
    """Tell whether there is a model, and what it answered out of fold if its card says so."""
    READY.set(card is not None)
    if card is None:
        return
    try:
        found = reference.read(card)
    except CantingError:
        return
    EXPECTED_ABSTENTIONS.set(found.abstained / found.pictures)
    for label, count in found.classes.items():
        EXPECTED.labels(label).set(count / max(1, found.answered))


def count_request(scope: Any, status: int, seconds: float) -> None:
    """Count a request under its route, of which there are few, not its path."""
    method = scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(_route(scope), method, status).observe(seconds)


def _route(scope: Any) -> str:
    route = scope.get("route")
    return route.path_format if isinstance(route, Route) else "none"


def _metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
