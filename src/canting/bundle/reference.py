"""The out-of-fold reference of a model, with which later pictures are compared."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from canting.bundle.card import Part, Share
from canting.bundle.errors import FIX
from canting.core.errors import CantingError

Count = Annotated[int, Field(ge=0)]
Quantiles = tuple[float, ...]
"""At equal steps from the smallest to the largest value."""


class Reference(Part):
    """What was answered out of fold, by models that had not seen the picture.

    `pictures` are one of each group of near-duplicates, `abstained` of them were refused. Of the
    others: `right` were named rightly, `classes` counts the predicted labels, `confidences` are
    quantiles of the probability of these and `confidence` is its mean. `distances` are quantiles
    of the unlikeness of all pictures, in units of its threshold; none where nothing is refused.
    """

    pictures: Annotated[int, Field(ge=1)]
    abstained: Count
    right: Count
    classes: dict[str, Count]
    confidence: Share
    confidences: Annotated[Quantiles, Field(min_length=2)]
    distances: Quantiles

    @property
    def answered(self) -> int:
        """How many pictures were not refused."""
        return self.pictures - self.abstained


def read(path: Path) -> Reference:
    """Read the reference of a card; raise `CantingError` where it holds none."""
    try:
        return Reference.model_validate(json.loads(path.read_bytes()).get("reference"))
    except ValidationError:
        raise CantingError(
            f"`{path}`: expected the part `reference`, what was answered out of fold. Received: "
            f"none that can be read; another version wrote the bundle. {FIX}"
        ) from None
