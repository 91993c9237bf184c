"""Licences of the ImageNet weights and of the pictures."""

from canting.config.catalog import Licence, backbone_of, is_own
from canting.core.frames import row_of
from canting.data import origin
from canting.documents.run import Run

OWN = "Apache-2.0"
"""Licence of this project, of the pictures that it paints too."""


def is_embedded(run: Run) -> bool:
    """Return whether the pictures are those that this project paints."""
    return origin.is_embedded(run.digest)


def of_pictures(run: Run) -> str | None:
    """Return the licence of the pictures; none where it is not stated."""
    return run.params.cards.data_licence or (OWN if is_embedded(run) else None)


def of_weights(run: Run) -> list[Licence]:
    """Return the licences of the chosen backbones' weights, each once.

    That of a network of one's own is unknown unless the parameters state it.
    """
    found = dict.fromkeys(_of_network(run, name) for name in backbones(run))
    return [licence for licence in found if licence is not None]


def _of_network(run: Run, name: str) -> Licence | None:
    if is_own(name):
        stated = run.params.cards.weights_licence or "unknown"
        return Licence(stated, f"the author of {name}", "")
    return backbone_of(name).licence


def is_of_imagenet(run: Run) -> bool:
    """Return whether some of the weights were trained on ImageNet."""
    return any(backbone_of(name).licence is not None for name in backbones(run))


def backbones(run: Run) -> list[str]:
    """Return the backbone of the chosen scenario, or of each member of the ensemble."""
    return [str(row_of(run.trained, name)["backbone"]) for name in run.members]


def metadata(name: str | None, parts: str, link: str) -> dict[str, str]:
    """Return the licence as the head of a card states it.

    Where it is none that everybody knows, `parts` names what it is made of, and `link` tells more.
    """
    if name and name.lower() in IDENTIFIERS:
        return {"license": name.lower()}
    return {"license": "other", "license_name": parts, "license_link": link}


IDENTIFIERS = ("apache-2.0", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "mit")
"""Common ones of https://huggingface.co/docs/hub/repositories-licenses."""
