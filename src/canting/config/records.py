"""JSON that one package writes and another reads, each file's content as a type.

Scores are named after `canting.config.metrics`, whose rows may grow, so they are plain mappings.
"""

from typing import Any, NotRequired, TypedDict

from canting.config.exports import ExportedRecord
from canting.config.refusals import AbstentionRecord
from canting.config.tune import Setting

Scores = dict[str, float]
"""Scores by the names of `canting.config.metrics`, and what else is a number beside them."""

EvaluateMetrics = dict[str, float | str]
"""`results/evaluate/metrics.json`: scores of the leader, its name, and counts of scenarios."""


class CollectionRecord(TypedDict):
    """How a source was read, and counts of its pictures and of the links among them.

    `collections` counts the pictures of those that `fetch.collection` tells apart.
    """

    name: str
    source: str
    revision: str | None
    read_as: str
    pictures: int
    labels: dict[str, int]
    collections: dict[str, int]
    splits: dict[str, int]
    sessions: dict[str, int]
    grouped: int
    groups: int
    links: int


class FetchRecord(TypedDict):
    """`build/fetched.json`; `left_out` counts files by the reason."""

    collections: list[CollectionRecord]
    left_out: dict[str, int]
    relabelled: int


class Leakage(TypedDict):
    """`results/preprocess/leakage.json`: counts of pictures and groups."""

    pictures: int
    groups: int
    leaked_by_a_random_split: int
    leaked: int


class Example(TypedDict):
    """A row that does not meet an expectation."""

    name: str
    value: Any


class Observed(TypedDict):
    """What Great Expectations saw: how many rows; of labels, which are too many and too few."""

    rows: NotRequired[int]
    unexpected_percent: NotRequired[float]
    unexpected: NotRequired[list[str]]
    missing: NotRequired[list[str]]


class Expectation(TypedDict):
    """One expectation on the pictures, and its outcome."""

    id: str
    name: str
    table: str
    key: str | None
    expected: str
    success: bool
    observed: Observed
    unexpected: int | None
    examples: list[Example]


class Validation(TypedDict):
    """`results/validate/validation.json`."""

    success: bool
    pictures: int
    quarantined: int
    expectations: list[Expectation]


class FeatureCost(TypedDict):
    """An entry of `build/costs/features.json`: what the features of one trunk took."""

    seconds: float
    computed_views: int
    views: int
    milliseconds: float


class ReviewMetrics(TypedDict):
    """`results/review/metrics.json`: counts of pictures.

    `judged` are those of the folds, whose labels have out-of-fold probabilities; `doubtful` those
    whose label looks wrong, `doubtful_share` their share of all; `confirmed` have a label that a
    person gave or kept, and are not doubted.
    """

    pictures: int
    judged: int
    confirmed: int
    doubtful: int
    doubtful_share: float
    conflicts: int
    outliers: int


class CandidateRow(TypedDict):
    """A scenario among those to choose from."""

    scenario: str
    mean: float
    std: float
    p_value: float
    distinguishable: bool
    near: bool
    parameters: int
    trained_parameters: int
    epochs: int


class EnsembleRecord(TypedDict):
    """What averaging the best scenarios adds; the part `ensemble` of the file below.

    `mean` and `single_mean` are of scores on each fold by members, and by the best scenario alone,
    that were chosen on the other folds; `difference` with its interval is theirs. Costs are those
    of all members, what they share counted once; `trunks` names the network of each that counts.
    `scores`, `calibration`, `classes` and `folds` are the rows of the evaluate stage's tables for
    an ensemble that was taken, `confusion` its matrix: a row a true class, summed over the folds.
    """

    members: list[str]
    taken: bool
    reason: str
    mean: float
    single_mean: float
    difference: float
    low: float
    high: float
    p_value: float
    members_by_fold: list[list[str]]
    parameters: int
    trained_parameters: int
    multiply_adds: int
    model_bytes: int
    trunks: list[str]
    scores: NotRequired[dict[str, Any]]
    calibration: NotRequired[dict[str, Any]]
    classes: NotRequired[list[dict[str, Any]]]
    folds: NotRequired[list[dict[str, Any]]]
    confusion: NotRequired[list[list[int]]]


class Selection(TypedDict):
    """`results/select_best/selection.json`; `hold_out` also counts its `pictures`.

    `ensemble` is there where `select_best.ensemble` allows more than one member; the name of one
    that won is that of its members with ` + ` between them.
    """

    winner: str
    reason: str
    hold_out: Scores | None
    export_difference: float
    candidates: list[CandidateRow]
    ensemble: NotRequired[EnsembleRecord]


class ClassRow(TypedDict):
    """The scores of a class."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class LearnedFromRecord(TypedDict):
    """The pictures that the model learned from, as the card says it; `unknown` are of no class."""

    source: str
    pictures: int
    painted: bool
    unknown: NotRequired[int]


class MemberRecord(TypedDict):
    """A network of an ensemble, and how many channels of feature and map are its own."""

    scenario: dict[str, str | float | None]
    channels: int


class CalibrationRecord(TypedDict):
    """Calibration on collections that were left out one by one, where the temperature is of them.

    Expected calibration error and loss before and after; after, each collection's logits are
    divided by the temperature that fits the others.
    """

    collections: list[str]
    pictures: int
    ece: float
    ece_scaled: float
    loss: float
    loss_scaled: float


class CardRecord(TypedDict):
    """`build/best/card.json`, whole; `exported` is of a format but float32."""

    labels: list[str]
    image_size: list[int]
    input: str
    temperature: float
    scenario: dict[str, str | float | None]
    members: NotRequired[list[MemberRecord]]
    reason: str
    calibration: NotRequired[CalibrationRecord]
    out_of_fold: dict[str, float | list[ClassRow]]
    abstention: AbstentionRecord | None
    hold_out: Scores | None
    params: dict[str, object]
    learned_from: LearnedFromRecord
    manifest_sha256: str
    reference: NotRequired[dict[str, object]]
    model_sha256: NotRequired[str]
    arrays_sha256: NotRequired[str]
    exported: NotRequired[ExportedRecord]
    git_revision: NotRequired[str | None]


class CorruptionMetrics(TypedDict):
    """`results/corruptions/metrics.json`; `kinds` has the accuracy of each kind of change."""

    scenario: str
    pictures: int
    accuracy: float
    corrupted_accuracy: float
    worst: str
    worst_accuracy: float
    kinds: dict[str, float]


class ElsewhereRecord(TypedDict):
    """How the shipped model does on pictures of collections that nothing was trained on.

    `pictures` counts those of its classes, `unknown` those of other labels, which it should refuse;
    scores are there where there are such pictures. The ends are those of the intervals over groups,
    `recalls` are by class, `refused` and `unknown_refused` are shares.
    """

    pictures: int
    unknown: int
    accuracy: NotRequired[float]
    accuracy_low: NotRequired[float]
    accuracy_high: NotRequired[float]
    macro_f1: NotRequired[float]
    macro_f1_low: NotRequired[float]
    macro_f1_high: NotRequired[float]
    refused: NotRequired[float]
    answered_accuracy: NotRequired[float]
    ece: NotRequired[float]
    recalls: NotRequired[dict[str, float]]
    unknown_refused: NotRequired[float]


class ElsewhereMetrics(ElsewhereRecord):
    """`results/select_best/elsewhere.json`: the same of each collection; empty without any."""

    collections: dict[str, ElsewhereRecord]


class RecommendationRecord(TypedDict):
    """`build/tune/recommendation.json`; `setting` has values by keys of `params.yaml`."""

    method: str
    optimizer: str
    reason: str
    same: list[str]
    setting: Setting


def out_of_fold(card: CardRecord) -> Scores:
    """Return the scores of a card on the left-out folds, pooled and as means."""
    return {key: one for key, one in card["out_of_fold"].items() if not isinstance(one, list)}
