"""The bodies of the API; the OpenAPI document is made of them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """A frozen body."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Error(Body):
    """Why there is no answer."""

    code: str = Field(description="A code for programs, such as `corrupt_image`.")
    message: str = Field(description="A message for people.")
    request_id: str


class Model(Body):
    """The model that answered."""

    digest: str = Field(description="SHA-256 of the model file.", pattern="^[0-9a-f]{64}$")
    version: str = Field(description="A short name for people.")


class Fault(Body):
    """Why one picture of several has no answer."""

    code: str
    message: str


class Result(Body):
    """The answer for one picture; if `error` is not null, there is none."""

    name: str = Field(description="File name as sent, sanitised.")
    label: str | None = Field(
        default=None, description="The likeliest class, also where `abstained`."
    )
    probability: float | None = Field(default=None, ge=0, le=1, description="Calibrated.")
    probabilities: dict[str, float] | None = Field(
        default=None, description="Calibrated; they sum to 1."
    )
    abstained: bool | None = Field(
        default=None,
        description="True: the picture is unlike the training pictures; do not trust `label`.",
    )
    reason: str | None = Field(
        default=None, description="Why it abstained, such as `unlike_training`."
    )
    distance: float | None = Field(
        default=None, description="From the training pictures; above 1: too far"
    )
    warnings: list[str] = Field(
        default=[], description="Such as `animated`: only the first frame counts."
    )
    overlay: str | None = Field(
        default=None, description="On request: a PNG with alpha as a data URI."
    )
    history_id: str | None = Field(default=None, description="Where the answer is stored.")
    history_saved: bool = Field(default=False, description="Whether the answer is saved.")
    error: Fault | None = None


class Classification(Body):
    """The answers for the pictures of a request, in their order."""

    request_id: str
    model: Model
    results: list[Result]


class About(Model):
    """The model."""

    labels: list[str]
    image_size: list[int] = Field(
        description="Height and width, pixels.", min_length=2, max_length=2
    )
    figures: dict[str, Any] | None = Field(description="Measured out of fold.")
    abstention: dict[str, Any] | None = Field(description="How unknown pictures are refused.")
    learned_from: dict[str, Any] | None = Field(
        description="Source and number of the training pictures; `painted`: made by a program, so "
        "that answers about photographs are not to be trusted."
    )


class Kept(Body):
    """An entry of the history."""

    id: str = Field(pattern="^[0-9a-f]{32}$")
    created: datetime
    name: str
    label: str
    probability: float
    probabilities: dict[str, float]
    abstained: bool
    reason: str
    distance: float
    model: str = Field(description="SHA-256 of the model that answered.")
    corrected: str | None = Field(description="The label that a person gave.")
    has_picture: bool
    width: int
    height: int
    source: str


class KeptPage(Body):
    """A page of the history, latest first."""

    entries: list[Kept]
    total: int
    page: int
    pages: int


class Correction(Body):
    """The correct label; null removes a correction."""

    label: str | None = Field(max_length=200)
