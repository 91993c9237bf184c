"""Which columns of Parquet files hold pictures and labels, and who names the labels."""

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hub_server import FIRST, SOURCE, Hub, refused, serving
from tests.parquet_made import CLASSES, IMAGE, TWO, names, picture, row, shard, source_of

README = """---
license: cc0-1.0
dataset_info:
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': kawung
          '1': parang
  splits:
  - name: train
---
# Batik
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with serving({}, tmp_path) as server:
        yield server


def test_takes_the_names_of_labels_from_the_readme(hub: Hub, tmp_path: Path) -> None:
    hub.commits[FIRST] = {"train.parquet": shard(TWO, [1, 0]), "README.md": README.encode()}
    assert names(tmp_path) == ["train/kawung/000002.jpg", "train/parang/000001.jpg"]


def test_takes_the_readme_of_the_configuration(hub: Hub, tmp_path: Path) -> None:
    one, rest = README.split("dataset_info:\n")
    block, end = rest.split("---\n")
    other = block.replace("kawung", "x").replace("parang", "y")
    text = f"{one}dataset_info:\n- config_name: small\n{block}- config_name: big\n{other}---\n{end}"
    hub.commits[FIRST] = {
        "README.md": text.encode(),
        "small/train-00000-of-00001.parquet": shard(TWO, [1, 0]),
        "big/train-00000-of-00001.parquet": shard(TWO, [1, 0]),
    }
    assert names(tmp_path, f"{SOURCE}/small")[0] == "train/kawung/000002.jpg"
    assert names(tmp_path, f"{SOURCE}/big")[0] == "train/x/000002.jpg"
    said = refused(tmp_path, "several configurations")
    assert "'hf:owner/batik/big', 'hf:owner/batik/small'" in said


@pytest.mark.parametrize(
    "readme", ["", "# Batik", "---\n: [\n---\n", "---\ndataset_info: 3\n---\n", "---\n[]\n---\n"]
)
def test_numbers_without_names_are_labels(hub: Hub, tmp_path: Path, readme: str) -> None:
    hub.commits[FIRST] = {"all.parquet": shard(TWO, [1, 0]), "README.md": readme.encode()}
    assert names(tmp_path) == ["0/000002.jpg", "1/000001.jpg"]


def test_several_columns_of_labels_are_refused_and_picked(hub: Hub, tmp_path: Path) -> None:
    features = {"label": CLASSES, "fine": {"_type": "ClassLabel", "names": ["p", "q"]}}
    hub.commits[FIRST] = {"train.parquet": shard(TWO, [0, 1], features, fine=[1, 0])}
    refused(tmp_path, "2 such columns (label, fine)", "?label:COLUMN", "fine (int64)")
    assert names(tmp_path, f"{SOURCE}?label:fine") == ["train/p/000002.jpg", "train/q/000001.jpg"]
    refused(tmp_path, "the column 'coarse'", "fine (int64)", source=f"{SOURCE}?label:coarse")


def test_several_columns_of_pictures_are_refused_and_picked(hub: Hub, tmp_path: Path) -> None:
    masks = pa.array([row(8), row(9)], IMAGE)
    hub.commits[FIRST] = {"train.parquet": shard(TWO, ["a", "b"], mask=masks)}
    refused(tmp_path, "2 such columns (image, mask)", "?image:COLUMN")
    source = source_of(tmp_path, f"{SOURCE}@{FIRST}?image:mask?label:label")
    found = {str(path): b"".join(chunks) for path, chunks in source.contents(source.pictures)}
    assert found == {"train/a/000001.jpg": picture(8), "train/b/000002.jpg": picture(9)}


def test_no_column_of_labels_is_refused_and_picked(hub: Hub, tmp_path: Path) -> None:
    content = shard(TWO, [["a"], ["b"]], motif=["kawung", "parang"])
    hub.commits[FIRST] = {"train.parquet": content}
    refused(tmp_path, "0 such columns", "label (list<", "motif (string)", "?label:COLUMN")
    assert len(names(tmp_path, f"{SOURCE}?label:motif")) == 2


def test_no_column_of_pictures_is_refused(hub: Hub, tmp_path: Path) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"], "label": [0]}), content)
    hub.commits[FIRST] = {"train.parquet": content.getvalue()}
    refused(tmp_path, "one column of pictures", "text (string), label (int64)")
