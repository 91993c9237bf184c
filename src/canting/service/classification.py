"""One picture from its bytes to an answer in the history."""

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from canting.classifier.answer import Answer, ModelOutputError
from canting.classifier.classifier import Classifier
from canting.core.errors import CantingError
from canting.service import metrics, pictures
from canting.service.errors import Refusal
from canting.service.intake import Upload
from canting.service.state import State

if TYPE_CHECKING:
    from canting.service.history import Entry


class Classified(NamedTuple):
    """An answer, the upright picture that it is about, and where it is kept."""

    name: str
    answer: Answer
    image: Image.Image
    entry: "Entry | None"
    history_saved: bool


async def classify(state: State, upload: Upload, *, overlay: bool, source: str) -> Classified:
    """Answer one picture and keep the answer; raise `Refusal`.

    `source` is "page" or "api".
    """
    classifier = ready(state)
    async with state.gate.place():
        loop = asyncio.get_running_loop()
        image, answer = await loop.run_in_executor(
            state.workers, _answer, state, classifier, upload.content, overlay
        )
        entry = await _kept(state, classifier, upload.name, image, answer, source)
    metrics.PREDICTIONS.labels(answer.label).inc()
    if answer.abstained:
        metrics.ABSTENTIONS.labels(answer.reason).inc()
    return Classified(upload.name, answer, image, entry, entry is not None)


def ready(state: State) -> Classifier:
    """Return the classifier; raise `Refusal` 503 with the reason where there is none."""
    if state.model.classifier is None:
        raise Refusal(503, state.model.code, "No model can answer now: see /readyz.")
    return state.model.classifier


def _answer(
    state: State, classifier: Classifier, content: bytes, overlay: bool
) -> tuple[Image.Image, Answer]:
    started = perf_counter()
    picture = pictures.opened(content, state.settings)
    decoded = perf_counter()
    try:
        answer = classifier.answer(picture.image, overlay=overlay)
    except ModelOutputError:
        metrics.MODEL_FAILURES.inc()
        raise Refusal(500, "model_output_invalid", "The model's answer is no number.") from None
    metrics.DECODE.observe(decoded - started)
    metrics.INFERENCE.observe(perf_counter() - decoded)
    return picture.image, answer._replace(warnings=(*picture.warnings, *answer.warnings))


async def _kept(
    state: State, classifier: Classifier, name: str, image: Image.Image, answer: Answer, source: str
) -> "Entry | None":
    history = await state.opened_history()
    if history is None:
        return _not_kept(state) if state.history_problem else None
    from canting.service.history import NewEntry

    new = NewEntry(
        name=name,
        label=answer.label,
        probability=answer.probability,
        probabilities=answer.probabilities,
        abstained=answer.abstained,
        reason=answer.reason,
        distance=answer.distance,
        model=classifier.digest,
        width=image.width,
        height=image.height,
        source=source,
    )
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(state.writers, history.add, new, image)
    except CantingError:
        return _not_kept(state)


def _not_kept(state: State) -> None:
    metrics.HISTORY_FAILURES.inc()
    if state.settings.history_required:
        raise Refusal(
            503, "history_unavailable", "The answer cannot be kept now.", {"Retry-After": "10"}
        )
