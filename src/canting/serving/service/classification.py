"""Heat maps as images inside responses."""

import asyncio
import base64
import io
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from starlette.requests import Request

from canting.bundle.activation import overlay
from canting.bundle.answer import Answer, ModelOutputError, notes
from canting.bundle.classifier import Classifier
from canting.serving.service import metrics
from canting.serving.service.decoding.decoders import Decoded
from canting.serving.service.errors import Refusal
from canting.serving.service.guard import proxies, visitors
from canting.serving.service.keeping import keep
from canting.serving.service.logs import timed
from canting.serving.service.state import ServiceState
from canting.serving.service.uploads.multipart import Upload

LONGEST = 512
"""Pixels of the longer side of a heat map: it is smooth, and drawn larger by who shows it."""


def heat_map(activation: npt.NDArray[np.float32], size: tuple[int, int]) -> str:
    """Return the heat map for a picture of `size` (width, height), a PNG as a data URI."""
    scale = min(1.0, LONGEST / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    content = io.BytesIO()
    overlay(activation, (width, height)).save(content, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


if TYPE_CHECKING:
    from canting.serving.service.history import Entry, NewEntry


class Seen(NamedTuple):
    """A picture, its answer, and the seconds that decoding and answering took."""

    picture: Decoded
    answer: Answer
    decode: float
    inference: float


class Classified(NamedTuple):
    """An answer, the picture that it is about, and where it is kept."""

    name: str
    answer: Answer
    picture: Decoded
    entry: "Entry | None"

    @property
    def history_saved(self) -> bool:
        """Whether the answer is kept."""
        return self.entry is not None


def admitted(request: Request, count: int) -> str:
    """Return who will own the answers to some pictures; raise `Refusal` 429 for too many."""
    state: ServiceState = request.app.state.canting
    state.rates.take(proxies.client_of(request.scope), count)
    return "" if state.settings.history == "off" else visitors.owner(request)


async def classify(
    state: ServiceState, upload: Upload, *, overlay: bool, source: str, owner: str
) -> Classified:
    """Answer one picture and keep the answer; raise `Refusal`.

    `source` is "page" or "api".
    """
    try:
        seen = await _seen(state, upload, overlay=overlay)
        new = _new_entry(ready(state), upload.name, seen, source, owner)
        entry = await keep(state, new, seen.picture.kept)
    except Refusal as refusal:
        metrics.REFUSED_PICTURES.labels(refusal.code).inc()
        raise
    return Classified(upload.name, seen.answer, seen.picture, entry)


async def _seen(state: ServiceState, upload: Upload, *, overlay: bool) -> Seen:
    classifier = ready(state)
    async with state.gate.place():
        loop = asyncio.get_running_loop()
        seen = await loop.run_in_executor(
            state.workers, _answer, state, classifier, upload.content, overlay
        )
    _count(seen)
    return seen


def ready(state: ServiceState) -> Classifier:
    """Return the classifier; raise `Refusal` 503 with the reason where there is none."""
    if state.model.classifier is None:
        raise Refusal(503, state.model.code, "No model is ready: see /readyz.")
    return state.model.classifier


def _count(seen: Seen) -> None:
    metrics.DECODE.observe(seen.decode)
    metrics.INFERENCE.observe(seen.inference)
    timed("decode_ms", seen.decode)
    timed("inference_ms", seen.inference)
    metrics.PREDICTIONS.labels(seen.answer.label).inc()
    if seen.answer.abstained:
        metrics.ABSTENTIONS.labels(seen.answer.reason).inc()


def _answer(state: ServiceState, classifier: Classifier, content: bytes, overlay: bool) -> Seen:
    started = perf_counter()
    picture = state.decoders.decode(content, classifier.card.image_size)
    decoded = perf_counter()
    try:
        answer = classifier.answer(picture.pixels, overlay=overlay)
    except ModelOutputError:
        metrics.MODEL_FAILURES.inc()
        raise Refusal(500, "model_output_invalid", "The model's answer is not finite.") from None
    warnings = notes(picture.size, classifier.card.image_size, animated=picture.animated)
    return Seen(
        picture,
        answer._replace(warnings=(*warnings, *picture.warnings)),
        decoded - started,
        perf_counter() - decoded,
    )


def _new_entry(
    classifier: Classifier, name: str, seen: Seen, source: str, owner: str
) -> "NewEntry":
    from canting.serving.service.history import NewEntry

    answer, (width, height) = seen.answer, seen.picture.size
    return NewEntry(
        name=name,
        label=answer.label,
        probability=answer.probability,
        probabilities=answer.probabilities,
        abstained=answer.abstained,
        reason=answer.reason,
        distance=answer.distance,
        model=classifier.digest,
        width=width,
        height=height,
        source=source,
        owner=owner,
    )
