"""An answer, prepared for a page."""

import base64
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import Request

from canting.bundle.answer import Answer
from canting.serving.service.classification import Classified, heat_map
from canting.serving.service.errors import Refusal
from canting.serving.service.guard import proxies, visitors
from canting.serving.service.pages.language import with_query
from canting.serving.service.state import ServiceState

if TYPE_CHECKING:
    from canting.serving.service.history import Entry


class Shown(NamedTuple):
    """One answer; `picture` and `overlay` are addresses, empty where there is none.

    `kept` is "saved", "not_saved", "off" or "sample".
    """

    name: str
    label: str
    probability: float
    probabilities: tuple[tuple[str, float], ...]
    abstained: bool
    warnings: tuple[str, ...]
    picture: str
    overlay: str
    kept: str
    model: str
    entry: "Entry | None" = None


class Failed(NamedTuple):
    """A picture that was refused."""

    name: str
    refusal: Refusal


def fresh(state: ServiceState, classified: Classified) -> Shown:
    """Return a new answer, its picture and heat map inside the page."""
    entry = classified.entry
    kept = "saved" if classified.history_saved else "not_saved"
    is_off = state.settings.history == "off"
    picture = classified.picture
    shown = unkept(classified.name, classified.answer, picture.kept, picture.size)
    digest = state.model.classifier.digest if state.model.classifier else ""
    return shown._replace(kept="off" if is_off else kept, entry=entry, model=digest)


def unkept(name: str, answer: Answer, picture: bytes, size: tuple[int, int]) -> Shown:
    """Return an answer that has no entry, about a JPEG of a picture of (width, height)."""
    layer = "" if answer.activation is None else heat_map(answer.activation, size)
    return Shown(
        name=name,
        label=answer.label,
        probability=answer.probability,
        probabilities=likeliest_first(answer.probabilities),
        abstained=answer.abstained,
        warnings=answer.warnings,
        picture=inside(picture),
        overlay=layer,
        kept="sample",
        model="",
    )


def kept(entry: "Entry", request: Request) -> Shown:
    """Return the answer of an entry; the heat map is that of the model that answered, or none.

    Who sees it by a link sees its pictures by the same link.
    """
    classifier = request.app.state.canting.model.classifier
    path = _path(request, entry)
    key = request.query_params.get(visitors.KEY, "")
    is_same = classifier is not None and classifier.digest == entry.model
    return Shown(
        name=entry.name,
        label=entry.label,
        probability=entry.probability,
        probabilities=likeliest_first(entry.probabilities),
        abstained=entry.abstained,
        warnings=(),
        picture=with_query(f"{path}/picture", {"key": key}) if entry.has_picture else "",
        overlay=with_query(f"{path}/overlay", {"key": key})
        if entry.has_picture and is_same
        else "",
        kept="saved",
        model=entry.model,
        entry=entry,
    )


def entry_link(request: Request, entry: "Entry") -> str:
    """Return the address of an entry on this site, with the key by which others see it too."""
    return with_query(_path(request, entry), {visitors.KEY: visitors.key(request, entry.id)})


def _path(request: Request, entry: "Entry") -> str:
    return f"{proxies.root_of(request.scope)}/history/{entry.id}"


def likeliest_first(probabilities: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """Return labels and probabilities, equal ones in the order of the card."""
    return tuple(sorted(probabilities.items(), key=lambda pair: -pair[1]))


def inside(content: bytes) -> str:
    """Return a JPEG as a data URI."""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
