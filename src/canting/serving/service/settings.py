"""Settings of the service, read once from `CANTING_…` environment variables."""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    model_validator,
)

from canting.core.errors import CantingError

PREFIX = "CANTING_"
MIB = 2**20

TRAINED = Path("build/best")
PACKED = Path(__file__).parents[3] / "bundle"
"""The bundle that a Bento has beside its code."""


def _none(value: Any) -> Any:
    return None if value in ("", "none", "off") else value


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return [one.strip() for one in value.split(",") if one.strip()]


Whole = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Off = BeforeValidator(_none)
Token = Annotated[SecretStr | None, Off]
Listed = BeforeValidator(_listed)
PREFIX_PATH = re.compile("(/[A-Za-z0-9._~-]+)+")
"""A path below which a service can be reached."""


def _is_prefix(text: str) -> str:
    if text and not PREFIX_PATH.fullmatch(text):
        raise ValueError("expected a path such as /batik, without a slash at its end")
    return text


def _is_url(text: str) -> str:
    if "://" not in text:
        raise ValueError("expected a URL; `CANTING_HISTORY=off` stores nothing")
    return text


class Settings(BaseModel):
    """What an operator can set; `max_files` is read from `CANTING_MAX_FILES`, and so on."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    bundle: Path = Field(default_factory=lambda: PACKED if PACKED.is_dir() else TRAINED)
    """Folder of the model and its card."""
    signature: Annotated[str | None, Off] = None
    """Who must have signed the bundle: path of a public key, or identity, space, issuer."""
    history: Literal["own", "public", "off"] = "own"
    """Who sees the stored answers: the browser that asked, everybody, or none are stored."""
    history_url: Annotated[str, AfterValidator(_is_url)] = "sqlite:///history/history.db"
    """Database of the history, as SQLAlchemy names it."""
    pictures_url: Annotated[str | None, Off] = "history/pictures"
    """Folder or fsspec URL of the stored pictures."""
    keep_pictures: bool = True
    """Whether pictures are stored; otherwise only answers are."""
    history_days: Annotated[Whole | None, Off] = None
    """Days after which entries are deleted; `none`: never."""
    history_max_bytes: Annotated[Whole | None, Off] = 2048 * MIB
    """Bytes of stored pictures above which the oldest entries are deleted; `none`: no limit."""
    history_required: bool = False
    """Whether an answer that cannot be saved is a 503, in place of `history_saved: false`."""
    token: Token = None
    """The operator's: shows and deletes all entries; a bearer token, or a browser's password."""
    visitors: bool = True
    """Whether those without the token may ask; otherwise it is needed for everything."""
    secret: Token = None
    """Secret that signs cookies, forms and links; empty: that of the history's database."""
    hosts: Annotated[tuple[str, ...], Listed] = ("localhost", "127.0.0.1", "[::1]")
    """Host names under which the service answers, as `*.example.org`; `*`: any."""
    origins: Annotated[tuple[str, ...], Listed] = ()
    """Other sites whose pages may use the API, as `https://example.org` (CORS)."""
    proxies: Annotated[tuple[IPvAnyNetwork, ...], Listed] = ()
    """Addresses or networks of reverse proxies whose `X-Forwarded-…` headers are believed."""
    proxy_header: str = "X-Forwarded-For"
    """Header in which they name the client."""
    prefix: Annotated[str, AfterValidator(_is_prefix)] = ""
    """Path below which the service is reached, as `/batik`."""
    client_rate: Annotated[Whole | None, Off] = 300
    """Pictures of one address in a minute, except this machine's own; `none`: no limit."""
    log_clients: bool = False
    """Whether the log names the addresses of clients."""
    max_upload_bytes: Whole = 10 * MIB
    """Bytes of one picture."""
    max_request_bytes: Whole = 40 * MIB
    """Bytes of one request, all pictures together."""
    max_waiting_bytes: Whole = 96 * MIB
    """Bytes of all requests that are being received or answered."""
    max_files: Whole = 20
    """Pictures of one request."""
    max_pixels: Whole = 51_000_000
    """Width × height of a picture, read from its header before memory is taken."""
    max_picture_bytes: Whole = 110 * MIB
    """Memory that decoding one picture may take, estimated from its header."""
    max_decoding_bytes: Whole = 160 * MIB
    """Memory of all pictures that are being decoded; who needs more waits."""
    decode_timeout: Seconds = 5.0
    """Seconds of a processor after which the decoding of a picture is ended."""
    min_side: Whole = 16
    """Pixels of the shorter side."""
    max_aspect: Annotated[float, Field(ge=1)] = 20.0
    """Longer side divided by the shorter."""
    concurrency: Whole = Field(default_factory=lambda: max(2, os.cpu_count() or 2))
    """Pictures that are answered at once."""
    queue: Annotated[int, Field(ge=0)] = 64
    """Pictures that wait; beyond, 429."""
    idle_timeout: Seconds = 15.0
    """Seconds without a byte after which an upload is cancelled."""
    upload_timeout: Seconds = 120.0
    """Seconds that an upload may take."""

    @model_validator(mode="after")
    def _token_where_needed(self) -> "Settings":
        if not self.visitors and self.token is None:
            raise ValueError("CANTING_VISITORS=false needs CANTING_TOKEN")
        return self


RENAMED = {
    "CANTING_API_TOKEN": "CANTING_TOKEN",
    "CANTING_HISTORY_TOKEN": "CANTING_TOKEN",
}
"""Settings that are no more, and what stands for them: ignored, they would leave a door open."""


class SettingsError(CantingError):
    """Names each environment variable that is wrong."""

    def __init__(self, lines: list[str]) -> None:
        """Take a line for each."""
        super().__init__("\n  ".join(["The settings cannot be used.", *lines]))


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings; raise `SettingsError` that names every bad variable."""
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    misnamed = [line for name in environment if (line := _misnamed(name, names))]
    try:
        settings = Settings.model_validate(
            {field: environment[name] for name, field in names.items() if name in environment}
        )
    except ValidationError as error:
        raise SettingsError([*misnamed, *_lines(error)]) from None
    if misnamed:
        raise SettingsError(misnamed)
    return settings


def _misnamed(name: str, names: Iterable[str]) -> str:
    """Return the line of a variable that is not, but looks like, one of ours."""
    if name in RENAMED:
        return f"`{name}`: no setting any more. Received: it is set. Set `{RENAMED[name]}` instead."
    close = get_close_matches(name, names, n=1, cutoff=0.9) if name.startswith(PREFIX) else []
    if not close or name in names:
        return ""
    return f"`{name}`: no such setting. Received: it is set. Did you mean `{close[0]}`?"


def _lines(error: ValidationError) -> list[str]:
    return [_line(detail) for detail in error.errors(include_url=False, include_context=False)]


def _line(detail: Any) -> str:
    problem = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return f"{problem}. Set both or neither."
    name = PREFIX + str(detail["loc"][0]).upper()
    return f"`{name}`: {problem}. Received: {detail['input']!r}. Correct it or unset it."
