"""The digest list, what it pins, and that nothing is ever half written."""

import csv
import hashlib
from pathlib import Path

import pytest

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data.fetch.fetch import Fetched, fetch
from canting.data.fetch.source import Means
from stages import fetch as stage

ROOT = Path(__file__).parents[1]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for path in ("glass/a.jpg", "glass/ü, b.jpg", "metal/c.jpg"):
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_bytes(path.encode())
    return tmp_path / "in"


def run(source: Path, pin: str | None = None) -> Fetched:
    here = source.parent
    section = Fetch(source=str(source), classes=None, digest=pin)
    return fetch(section, here / "raw", here / "digests.csv", Means(here / "cache"))


def outputs(here: Path) -> dict[str, bytes]:
    files = [*(here / "raw").rglob("*"), *here.glob("*.csv"), *here.glob(".*/**/*")]
    return {str(path.relative_to(here)): path.read_bytes() for path in files if path.is_file()}


def test_lists_path_bytes_and_sha256(source: Path) -> None:
    result = run(source)
    text = (source.parent / "digests.csv").read_bytes()
    rows = list(csv.reader(text.decode().splitlines()))
    assert rows[0] == ["path", "bytes", "sha256"]
    assert [row[0] for row in rows[1:]] == ["glass/a.jpg", "glass/ü, b.jpg", "metal/c.jpg"]
    for path, size, digest in rows[1:]:
        content = (source.parent / "raw" / path).read_bytes()
        assert (int(size), digest) == (len(content), hashlib.sha256(content).hexdigest())
    assert result.digest == hashlib.sha256(text).hexdigest()
    assert result.pictures == {"glass": 2, "metal": 1}


def test_two_runs_are_equal_and_replace_what_was_there(source: Path) -> None:
    first = run(source)
    before = outputs(source.parent)
    (source.parent / "raw/glass/stale.jpg").touch()
    assert run(source) == first
    assert outputs(source.parent) == before


def test_a_pinned_digest_passes(source: Path) -> None:
    digest = run(source).digest
    assert run(source, pin=digest).digest == digest


def test_changed_pictures_stop_with_the_difference(source: Path) -> None:
    digest = run(source).digest
    before = outputs(source.parent)
    (source / "glass/a.jpg").write_bytes(b"other")
    (source / "metal/c.jpg").rename(source / "metal/d.jpg")
    with pytest.raises(CantingError) as caught:
        run(source, pin=digest)
    message = str(caught.value)
    assert "Against the expected pictures: 1 added ('metal/d.jpg')" in message
    assert "1 removed ('metal/c.jpg'), 1 changed ('glass/a.jpg')" in message
    assert outputs(source.parent) == before
    received = message.partition("Received: ")[2][:64]
    assert f"pin `digest: {received}`" in message
    assert run(source, pin=received).digest == received


def test_the_difference_outlives_the_outputs(source: Path) -> None:
    digest = run(source).digest
    (source.parent / "digests.csv").unlink()
    (source / "glass/a.jpg").unlink()
    with pytest.raises(CantingError, match=r"1 removed \('glass/a.jpg'\)"):
        run(source, pin=digest)


def test_without_the_pinned_list_the_last_fetch_stands_in(source: Path) -> None:
    with pytest.raises(CantingError, match="not stored here; no difference") as caught:
        run(source, pin="0" * 64)
    assert "3 pictures of 2 labels" in str(caught.value)
    run(source)
    (source / "metal/e.jpg").touch()
    with pytest.raises(CantingError, match=r"digests\.csv`, the last fetch: 1 added"):
        run(source, pin="0" * 64)


def test_names_only_the_first_few_of_many(source: Path) -> None:
    digest = run(source).digest
    for number in range(20):
        (source / f"glass/new{number:02}.jpg").touch()
    with pytest.raises(CantingError, match=r"20 added .*'glass/new07\.jpg' and 12 more"):
        run(source, pin=digest)


def test_an_unwritable_list_leaves_the_old_pictures(source: Path) -> None:
    run(source)
    before = outputs(source.parent)
    (source / "metal/e.jpg").touch()
    section = Fetch(source=str(source), classes=None, digest=None)
    with pytest.raises(OSError, match="File exists"):
        fetch(section, source.parent / "raw", source / "metal/c.jpg/x", Means(source.parent / "k"))
    assert outputs(source.parent) == before


def test_a_full_disk_is_named_before_anything_is_written(tmp_path: Path) -> None:
    for label in ("glass", "metal"):
        (tmp_path / "in" / label).mkdir(parents=True)
        with (tmp_path / "in" / label / "a.jpg").open("wb") as sparse:
            sparse.truncate(2**43)
    with pytest.raises(CantingError, match="17,592,186,044,416 bytes, and the disk"):
        run(tmp_path / "in")
    assert not outputs(tmp_path)


def test_real_pictures_come_whole(trashnet: Path, tmp_path: Path) -> None:
    section = Fetch(source=str(trashnet), classes={"metal": "can", "trash": "rest"}, digest=None)
    result = fetch(section, tmp_path / "raw", tmp_path / "digests.csv", Means(tmp_path / "cache"))
    assert result.pictures == {"can": 410, "rest": 137}
    copies = {path.name: path.read_bytes() for path in (tmp_path / "raw/rest").iterdir()}
    assert copies == {path.name: path.read_bytes() for path in (trashnet / "trash").iterdir()}


def test_the_stage_says_what_it_did(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert "  source: data " in params
    (source.parent / "params.yaml").write_text(params, encoding="utf-8")
    monkeypatch.chdir(source.parent)
    with pytest.raises(SystemExit, match=r"^fetch: `fetch\.source` is `data`"):
        stage.main()
    assert not (source.parent / "build").exists()
    source.rename(source.parent / "data")
    stage.main()
    digest = hashlib.sha256((source.parent / "build/digests.csv").read_bytes()).hexdigest()
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "fetch: data: data is read as <class>/<picture>, 2 × glass, 1 × metal",
        f"fetch: 3 pictures, 2 labels, digest {digest}",
    ]
    assert "3/3" in told.err
