"""`params.yaml`, parsed once into frozen types that refuse what they do not know."""

from itertools import product
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from canting.config.catalog import BACKBONES, OPTIMIZERS, OWN, SMALL, backbone_of, is_backbone
from canting.config.errors import ParamsError
from canting.config.fetch import Fetch
from canting.config.metrics import COLLECTIONS, column
from canting.config.scenario import Scenario
from canting.config.section import Count, Many, ParamsSection, known
from canting.config.sections import (
    Abstain,
    Cards,
    Compute,
    Corruptions,
    Evaluate,
    Export,
    Features,
    Preprocess,
    Report,
    Review,
    SelectBest,
    Track,
    Train,
    Validate,
)
from canting.config.tune import Tune
from canting.core import runtime
from canting.core.cluster.engine import Cluster
from canting.core.cluster.storage import Storage
from canting.core.errors import CantingError


def _size(value: Any) -> Any:
    if not (isinstance(value, list) and len(value) == 2 and all(map(_is_side, value))):
        raise ValueError("height and width, two whole numbers of at least 32 pixels")
    return tuple(value)


def _is_side(value: Any) -> bool:
    return type(value) is int and 32 <= value <= 10_000


def _backbone(value: Any) -> Any:
    if isinstance(value, str) and not is_backbone(value):
        raise ValueError(f"one of {', '.join(BACKBONES)}, or package.module:function")
    return value


Named = Annotated[
    str,
    BeforeValidator(
        _backbone,
        json_schema_input_type=Literal[tuple(BACKBONES)]
        | Annotated[str, Field(pattern=f"^({OWN}|{SMALL})$")],
    ),
]


def _kind(value: Any) -> str:
    return "(mapping)" if isinstance(value, dict) else "(list)"


_OF_DRAWS = (0, 0, 1)
"""Keeps seeds of further draws apart from those of folds and of searches."""


class Params(ParamsSection):
    """All of `params.yaml`."""

    backbone: Many[Named]
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
    repeats: Count = 1
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    image_size: Annotated[tuple[int, int], BeforeValidator(_size)]
    compute: Compute = Compute()
    fetch: Fetch
    validate_: Annotated[Validate, Field(alias="validate")]
    preprocess: Preprocess
    features: Features
    train: Train
    tune: Tune
    evaluate: Evaluate
    select_best: SelectBest
    abstain: Abstain
    export: Export = Export()
    corruptions: Corruptions
    review: Review
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

    def of_draw(self, draw: int) -> "Params":
        """Return the parameters of a draw of the folds, counted from 1: others have another seed.

        It is that of drawing and of training. Views and changed pictures are made once, from the
        seed of the first.
        """
        if draw == 1:
            return self
        return self.model_copy(update={"seed": runtime.derived_seed(self.seed, draw, *_OF_DRAWS)})

    def engine(self) -> tuple[Cluster | None, Storage | None]:
        """Return who does the work, and where results lie that machines share.

        Neither changes a result, so no stage of `dvc.yaml` depends on these keys.
        """
        return self.compute.cluster(), self.compute.kept()

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
    _check_split(params, path)
    _check_searches(params, path)
    _check_warm_up(params, path)
    _check_standardise(params, path)
    return params


def _check_split(params: Params, path: Path) -> None:
    """Refuse a hold-out beside what the pictures leave out, and a score that a split has not."""
    apart = {"source": "whose test part is held out", "collections": "each left out once"}
    split = params.preprocess.split
    if split in apart and params.preprocess.hold_out:
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `preprocess.hold_out`: expected 0 where "
            f"`preprocess.split` is `{split}`, {apart[split]}. Received: "
            f"{params.preprocess.hold_out:g}."
        )
    metric = params.select_best.metric
    if metric in COLLECTIONS and split != "collections":
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `select_best.metric`: expected {metric} "
            f"only with `preprocess.split: collections`. Received: {metric}, with "
            f"`preprocess.split: {split}`. Set that to `collections`, or take {column(metric)}."
        )


def _check_searches(params: Params, path: Path) -> None:
    """Refuse searches that cannot leave whole collections out, where the metric wants that."""
    if params.select_best.metric not in COLLECTIONS or not params.tune.methods:
        return
    outer, every = params.tune.outer_folds, params.folds
    left = every - ceil(every / outer)
    for key, folds, there in (("outer", outer, every), ("inner", params.tune.inner_folds, left)):
        if folds > there:
            raise CantingError(
                f"`{path}` cannot be used. Nothing was run.\n  `tune.{key}_folds`: expected as "
                "many "
                f"collections to draw {folds} folds from, as `select_best.metric` is "
                f"{params.select_best.metric}. Received: {there}, of {every} in all. Bring more, "
                "take fewer folds, or set `tune.method: none`."
            )


def _check_warm_up(params: Params, path: Path) -> None:
    """Refuse a learning rate that would not be reached."""
    fewest = min(params.epochs)
    if params.train.warm_up > fewest:
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `train.warm_up`: expected at most the "
            f"{fewest} `epochs` of a training. Received: {params.train.warm_up:g}."
        )


def _check_standardise(params: Params, path: Path) -> None:
    """Refuse to standardise features that change in training, or that are normalised already."""
    if not params.train.standardise:
        return
    tails = [one for one in params.scenarios() if one.has_tail]
    reason = f"{tails[0].trunk}, whose features change in training" if tails else ""
    if params.train.hidden is not None:
        reason = f"`train.hidden` {params.train.hidden}, behind a normalisation of its own"
    if reason:
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `train.standardise`: expected a "
            f"classifier alone. Received: {reason}. Take one of the two."
        )


def _check_cuts(params: Params, path: Path) -> None:
    """Refuse a backbone without its cut, and a search over cuts that have no features."""
    named = params.fine_tune_from
    if isinstance(named, dict) and set(named) != set(params.backbone):
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `fine_tune_from`: expected a layer, or "
            f"nothing, for each of {list(params.backbone)}. Received: {named}. Name those alone."
        )
    cuts = list(dict.fromkeys(cut for _, cut in params.trunks()))
    whole = [backbone_of(one).weights != "none" and cut is None for one, cut in params.trunks()]
    if params.features.levels > 1 and not all(whole):
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `features.levels`: expected 1 where a "
            f"tail is trained. Received: {params.features.levels}, with "
            f"{params.trunks()[whole.index(False)]}. Leave `fine_tune_from` empty, or take 1."
        )
    searched = params.tune.space.fine_tune_from or ()
    if not set(searched) <= set(cuts):
        raise CantingError(
            f"`{path}` cannot be used. Nothing was run.\n  `tune.space.fine_tune_from`: expected "
            f"layers of `fine_tune_from`, {cuts}. Received: {list(searched)}. Add them there."
        )
