"""`params.yaml`, parsed once into frozen types that refuse what they do not know."""

from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from canting.core.errors import CantingError
from canting.core.names import BACKBONES, OPTIMIZERS, SHIFTS
from canting.core.params_error import ParamsError
from canting.core.params_tune import Tune
from canting.core.section import Count, Listed, Many, Pixels, Section, Share, Words, known


def _size(value: Any) -> Any:
    if not (isinstance(value, list) and len(value) == 2 and all(map(_is_side, value))):
        raise ValueError("height and width, two whole numbers of at least 32 pixels")
    return tuple(value)


def _is_side(value: Any) -> bool:
    return type(value) is int and 32 <= value <= 10_000


def _kind(value: Any) -> str:
    return "(mapping)" if isinstance(value, dict) else "(list)"


def _not_all(names: tuple[str, ...]) -> tuple[str, ...]:
    if set(names) >= set(SHIFTS):
        raise ValueError(f"at least one kind left of {', '.join(SHIFTS)}")
    return names


class Fetch(Section):
    """Where the pictures come from."""

    source: Words
    classes: dict[str, str] | None
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None


class Validate(Section):
    """What the pictures have to be."""

    labels: Listed[str] | None
    min_pictures: Count
    min_groups: Count
    min_side: Pixels
    max_side: Pixels
    modes: Listed[str]
    max_imbalance: Annotated[float, Field(ge=1)]
    max_duplicates: Share
    max_conflicts: Share
    on_bad: Literal["stop", "quarantine"]


class Preprocess(Section):
    """How the pictures are divided."""

    hold_out: Annotated[float, Field(ge=0, le=0.5)]


class Features(Section):
    """How the augmented views are drawn."""

    views: Annotated[int, Field(ge=0)]
    test_views: Literal[1, 2, 4]
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


class Train(Section):
    """How the tail is trained."""

    balance: Literal["none", "class_weights", "oversampling"]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    mixup: Annotated[float, Field(ge=0, le=10)]
    schedule: Literal["constant", "cosine"]
    weight_average: Annotated[float, Field(gt=0, lt=1)] | None
    weight_decay: Annotated[float, Field(ge=0)] | None
    augmentation: Share
    early_stopping: Count | None


class Evaluate(Section):
    """What is shown of the errors."""

    misclassified: Annotated[int, Field(ge=0, le=500)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    calibration_bins: Annotated[int, Field(ge=2, le=1000)]


class SelectBest(Section):
    """How the winner is chosen."""

    metric: Literal["macro_f1", "accuracy"]
    alpha: Annotated[float, Field(gt=0, lt=1)]


class Abstain(Section):
    """When the model says that it does not know."""

    false_refusal: Annotated[float, Field(gt=0, le=0.5)] | None


class Shift(Section):
    """Which changed pictures the winner is measured on."""

    pictures: Annotated[int, Field(ge=0)]
    leave_out: Annotated[Listed[Annotated[str, known(SHIFTS)]], AfterValidator(_not_all)]


class Cards(Section):
    """What the cards say that no stage can measure."""

    intended_use: Words | None
    data_origin: Words | None
    data_licence: Words | None
    contact: Words | None


class Report(Section):
    """What the report says of itself."""

    title: Words


class Track(Section):
    """Where runs are kept track of, and how long that may take."""

    enabled: bool
    experiment: Annotated[str, Field(pattern=r"^[\w. -]{1,100}$")]
    seconds: Annotated[float, Field(gt=0)]


class Scenario(Section):
    """One combination of the scenario keys."""

    backbone: str
    fine_tune_from: str | None
    optimizer: str
    dropout: float
    learning_rate: float
    batch_size: int
    epochs: int

    @property
    def trunk(self) -> tuple[str, str | None]:
        """The backbone and the layer that its tail starts at."""
        return self.backbone, self.fine_tune_from

    @property
    def name(self) -> str:
        """A name for files and tables that tells it from every other scenario."""
        start = f"@{self.fine_tune_from}" if self.fine_tune_from else ""
        return (
            f"{self.backbone}{start}-{self.optimizer}-dropout{self.dropout:g}"
            f"-lr{self.learning_rate:g}-batch{self.batch_size}-epochs{self.epochs}"
        )


class Params(Section):
    """All of `params.yaml`."""

    backbone: Many[Annotated[str, known(tuple(BACKBONES))]]
    fine_tune_from: Annotated[
        Annotated[dict[str, str | None], Tag("(mapping)")]
        | Annotated[Many[str | None], Tag("(list)")],
        Discriminator(_kind),
    ]
    optimizer: Many[Annotated[str, known(OPTIMIZERS)]]
    dropout: Many[Annotated[float, Field(ge=0, lt=1)]]
    learning_rate: Many[Annotated[float, Field(gt=0)]]
    batch_size: Many[Count]
    epochs: Many[Count]
    folds: Annotated[int, Field(ge=2)]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    image_size: Annotated[tuple[int, int], BeforeValidator(_size)]
    fetch: Fetch
    validate_: Annotated[Validate, Field(alias="validate")]
    preprocess: Preprocess
    features: Features
    train: Train
    tune: Tune
    evaluate: Evaluate
    select_best: SelectBest
    abstain: Abstain
    shift: Shift
    cards: Cards
    report: Report
    track: Track

    def cuts(self, backbone: str) -> tuple[str | None, ...]:
        """Return the layers that the tail of a backbone starts at."""
        cuts = self.fine_tune_from
        return (cuts[backbone],) if isinstance(cuts, dict) else tuple(dict.fromkeys(cuts))

    def trunks(self) -> list[tuple[str, str | None]]:
        """Return every backbone with every layer that its tail starts at."""
        return [(one, cut) for one in dict.fromkeys(self.backbone) for cut in self.cuts(one)]

    def scenarios(self) -> list[Scenario]:
        """Return every combination of the scenario keys, in the order of their lists."""
        keys = tuple(Scenario.model_fields)[2:]
        values = [dict.fromkeys(getattr(self, key)) for key in keys]
        return [
            Scenario(
                backbone=backbone, fine_tune_from=cut, **dict(zip(keys, combination, strict=True))
            )
            for backbone, cut in self.trunks()
            for combination in product(*values)
        ]


def load(path: Path) -> Params:
    """Read and check a parameter file; raise `ParamsError` for anything it should not hold."""
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CantingError(f"There is no `{path}` here. Run from the repository's root.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise CantingError(f"`{path}` is not YAML: {' '.join(str(error).split())}") from None
    return parse(content, path)


def parse(content: Any, path: Path) -> Params:
    """Check what a parameter file holds; raise `ParamsError` that names the file."""
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        raise ParamsError(path, error) from None
    _check_cuts(params, path)
    return params


def _check_cuts(params: Params, path: Path) -> None:
    """Refuse a backbone without its cut, and a search over cuts that have no features."""
    named = params.fine_tune_from
    if isinstance(named, dict) and set(named) != set(params.backbone):
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `fine_tune_from`: expected a layer, or "
            f"nothing, for each of {list(params.backbone)}. Received: {named}. Name those alone."
        )
    cuts = list(dict.fromkeys(cut for _, cut in params.trunks()))
    searched = params.tune.space.fine_tune_from or ()
    if not set(searched) <= set(cuts):
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `tune.space.fine_tune_from`: expected "
            f"layers of `fine_tune_from`, {cuts}. Received: {list(searched)}. Add them there."
        )
