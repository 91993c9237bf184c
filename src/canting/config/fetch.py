"""The section `fetch` of `params.yaml`."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from canting.config.section import Many, ParamsSection, Words

SESSION = "session"
"""The value of `fetch.group` that takes the folders beside class and split."""


def _file(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{SESSION}, or a regular expression ({error})") from None
    return text


def _text_or_list(value: Any) -> str:
    return "(text)" if isinstance(value, str) else "(list)"


def _names_differ(found: "tuple[Collection, ...]") -> "tuple[Collection, ...]":
    if len({one.name.casefold() for one in found}) < len(found):
        raise ValueError("names that differ by more than case")
    return found


class LabelsTable(ParamsSection):
    """A table of labels, and which of its columns are what; empty: those with a usual name."""

    file: Words
    path: Words | None = None
    label: Words | None = None
    split: Words | None = None
    group: Words | None = None


Classes = dict[str, str] | None
Labels = Annotated[LabelsTable, BeforeValidator(_file)] | None
Group = Annotated[str, AfterValidator(_expression)] | None


class Collection(ParamsSection):
    """One of several sources of pictures; what is empty here is as for all of them."""

    name: Annotated[str, Field(pattern=r"^\w([\w. -]*[\w.-])?$", max_length=80)]
    source: Words
    classes: Classes = None
    labels: Labels = None
    group: Group = None


Collections = Annotated[Many[Collection], AfterValidator(_names_differ)]


class Fetch(ParamsSection):
    """Where the pictures come from."""

    source: Annotated[
        Annotated[Words, Tag("(text)")] | Annotated[Collections, Tag("(list)")],
        Discriminator(_text_or_list),
    ]
    classes: Classes = None
    labels: Labels = None
    group: Group = None
    relabel: Words | None = None
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of all collections."""
        if isinstance(self.source, str):
            return (self.source,)
        return tuple(one.source for one in self.source)
