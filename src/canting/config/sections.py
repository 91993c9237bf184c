"""The sections of `params.yaml`, one for each stage that has settings."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from canting.config.catalog import CORRUPTIONS
from canting.config.fetch import Collections
from canting.config.metrics import choices, column
from canting.config.section import Count, Listed, Luma, ParamsSection, Pixels, Share, Words, known
from canting.core.device import Asked, Device, Precision, choose


def _not_all(names: tuple[str, ...]) -> tuple[str, ...]:
    if set(names) >= set(CORRUPTIONS):
        raise ValueError(f"at least one kind left of {', '.join(CORRUPTIONS)}")
    return names


class Validate(ParamsSection):
    """What the pictures have to be."""

    labels: Listed[str] | None
    min_pictures: Count
    min_groups: Count
    min_side: Pixels
    max_side: Pixels
    modes: Listed[str]
    min_brightness: Luma
    max_brightness: Luma
    min_contrast: Luma
    min_sharpness: Annotated[float, Field(ge=0)]
    max_imbalance: Annotated[float, Field(ge=1)]
    max_duplicates: Share
    max_conflicts: Share
    on_bad: Literal["stop", "quarantine"]


class Preprocess(ParamsSection):
    """How the pictures are divided."""

    split: Literal["folds", "source", "collections"] = "folds"
    hold_out: Annotated[float, Field(ge=0, le=0.5)]

    @property
    def blocks(self) -> str:
        """What is left out in turn, and what means of scores are over, in words."""
        return "collections" if self.split == "collections" else "folds"


class Compute(ParamsSection):
    """What Keras computes on."""

    device: Asked = "auto"
    precision: Precision = "float32"

    def chosen(self) -> Device:
        """Return the device of this machine; raise `CantingError` where it has none such."""
        return choose(self.device, self.precision)


class Features(ParamsSection):
    """What is taken from a trunk, and how the augmented views are drawn."""

    levels: Count
    views: Annotated[int, Field(ge=0)]
    test_views: Literal[1, 2, 4]
    test_crops: Listed[Annotated[float, Field(ge=0.05, lt=1)]] = ()
    horizontal_flip: bool
    vertical_flip: bool
    rotation: Annotated[float, Field(ge=0, le=180)]
    shear: Share
    zoom: Annotated[float, Field(ge=0, lt=1)]
    shift: Share
    crop: Annotated[float, Field(gt=0, le=1)]
    perspective: Annotated[float, Field(ge=0, lt=0.5)]
    grey: Share
    invert: Share
    tint: Share
    brightness: Share
    contrast: Share
    blur: Annotated[float, Field(ge=0, le=0.1)]
    jpeg: Annotated[int, Field(ge=1, le=100)]


class Train(ParamsSection):
    """How the tail is trained."""

    hidden: Count | None
    balance: Literal["none", "class_weights", "oversampling"]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    mixup: Annotated[float, Field(ge=0, le=10)]
    schedule: Literal["constant", "cosine"]
    weight_average: Annotated[float, Field(gt=0, lt=1)] | None
    weight_decay: Annotated[float, Field(ge=0)] | None
    augmentation: Share
    early_stopping: Count | None
    batch_norm: Literal["inference", "training"] = "inference"
    stochastic_depth: Annotated[float, Field(ge=0, lt=1)] | None = None
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    warm_up: Annotated[float, Field(ge=0)] = 0.0
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    standardise: bool = False
    l2: Annotated[float, Field(ge=0)] = 0.0


class Evaluate(ParamsSection):
    """What is shown of the errors, and which other collections the models are asked about."""

    other: Collections | None = None

    misclassified: Annotated[int, Field(ge=0, le=500)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    calibration_bins: Annotated[int, Field(ge=2, le=1000)]


class SelectBest(ParamsSection):
    """How the winner is chosen."""

    metric: Annotated[str, known(choices())]
    alpha: Annotated[float, Field(gt=0, lt=1)]
    ensemble: Annotated[int, Field(ge=1, le=3)] = 1

    @property
    def column(self) -> str:
        """The metric that decides, as tables name it."""
        return column(self.metric)


class Abstain(ParamsSection):
    """When the model says that it does not know."""

    false_refusal: Annotated[float, Field(gt=0, le=0.5)] | None


class Corruptions(ParamsSection):
    """Which changed pictures the winner is measured on."""

    pictures: Annotated[int, Field(ge=0)]
    leave_out: Annotated[Listed[Annotated[str, known(CORRUPTIONS)]], AfterValidator(_not_all)]


class Review(ParamsSection):
    """How many doubtful labels are listed and shown."""

    pictures: Annotated[int, Field(ge=0, le=1000)]


class Cards(ParamsSection):
    """What the cards say that no stage can measure."""

    intended_use: Words | None
    data_origin: Words | None
    data_licence: Words | None
    weights_licence: Words | None = None
    contact: Words | None


class Report(ParamsSection):
    """What the report says of itself."""

    title: Words


class Track(ParamsSection):
    """Where runs are kept track of, and how long that may take."""

    enabled: bool
    experiment: Annotated[str, Field(pattern=r"^[\w. -]{1,100}$")]
    seconds: Annotated[float, Field(gt=0)]
