"""The section `fetch` of `params.yaml`."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from canting.config.section import Many, ParamsSection, Words

SESSION = "session"
"""The value of `fetch.group` that takes the folders beside class and split."""

FOLDER = "folder"
"""The value of `fetch.collection` that takes the folders above the class."""

LONGEST = 80
"""Most characters of a collection's name."""


def _file(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


def _expression(word: str) -> AfterValidator:
    """Return a validator of the word or a regular expression."""

    def check(text: str) -> str:
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"{word}, or a regular expression ({error})") from None
        return text

    return AfterValidator(check)


def _text_or_list(value: Any) -> str:
    return "(text)" if isinstance(value, str) else "(list)"


def _names_differ(found: "tuple[Collection, ...]") -> "tuple[Collection, ...]":
    if len({one.name.casefold() for one in found}) < len(found):
        raise ValueError("names that differ by more than case")
    return found


def fitting(text: str) -> str:
    """Return a text as the name of a collection, if longer than one may be; maybe nothing."""
    return re.sub(r"[^\w. -]", "_", text).lstrip(".- ").rstrip(" ")


class LabelsTable(ParamsSection):
    """A table of labels, and which of its columns are what; empty: those with a usual name."""

    file: Words
    path: Words | None = None
    label: Words | None = None
    split: Words | None = None
    group: Words | None = None


Classes = dict[str, str] | None
Labels = Annotated[LabelsTable, BeforeValidator(_file)] | None
Group = Annotated[str, _expression(SESSION)] | None
Within = Annotated[str, _expression(FOLDER)] | None


class Collection(ParamsSection):
    """One of several sources of pictures; what is empty here is as for all of them."""

    name: Annotated[str, Field(pattern=r"^\w([\w. -]*[\w.-])?$", max_length=LONGEST)]
    source: Words
    classes: Classes = None
    labels: Labels = None
    group: Group = None
    collection: Within = None


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
    collection: Within = None
    relabel: Words | None = None
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of all collections."""
        if isinstance(self.source, str):
            return (self.source,)
        return tuple(one.source for one in self.source)
