"""What card and `abstention.json` say of the pictures that are refused, as types."""

from typing import NotRequired, TypedDict


class EnergyRecord(TypedDict):
    """Energies of the logits at a distance of 0, the median, and of 1, the threshold."""

    middle: float
    threshold: float


class AbstentionRecord(TypedDict):
    """How pictures unlike the training pictures are refused, as the card says it.

    `collections` are those that were left out one by one to fix it; without them, folds were.
    """

    method: str
    threshold: float
    wanted: float
    false_refusal: float
    pictures: int
    refused: NotRequired[dict[str, float]]
    energy: NotRequired[EnergyRecord]
    collections: NotRequired[list[str]]


class AbstentionOutcome(TypedDict):
    """How the pictures in folds fare; with the above, `results/select_best/abstention.json`."""

    false_refusal_by_class: dict[str, float]
    false_refusal_by_collection: NotRequired[dict[str, float]]
    accuracy: float
    accuracy_of_answered: float | None
