"""Which columns of a Parquet file hold pictures and labels, and what the labels are called."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.types as kinds
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from canting.core.errors import CantingError

LABELS = frozenset({"label", "labels", "class", "class_name", "label_name", "category", "target"})
"""Names by which a column of text or numbers is known to hold labels."""

Features = Mapping[str, Mapping[str, Any]]
"""What the library `datasets` writes of each column: `_type`, and `names` of a ClassLabel."""


@dataclass(frozen=True)
class Picked:
    """The columns that the user names; empty: found by their types."""

    image: str = ""
    label: str = ""


@dataclass(frozen=True)
class Columns:
    """The columns of a file; numbers are labels' places in `names`, if there are any."""

    file: str
    image: str
    label: str
    names: tuple[str, ...] = ()

    def label_of(self, value: object) -> str | None:
        """Return a label's name; nothing for no label, which a ClassLabel writes as -1."""
        if value is None or (self.names and value == -1):
            return None
        if self.names and isinstance(value, int) and 0 <= value < len(self.names):
            return self.names[value]
        if self.names and isinstance(value, int):
            raise CantingError(
                f"`{self.file}` has {len(self.names)} names for its column {self.label!r}. "
                f"Received the number {value}. Choose another column with ?label:COLUMN at the "
                "end of `fetch.source`."
            )
        return str(value)


def found_columns(schema: Any, picked: Picked, readme: Features, name: str) -> Columns:
    """Find the columns of a file that messages call `name`, or refuse to guess."""
    features = {**readme, **_features(schema)}
    image = _one("image", picked.image, _images(schema), schema, name)
    label = _one("label", picked.label, _labels(schema, features, picked.label), schema, name)
    names = features.get(label, {}).get("names") or ()
    return Columns(name, image, label, tuple(map(str, names)))


def _images(schema: Any) -> list[str]:
    structs = [one.name for one in schema if _is_image(one.type)]
    return structs or [one.name for one in schema if _is_bytes(one.type)]


def _is_image(kind: Any) -> bool:
    """Say whether a column is as `datasets` stores pictures: their bytes and their path."""
    if not kinds.is_struct(kind):
        return False
    place = kind.get_field_index("bytes")
    return place >= 0 and _is_bytes(kind.field(place).type)


def _is_bytes(kind: Any) -> bool:
    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind))


def _labels(schema: Any, features: Features, picked: str) -> list[str]:
    fit = [one.name for one in schema if _may_be_label(one.type)]
    if picked:
        return fit
    classes = [one for one in fit if features.get(one, {}).get("_type") == "ClassLabel"]
    return classes or [one for one in fit if one.casefold() in LABELS]


def _may_be_label(kind: Any) -> bool:
    value = kind.value_type if kinds.is_dictionary(kind) else kind
    return bool(kinds.is_string(value) or kinds.is_large_string(value) or kinds.is_integer(value))


def _one(role: str, picked: str, found: list[str], schema: Any, name: str) -> str:
    if picked and picked in found:
        return picked
    if not picked and len(found) == 1:
        return found[0]
    expected = {
        "image": "one column of pictures (bytes, or a struct with `bytes`)",
        "label": f"one column of labels: a ClassLabel, or text or numbers named {_listed(LABELS)}",
    }[role]
    received = f"the column {picked!r}" if picked else f"{len(found)} such columns"
    among = f" ({', '.join(found)})" if found and not picked else ""
    raise CantingError(
        f"`{name}` must have {expected}. Received: {received}{among}; its columns are "
        f"{', '.join(f'{one.name} ({_kind(one.type)})' for one in schema)}. Name the one to take "
        f"at the end of `fetch.source`: ?{role}:COLUMN."
    )


def _kind(kind: Any) -> str:
    text = str(kind)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _features(schema: Any) -> Features:
    """Return what the file itself says of its columns."""
    try:
        told = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: one for name, one in told.items() if isinstance(one, Mapping)}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def readme_features(path: Path, folder: str) -> Features:
    """Return what the YAML at the top of a repository's README says of the columns of a folder."""
    try:
        _, top, _ = path.read_text("utf-8").split("---\n", 2)
        told = YAML(typ="safe", pure=True).load(top)["dataset_info"]
        configs = told if isinstance(told, list) else [told]
        named = [one for one in configs if one.get("config_name") == folder.rpartition("/")[2]]
        (config,) = named or configs
        return {one["name"]: _feature(one) for one in config["features"]}
    except (OSError, ValueError, TypeError, AttributeError, KeyError, YAMLError):
        return {}


def _feature(told: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = told.get("dtype")
    if not isinstance(kind, Mapping) or "class_label" not in kind:
        return {}
    names = kind["class_label"]["names"]
    ordered = (
        [names[one] for one in sorted(names, key=int)] if isinstance(names, Mapping) else names
    )
    return {"_type": "ClassLabel", "names": ordered}
