"""The sections of `params.yaml`, one for each stage that has settings."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from canting.config.catalog import CORRUPTIONS
from canting.config.exports import EXPORT_FORMATS, FLOAT32, PREFERRED
from canting.config.fetch import Collections
from canting.config.metrics import choices, column
from canting.config.section import Count, Listed, Luma, ParamsSection, Pixels, Share, Words, known
from canting.core.cluster.engine import Cluster
from canting.core.cluster.storage import Storage
from canting.core.device import Asked, Device, Precision, choose
from canting.core.errors import CantingError


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


EXPECTED = {
    "address": "the head of a Ray cluster, as `10.0.0.1:6379`",
    "storage": "a folder or an address that every node sees, as `/shared/canting` or `s3://bucket/x`",
}


def _host_and_port(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not host or set("/@") & set(host) or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(EXPECTED["address"])
    return address


def _without_credentials(address: str) -> str:
    _, _, rest = address.partition("://")
    if "@" in rest or "?" in rest:
        raise CantingError(
            "`compute.storage`: expected an address without credentials. Received: one with `@` or "
            "`?`. Set them in the environment of every machine (`AWS_ACCESS_KEY_ID` and others); "
            "this address is written to logs and results."
        )
    return address


class Compute(ParamsSection):
    """What computes: this machine's processor or GPUs, or the nodes of a Ray cluster.

    What is kept in `storage` is not computed again, on a cluster or here.
    """

    device: Asked = "auto"
    precision: Precision = "float32"
    engine: Literal["local", "ray"] = "local"
    address: Annotated[str, AfterValidator(_host_and_port)] | None = None
    storage: Annotated[str, AfterValidator(_without_credentials)] | None = None

    def chosen(self) -> Device:
        """Return the device of this machine; raise `CantingError` where it has none such."""
        return choose("cpu" if self.engine == "ray" else self.device, self.precision)

    def cluster(self) -> Cluster | None:
        """Return the cluster that work goes to; raise `CantingError` where a key of it is missing.

        None, where this machine does it.
        """
        if self.engine == "local":
            return None
        for key, given in (("address", self.address), ("storage", self.storage)):
            if given is None:
                raise CantingError(
                    f"`compute.{key}`: expected {EXPECTED[key]}, as `compute.engine` is ray. "
                    "Received: nothing. Set it, or take `compute.engine: local`."
                )
        if self.device == "gpu":
            raise CantingError(
                "`compute.device`: expected auto or cpu, as `compute.engine: ray` computes on "
                "processors. Received: gpu. Take auto, or `compute.engine: local`."
            )
        return Cluster(str(self.address), Storage(str(self.storage)))

    def kept(self) -> Storage | None:
        """Return where results are kept that other machines share."""
        return Storage(self.storage) if self.storage else None


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


class Export(ParamsSection):
    """Which formats the winner is exported to, and which of them the bundle holds."""

    formats: Listed[Annotated[str, known(EXPORT_FORMATS)]] = ()
    choose: Annotated[str, known(("float32", PREFERRED))] = "float32"
    calibration: Count = 100

    @model_validator(mode="after")
    def _can_choose(self) -> Self:
        smaller = [name for name, one in EXPORT_FORMATS.items() if one.served and name != FLOAT32]
        if self.choose == PREFERRED and not set(smaller) & set(self.formats):
            raise ValueError(f"`formats` with {' or '.join(smaller)}, to choose the smallest of")
        return self


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
