"""The tables that are validated: pictures with their records and groups, and classes."""

import hashlib
import unicodedata
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from canting.config.columns import UNKNOWN
from canting.config.sections import Validate
from canting.core import parallel
from canting.core.errors import CantingError
from canting.core.names import ignored
from canting.data import near_duplicates, origins
from canting.imaging.measures import measure
from canting.imaging.pictures import PictureError, decode


def group(raw: Path, records: pd.DataFrame) -> "pd.Series[int]":
    """Return a group for each record; equal bytes always share one.

    Near-duplicates are sought among the decodable pictures, one of each content. What cannot be
    decoded gets groups of its own.
    """
    decodable = records[records["error"].isna()].drop_duplicates("sha256")
    paths = decodable["path"].tolist()
    found = near_duplicates.group(raw, paths, raw.parent).tolist() if paths else []
    of_content = dict(zip(decodable["sha256"], found, strict=True))
    content = records["sha256"].where(records["sha256"].notna(), records["path"])
    return number(content.map(lambda key: of_content.get(key, key)))


def number(groups: "pd.Series[int]") -> "pd.Series[int]":
    """Number groups 0, 1, 2, … in the order of their first rows."""
    codes, _ = pd.factorize(groups)
    return pd.Series(codes.tolist(), index=groups.index, dtype=np.int64, name="group")


def joined(near: "pd.Series[int]", outside: "pd.Series[str]") -> "pd.Series[int]":
    """Join groups of near-duplicates that a group from outside connects; `""` is no group."""
    known = outside != ""
    if not known.any():
        return near
    ends, _ = pd.factorize(outside[known])
    count = len(near) + int(ends.max()) + 1
    links = coo_matrix(
        (np.ones(len(ends)), (number(near)[known], len(near) + ends)), shape=(count, count)
    )
    _, component = connected_components(links, directed=False)
    return number(pd.Series(component[number(near)], index=near.index))


TYPES = {
    "path": "str",
    "label": "str",
    "width": "Int64",
    "height": "Int64",
    "mode": "str",
    "format": "str",
    "bytes": "int64",
    "sha256": "str",
    "error": "str",
    "warning": "str",
    "brightness": "Float64",
    "contrast": "Float64",
    "sharpness": "Float64",
}


def labels(raw: Path) -> list[str]:
    """Return the sorted folder names under `raw`: the labels, those of empty folders too."""
    if not raw.is_dir():
        raise CantingError(f"There is no folder `{raw}`. Run `dvc repro fetch` first.")
    found = sorted(_text(entry.name) for entry in raw.iterdir() if entry.is_dir())
    return [name for name in found if not ignored(name)]


def paths(raw: Path) -> list[str]:
    """Return the sorted paths `label/file` of everything that should be a picture."""
    files = (
        entry.relative_to(raw)
        for label in labels(raw)
        for entry in (raw / label).rglob("*")
        if not entry.is_dir()
    )
    found = sorted(_text(file.as_posix()) for file in files if not any(map(ignored, file.parts)))
    if not found:
        raise CantingError(
            f"`{raw}` should hold one folder a label with pictures in it. "
            "Received: no picture. Set `fetch.source` in params.yaml to a folder that does."
        )
    return found


def read(raw: Path) -> pd.DataFrame:
    """Read every picture once; one row each, in sorted path order, `error` where it has one."""
    found = paths(raw)
    task = partial(_record, raw)
    rows = list(parallel.run(task, found, label="read pictures", total=len(found)))
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def with_origins(records: pd.DataFrame, build: Path) -> pd.DataFrame:
    """Return the records with what `fetch` knows of each picture: collection, split, group."""
    known = origins.read(build / origins.ORIGINS)[["path", "collection", "split", "group"]]
    table = records.merge(known, on="path", how="left", validate="one_to_one")
    unknown = table[table["collection"].isna()]["path"].tolist()
    if unknown:
        raise CantingError(
            f"`{build / 'raw'}` holds {len(unknown)} files that `fetch` did not bring, such as "
            f"{unknown[0]!r}. Add pictures to `fetch.source`, and run `dvc repro --force fetch`."
        )
    return table


def _record(raw: Path, path: str) -> dict[str, object]:
    record: dict[str, object] = {"path": path, "label": path.split("/")[0], "bytes": 0}
    record["warning"] = ""
    try:
        content = (raw / path).read_bytes()
    except OSError as error:
        return record | {"error": f"expected a readable file, received: {error.strerror}"}
    record |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    try:
        return record | _measures(content)
    except PictureError as error:
        return record | {"error": str(error)}


def _measures(content: bytes) -> dict[str, object]:
    picture = decode(content)
    width, height = picture.size
    kind = {"width": width, "height": height, "mode": picture.mode, "format": picture.format}
    return kind | measure(picture.image)._asdict() | {"warning": " ".join(picture.warnings)}


def _text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise CantingError(
            "File names should be UTF-8. "
            f"Received: {name!a}. Rename it (`convmv` does many at once)."
        ) from None
    return name


def pictures(records: pd.DataFrame, params: Validate) -> pd.DataFrame:
    """Return one row a picture with what an expectation looks at.

    `twin_of`, `copy_of` and `also_under` name the other picture, else they are null. A black
    picture has no contrast either and is not sharp: only the first of these is looked at.
    """
    sides = records[["width", "height"]]
    table = records[["path", "error", "mode"]].copy()
    table["short_side"] = sides.min(axis=1)
    table["long_side"] = sides.max(axis=1)
    lit = records["brightness"].between(params.min_brightness, params.max_brightness)
    table["brightness"] = records["brightness"]
    table["contrast"] = records["contrast"].where(lit)
    table["sharpness"] = records["sharpness"].where(table["contrast"] >= params.min_contrast)
    table["twin_of"] = _first_alike(records["path"], records["path"].map(_folded))
    sound = records[records["error"].isna() & table["twin_of"].isna()]
    table["copy_of"] = _first_alike(sound["path"], sound["sha256"]).reindex(records.index)
    table["also_under"] = _under_another_label(records[records["error"].isna()], records.index)
    return table


def classes(records: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Return one row a class: how many decodable pictures and groups, and largest class ÷ this."""
    decodable = records[records["error"].isna()].groupby("label")
    table = pd.DataFrame({"label": [label for label in labels if label != UNKNOWN]})
    table["pictures"] = table["label"].map(decodable.size()).fillna(0).astype(np.int64)
    table["groups"] = table["label"].map(decodable["group"].nunique()).fillna(0).astype(np.int64)
    # A class without pictures has no ratio; it fails for having too few.
    table["ratio"] = table["pictures"].max() / table["pictures"].where(table["pictures"] > 0)
    table["twin_of"] = _first_alike(table["label"], table["label"].map(_folded))
    return table


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).lower()


def _first_alike(paths: "pd.Series[str]", key: "pd.Series[str]") -> "pd.Series[str]":
    first = paths.groupby(key).transform("first")
    return first.where(key.duplicated(), pd.NA).astype("str")


def _under_another_label(records: pd.DataFrame, index: pd.Index) -> "pd.Series[str]":
    labels = records.groupby("near_duplicate")["label"].transform("nunique")
    other = {
        row: group.loc[group["label"] != label, "path"].iloc[0]
        for _, group in records[labels > 1].groupby("near_duplicate")
        for row, label in group["label"].items()
    }
    return pd.Series(other, dtype="str").reindex(index)
