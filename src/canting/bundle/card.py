"""The card of a bundle: what the bundle says of itself."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from canting.bundle.errors import BundleError

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=1, le=10_000)]


class Part(BaseModel):
    """A frozen part of the card; fields of later versions are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class ClassFigures(Part):
    """What was measured of one class, out of fold; `support` is its number of pictures."""

    label: str
    precision: Share
    recall: Share
    f1: Share
    support: Annotated[int, Field(ge=0)]


class Figures(Part):
    """What was measured out of fold: pooled, and as means over the folds with intervals."""

    accuracy: Share
    accuracy_mean: Share | None = None
    accuracy_mean_low: Share | None = None
    accuracy_mean_high: Share | None = None
    macro_precision: Share
    macro_recall: Share
    macro_f1: Share
    macro_f1_mean: Share | None = None
    macro_f1_mean_low: Share | None = None
    macro_f1_mean_high: Share | None = None
    confidence: Share | None = None
    calibration_error: Share | None = None
    pictures: int | None = None
    classes: tuple[ClassFigures, ...] = ()


class EnergyScale(Part):
    """The energies of the logits at a distance of 0, the median, and of 1, the threshold."""

    middle: float
    threshold: float

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if not self.threshold > self.middle:
            raise ValueError("a threshold above the median")
        return self


class Abstention(Part):
    """How pictures unlike the training data are refused.

    `threshold` is the score of a distance of 1; `false_refusal` is the share of out-of-fold
    pictures that it refuses, `refused` the share of each made kind of no picture. `energy` is there
    where weak logits are refused too; the larger of both distances counts. `collections` are those
    that were left out one by one to fix this; none: it was fixed on folds.
    """

    method: str
    threshold: Annotated[float, Field(gt=0)]
    false_refusal: Share
    wanted: Share
    pictures: Annotated[int, Field(ge=1)]
    refused: dict[str, Share] = {}
    energy: EnergyScale | None = None
    collections: tuple[str, ...] = ()


class LearnedFrom(Part):
    """The pictures that the model learned from: where they are from, and how many.

    `painted`: by this project's own program, so that they say nothing about photographs. `unknown`
    further ones were of no class, so that such pictures are refused.
    """

    source: str
    pictures: Annotated[int, Field(ge=1)]
    painted: bool = False
    unknown: Annotated[int, Field(ge=0)] = 0


class Exported(Part):
    """A format but float32, and what was measured of it out of fold.

    `agreement` is the share of labels that float32 gives too.
    """

    format: Literal["litert-fp16", "litert-int8"]
    macro_f1: Share
    agreement: Share
    largest_change: Share
    ece: Share
    refused: Share


class EnsembleMember(Part):
    """A network of an ensemble, and how many channels of feature and map are its own."""

    scenario: dict[str, JsonValue] = {}
    channels: Annotated[int, Field(ge=1)]


class Card(Part):
    """Names, sizes, temperature, figures and digests of a bundle.

    Logits divided by `temperature` give calibrated probabilities. `abstention` is absent where it
    is switched off, `learned_from` in older bundles, `members` where there is one network alone; of
    an ensemble `scenario` only names the backbones. `exported` is there where the model computes
    with other numbers than float32, in which `out_of_fold` was measured.
    """

    labels: Annotated[tuple[str, ...], Field(min_length=2)]
    image_size: tuple[Side, Side]
    temperature: Annotated[float, Field(gt=0)]
    model_sha256: Digest
    arrays_sha256: Digest
    exported: Exported | None = None
    abstention: Abstention | None = None
    out_of_fold: Figures | None = None
    hold_out: dict[str, float] | None = None
    learned_from: LearnedFrom | None = None
    scenario: dict[str, JsonValue] = {}
    members: tuple[EnsembleMember, ...] = ()
    reason: str = ""
    manifest_sha256: str = ""
    git_revision: str | None = None

    @field_validator("labels")
    @classmethod
    def _are_different(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) < len(labels):
            raise ValueError("labels that are all different")
        return labels

    @property
    def figures(self) -> Figures | None:
        """What was measured out of fold."""
        return self.out_of_fold

    @property
    def digest(self) -> str:
        """SHA-256 of the model."""
        return self.model_sha256


def read(path: Path) -> Card:
    """Read a card; raise `BundleError` where it is absent or invalid."""
    try:
        return Card.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise BundleError("card_absent", f"There is no card `{path}`.") from None
    except (ValidationError, OSError) as error:
        problem = f"`{path}` is not a valid card. {_first(error)}"
        raise BundleError("card_invalid", problem) from None


def _first(error: ValidationError | OSError) -> str:
    if isinstance(error, OSError):
        return f"Received: {error.strerror}."
    fault = error.errors(include_url=False)[0]
    place = ".".join(map(str, fault["loc"])) or "the whole file"
    return f"`{place}`: {fault['msg']}. Received: {str(fault['input'])[:60]!r}."
