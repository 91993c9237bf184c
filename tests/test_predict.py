"""`canting predict`, as it is typed."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from canting.bundle.classifier import Classifier
from canting.core.errors import CantingError
from canting.serving.predict import paths, table
from canting.serving.predict.predict import WARNINGS, predict
from tests.picture_files import encoded
from tests.service_fixtures import COLOURS, LABELS, bundle

__all__ = ["bundle"]

MAIN = "from canting.cli.main import main; main()"
COLUMNS = ["path", "label", "probability", "abstained", *(f"probability {x}" for x in LABELS)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder of good, bad and hidden files."""
    folder = tmp_path / "photos"
    (folder / "b" / "deep").mkdir(parents=True)
    Image.new("RGB", (80, 80), "blue").save(folder / "b" / "deep" / "Ü, 1.JPG")
    Image.new("RGB", (80, 80), "lime").save(folder / "b" / "z.png")
    Image.new("RGB", (80, 80), "red").save(folder / "a.webp", lossless=True)
    Image.new("RGB", (80, 80), "white").save(folder / "c.bmp")
    (folder / "b" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / ".hidden.png").write_bytes((folder / "b" / "z.png").read_bytes())
    (folder / "notes.txt").write_text("no picture")
    return folder


def command(*words: object) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-c", MAIN, "predict", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_folder_becomes_a_table_and_bad_files_are_named(photos: Path, bundle: Path) -> None:
    told = command(photos, "--bundle", bundle)
    assert told.returncode == 0, told.stderr
    found = rows(told.stdout)
    assert list(found[0]) == COLUMNS
    names = [str(Path(row["path"]).relative_to(photos)) for row in found]
    assert names == ["a.webp", "b/deep/Ü, 1.JPG", "b/z.png", "c.bmp"]
    assert [row["label"] for row in found[:3]] == ["kawung", "parang", "mega_mendung"]
    assert [row["abstained"] for row in found] == ["false", "false", "false", "true"]
    assert sum(float(found[0][f"probability {label}"]) for label in LABELS) == pytest.approx(1)
    assert found[0]["probability"] == found[0]["probability kawung"]
    lines = told.stderr.splitlines()
    assert lines[0].startswith(f"skipped `{photos / 'b' / 'broken.jpg'}`: expected")
    assert lines[1] == "4 predicted, of these 1 unlike the training pictures; 1 skipped."
    assert lines[2] == ("Not read: 1 no picture (1 × .txt); 1 entry left out (1 × hidden file).")
    assert len(lines) == 3


def test_csv_json_and_parquet_say_the_same(photos: Path, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    names = [tmp_path / "new" / f"table{ending}" for ending in table.FORMATS]
    for name in names:
        predict([str(photos)], bundle, name)
    said = json.loads(names[1].read_text(encoding="utf-8"))
    assert pq.read_table(names[2]).to_pylist() == said
    plain = [{key: str(value) for key, value in row.items()} for row in said]
    for row in plain:
        row["abstained"] = row["abstained"].lower()
    assert rows(names[0].read_text(encoding="utf-8")) == plain
    assert [list(row) for row in said] == [COLUMNS] * 4
    answer = Classifier.load(bundle).classify(photos / "a.webp")
    assert said[0]["probability parang"] == answer.probabilities["parang"]


def test_names_are_files_folders_and_patterns_each_file_once(photos: Path) -> None:
    image, deep = photos / "b" / "z.png", photos / "b" / "deep" / "Ü, 1.JPG"
    assert paths.expand([str(image), str(photos / "b"), str(image)]).files[0] == image
    assert paths.expand([str(photos / "**" / "*.JPG")]).files == [deep]
    assert paths.expand([str(photos / "notes.txt")]).files == [photos / "notes.txt"]
    odd = photos / "[odd].png"
    odd.write_bytes(image.read_bytes())
    assert paths.expand([str(odd)]).files == [odd]


def test_a_folder_is_searched_by_content_and_nothing_is_passed_over(
    photos: Path, bundle: Path
) -> None:
    red = Image.new("RGB", (80, 80), "red")
    for name, kind in (("noext", "JPEG"), ("dot.jpg.", "PNG"), ("IMG_1.HEIC", "HEIF")):
        (photos / name).write_bytes(encoded(red, kind))
    for name, kind in (("a.jp2", "JPEG2000"), ("as.jpg", "JPEG2000"), ("a.tga", "TGA")):
        (photos / name).write_bytes(encoded(red, kind))
    (photos / "cut").write_bytes(encoded(red, "JPEG")[:-2])
    (photos / "README").write_text("no picture")
    (photos / ".git").mkdir()
    (photos / "Thumbs.db").write_bytes(b"litter")
    (photos / "loop").symlink_to(photos)
    (photos / "gone.jpg").symlink_to(photos / "nowhere")
    (photos / "linked").symlink_to(photos / "noext")
    told = command(photos, "--bundle", bundle)
    assert told.returncode == 0
    named = [Path(row["path"]).name for row in rows(told.stdout)]
    new = {"noext", "dot.jpg.", "IMG_1.HEIC", "cut", "linked"}
    assert set(named) == {"a.webp", "Ü, 1.JPG", "z.png", "c.bmp", *new}
    warning, last = told.stderr.splitlines()[1], told.stderr.splitlines()[-1]
    assert warning == f"warning: {WARNINGS['no_end']}: `{photos / 'cut'}`"
    assert last.startswith("Not read: 2 no pictures (")
    for part in (
        "1 × .txt",
        "1 × no suffix",
        "3 pictures of formats not read (2 × JPEG 2000, 1 × TGA)",
    ):
        assert part in last
    for part in ("2 × hidden file", "1 × hidden folder", "1 × link to a folder", "1 × broken link"):
        assert part in last


def test_a_folder_without_pictures_says_what_is_there(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jp2").write_bytes(encoded(Image.new("L", (8, 8)), "JPEG2000"))
    (tmp_path / "a.csv").write_text("path,label")
    with pytest.raises(CantingError, match=r"none in .*1 no picture \(1 × .csv\); 3 pictures of"):
        paths.expand([str(tmp_path)])


def test_one_picture_from_standard_input(bundle: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-c", MAIN, "predict", "-", "--bundle", str(bundle)]
    content = encoded(Image.new("RGB", (80, 80), "blue"), "HEIF")
    told = subprocess.run(line, input=content, capture_output=True, check=False)
    assert told.returncode == 0, told.stderr
    [row] = rows(told.stdout.decode())
    assert (row["path"], row["label"]) == ("-", "parang")
    told = subprocess.run(line, input=b"", capture_output=True, check=False)
    assert told.returncode == 1
    assert b"skipped `-`: expected a picture, received an empty file" in told.stderr
    closed = ["sh", "-c", '"$@" <&-', "sh", *line]
    told = subprocess.run(closed, capture_output=True, check=False)
    assert told.returncode == 1
    assert b"received an empty file" in told.stderr
    assert b"Traceback" not in told.stderr
    (tmp_path / "-").write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert paths.expand(["./-"]).files == [tmp_path / "-"]


def test_a_device_is_no_picture() -> None:
    with pytest.raises(CantingError, match=r"the device `/dev/zero`"):
        paths.expand(["/dev/zero"])


@pytest.mark.parametrize(
    ("names", "out", "expected"),
    [
        (["photos", "nowhere"], "a.csv", "`nowhere`: expected a file, a folder or a pattern"),
        (["photos/*.tiff"], "a.csv", "a name that matches nothing"),
        (["empty"], "a.csv", "none in `empty`"),
        (["photos/notes.txt"], "a.csv", "None of 1 files is a picture"),
        (["photos"], "a.xlsx", "ends in .csv, .json, .parquet"),
        (["photos"], "photos/a.webp/a.csv", "Received: no folder `photos/a.webp`"),
        (["nowhere"], "new/a.csv", "Received: no folder `new`. Make it (`mkdir -p new`)"),
    ],
)
def test_nothing_is_written_where_nothing_can_be(
    photos: Path,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    out: str,
    expected: str,
) -> None:
    monkeypatch.chdir(photos.parent)
    (photos.parent / "empty").mkdir()
    with pytest.raises(CantingError) as caught:
        predict(names, bundle, Path(out))
    assert expected in str(caught.value)
    assert not Path(out).exists()


def test_a_name_that_is_nothing_ends_with_exit_code_1(bundle: Path) -> None:
    told = command("nowhere", "--bundle", bundle)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("canting predict: `nowhere`")
    told = command(bundle, "--bundle", "nowhere")
    assert told.returncode == 1


def test_parquet_without_its_package_is_said_before_any_work(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CantingError, match="needs the package `pyarrow`"):
        predict(["nowhere"], bundle, Path("a.parquet"))


def test_a_file_name_that_is_not_utf8_and_a_class_named_path(
    bundle: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    name = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    Image.new("RGB", (80, 80), COLOURS["parang"]).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(name)
    predict([str(tmp_path)], bundle, None)
    found = rows(capsysbinary.readouterr().out.decode())
    assert found[0]["path"].endswith("/\\xff.png")
    answer = Classifier.load(bundle).classify(name)
    renamed = answer._replace(probabilities={"path": 0.75, "label": 0.25})
    row = table.row(Path("x"), renamed)
    assert (row["path"], row["label"], row["probability path"]) == ("x", "parang", 0.75)


@pytest.mark.slow
def test_killed_at_work_it_leaves_nothing(bundle: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "many", tmp_path / "out" / "table.csv"
    folder.mkdir()
    out.parent.mkdir()
    Image.effect_noise((2000, 2000), 90).convert("RGB").save(folder / "a.png", compress_level=1)
    for number in range(300):
        os.link(folder / "a.png", folder / f"{number:03}.png")
    one_core = min(os.sched_getaffinity(0))
    words = map(str, ["predict", folder, "--bundle", bundle, "--out", out])
    line = ["taskset", "--cpu-list", str(one_core), sys.executable, "-c", MAIN, *words]
    for kind, expected in ((signal.SIGKILL, -9), (signal.SIGINT, -2)):
        screen, end = pty.openpty()
        process = subprocess.Popen(line, stderr=end)
        seen = b""
        while b" pictures" not in seen:
            seen += os.read(screen, 4096)
        process.send_signal(kind)
        assert process.wait(timeout=60) in (expected, 130), seen
        os.close(end)
        os.close(screen)
        assert not list(out.parent.iterdir())
