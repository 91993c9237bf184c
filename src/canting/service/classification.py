"""One picture from its bytes to an answer in the history."""

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from canting.bundle.answer import Answer, ModelOutputError
from canting.bundle.classifier import Classifier
from canting.core.errors import CantingError
from canting.service import metrics, pictures
from canting.service.errors import Refusal
from canting.service.logs import LOGGER, timed
from canting.service.state import State
from canting.service.uploads import Upload

if TYPE_CHECKING:
    from canting.service.history import Entry, NewEntry


class Seen(NamedTuple):
    """An upright picture, its answer, and the seconds that decoding and answering took."""

    image: Image.Image
    answer: Answer
    decode: float
    inference: float


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
    try:
        return await _classified(state, upload, overlay, source)
    except Refusal as refusal:
        metrics.REFUSED_PICTURES.labels(refusal.code).inc()
        raise


async def _classified(state: State, upload: Upload, overlay: bool, source: str) -> Classified:
    classifier = ready(state)
    async with state.gate.place():
        loop = asyncio.get_running_loop()
        seen = await loop.run_in_executor(
            state.workers, _answer, state, classifier, upload.content, overlay
        )
        _count(seen)
        entry = await _kept(state, classifier, upload.name, seen, source)
    return Classified(upload.name, seen.answer, seen.image, entry, entry is not None)


def ready(state: State) -> Classifier:
    """Return the classifier; raise `Refusal` 503 with the reason where there is none."""
    if state.model.classifier is None:
        raise Refusal(503, state.model.code, "No model can answer now: see /readyz.")
    return state.model.classifier


def _count(seen: Seen) -> None:
    metrics.DECODE.observe(seen.decode)
    metrics.INFERENCE.observe(seen.inference)
    timed("decode_ms", seen.decode)
    timed("inference_ms", seen.inference)
    metrics.PREDICTIONS.labels(seen.answer.label).inc()
    if seen.answer.abstained:
        metrics.ABSTENTIONS.labels(seen.answer.reason).inc()


def _answer(state: State, classifier: Classifier, content: bytes, overlay: bool) -> Seen:
    started = perf_counter()
    picture = pictures.opened(content, state.settings)
    decoded = perf_counter()
    try:
        answer = classifier.answer(picture.image, overlay=overlay)
    except ModelOutputError:
        metrics.MODEL_FAILURES.inc()
        raise Refusal(500, "model_output_invalid", "The model's answer is no number.") from None
    return Seen(
        picture.image,
        answer._replace(warnings=(*picture.warnings, *answer.warnings)),
        decoded - started,
        perf_counter() - decoded,
    )


async def _kept(
    state: State, classifier: Classifier, name: str, seen: Seen, source: str
) -> "Entry | None":
    """Return the entry of the answer; None where none is kept, or none can be."""
    history = await state.opened_history()
    problem = state.history_problem
    if history is not None:
        new, loop = _new_entry(classifier, name, seen, source), asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(state.writers, history.add, new, seen.image)
        except CantingError as error:
            problem = str(error)
    if problem:
        _not_kept(state, problem)
    return None


def _not_kept(state: State, problem: str) -> None:
    metrics.HISTORY_FAILURES.inc()
    LOGGER.error("history: %s", problem)
    if state.settings.history_required:
        message = "The answer cannot be kept now."
        raise Refusal(503, "history_unavailable", message, {"Retry-After": "10"})


def _new_entry(classifier: Classifier, name: str, seen: Seen, source: str) -> "NewEntry":
    from canting.service.history import NewEntry

    answer, image = seen.answer, seen.image
    return NewEntry(
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
