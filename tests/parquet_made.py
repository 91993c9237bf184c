"""Parquet files with pictures, as the library `datasets` writes them."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from canting.data.fetch.source import Means, Source, opened
from tests.hub_server import QUICK, SOURCE

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
CLASSES = {"_type": "ClassLabel", "names": ["kawung", "parang"]}


def picture(number: int, form: str = "JPEG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), (number, 0, 0)).save(content, form)
    return content.getvalue()


def shard(
    images: Sequence[Any],
    labels: Sequence[Any],
    features: dict[str, Any] | None = None,
    label_type: Any = None,
    **more: Sequence[Any],
) -> bytes:
    """Write rows as the library `datasets` does: `features` are kept in the file's schema."""
    table = pa.table(
        {"image": pa.array(images, IMAGE), "label": pa.array(labels, label_type), **more}
    )
    if features is not None:
        told = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": told})
    content = io.BytesIO()
    pq.write_table(table, content, row_group_size=2)
    return content.getvalue()


def row(number: int, path: str | None = None) -> dict[str, Any]:
    return {"bytes": picture(number), "path": path}


TWO = [row(1), row(2)]


def source_of(here: Path, source: str = SOURCE) -> Source:
    with opened(source, Means(here / ".canting", QUICK)) as found:
        return found


def names(here: Path, source: str = SOURCE) -> list[str]:
    return sorted(map(str, source_of(here, source).pictures))


def others(here: Path, source: str = SOURCE) -> dict[str, str]:
    return {str(path): why for path, why in source_of(here, source).others.items()}
