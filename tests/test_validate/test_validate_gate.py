"""The stage as its users meet it: files in, one message or whole results out."""

import csv
import io
import json
import re
import shutil
import socket
from pathlib import Path

import pytest
from PIL import Image

from canting.config.sections import Validate
from canting.core.errors import CantingError
from canting.data import manifest, validate
from canting.data.validate.report import ValidationError
from stages import validate as stage

from .folder import failed, fetched, picture, run, save, settled

ROOT = Path(__file__).parents[2]
CLASS_LIMITS = ("min_pictures", "min_groups", "max_imbalance")
FETCHED = ("fetched.json", "left_out.csv", "origins.csv")
RESULTS = ("manifest.parquet", "validation.json", "quarantine.csv")


@pytest.fixture
def broken(sound: Path) -> Path:
    """A folder with many faults of its files, which leave enough sound ones."""
    for number in range(11):
        (sound / f"kawung/text {number:02}.jpg").write_text(f"Lorem {number}")
    (sound / "kawung/\x1b[2J\n<img src=x onerror=alert(1)>.jpg").write_text("Lorem")
    save(sound, "parang/long.png", (1, 60000))
    save(sound, "parang/16 bits.png", mode="I;16")
    save(sound, "parang/A twin.png")
    save(sound, "parang/a twin.png")
    shutil.copy(sound / "parang/1.png", sound / "parang/zz copy.png")
    save(sound, "kawung/shared.png")
    shutil.copy(sound / "kawung/shared.png", sound / "parang/shared.png")
    return sound


def test_stop_names_all_that_is_wrong_and_leaves_earlier_results(
    broken: Path, params: Validate
) -> None:
    build = broken.parent
    for name in RESULTS:
        (build / name).write_text("earlier")
    with pytest.raises(ValidationError) as caught:
        run(broken, params)
    message = str(caught.value)
    assert caught.value.failed == [
        "decodable",
        "min_side",
        "max_side",
        "modes",
        "unique_names",
        "max_duplicates",
        "max_conflicts",
        "max_imbalance",
    ]
    assert "8 of 17 expectations on the pictures failed." in message
    assert "Received: 12 of 31 pictures do not meet this." in message
    assert "kawung/text 08.jpg: cannot be decoded: expected one of JPEG" in message
    assert "… and 2 more" in message
    assert r"kawung/\x1b[2J\n<img" in message
    assert "Expected (`validate.min_side`): a shorter side of at least 32 pixels." in message
    assert "parang/long.png: the shorter side is 1 pixels" in message
    assert "parang/a twin.png: the name differs only by case from parang/A twin.png" in message
    assert "To do: decide on one label" in message
    assert [(build / name).read_text() for name in RESULTS] == ["earlier"] * 3
    pages = list((build / "data_docs").rglob("*.html"))
    assert len(pages) == 5
    assert "Every picture can be decoded" in (build / "data_docs/index.html").read_text()
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<script|<link[^>]*http|src=.?http|url\(.?http", text)
        assert "default-src 'none'" in text  # a file name that is markup runs nothing


@pytest.mark.slow
def test_quarantine_sets_the_bad_ones_aside_with_a_reason(broken: Path, params: Validate) -> None:
    build = broken.parent
    changes = {"on_bad": "quarantine", "max_imbalance": 2.5}
    counts = run(broken, params.model_copy(update=changes))
    assert counts == validate.Counts(pictures=13, classes=2, groups=13, quarantined=18, warned={})
    with (build / "quarantine.csv").open(newline="", encoding="utf-8") as file:
        aside = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    assert aside.pop("notes.txt") == "not fetched: no picture (.txt)"
    assert list(aside) == sorted(aside)
    assert len(aside) == 18
    assert aside["parang/long.png"] == "the shorter side is 1 pixels"
    assert aside["parang/16 bits.png"] == "the mode is I;16"
    assert aside["parang/a twin.png"] == "the name differs only by case from parang/A twin.png"
    assert aside["parang/zz copy.png"] == "the same bytes as parang/1.png"
    assert aside["kawung/shared.png"].endswith("stands under another label: parang/shared.png")
    assert "bytes of none of them" in aside["kawung/text 10.jpg"]
    left = validate.read(build / "manifest.parquet")
    assert not set(left["path"]) & set(aside)
    assert {"parang/A twin.png", "parang/1.png"} <= set(left["path"])
    assert left["group"].tolist() == list(range(13))
    result = json.loads((build / "validation.json").read_text())
    assert (result["success"], result["pictures"], result["quarantined"]) == (True, 13, 18)
    assert len(list((build / "data_docs/validations/pictures").iterdir())) == 2


@pytest.mark.slow
def test_a_picture_without_its_end_is_taken_with_a_warning(sound: Path, params: Validate) -> None:
    content = io.BytesIO()
    picture("whole", (64, 48), "RGB").save(content, "JPEG")
    (sound / "kawung/no end.jpg").write_bytes(content.getvalue()[:-2])
    assert run(sound, params).warned == {"kawung/no end.jpg": "no_end"}
    table = manifest.read(sound.parent / "manifest.parquet").set_index("path")
    assert table["warning"].value_counts().to_dict() == {"": 12, "no_end": 1}


def test_quarantine_does_not_hide_a_class_that_becomes_too_small(
    sound: Path, params: Validate
) -> None:
    (sound / "kawung/grey.png").write_text("Lorem")
    passage = settled(sound, params, on_bad="quarantine")
    assert failed(passage) == {name: ["kawung"] for name in CLASS_LIMITS}
    assert passage.aside["path"].tolist() == ["kawung/grey.png"]


@pytest.mark.slow
def test_quarantine_of_every_picture_leaves_classes_that_fail(raw: Path, params: Validate) -> None:
    for label in ("kawung", "parang"):
        save(raw, f"{label}/1.png", (1, 1))
    passage = settled(raw, params, on_bad="quarantine")
    assert failed(passage) == {name: ["kawung", "parang"] for name in CLASS_LIMITS[:2]}
    assert len(passage.left) == 0


@pytest.fixture
def at_root(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand where `params.yaml` and `build/raw` are, as the stage script does."""
    text = (ROOT / "params.yaml").read_text().replace("min_pictures: 20", "min_pictures: 4")
    (tmp_path / "params.yaml").write_text(text.replace("min_groups: 10", "min_groups: 4"))
    monkeypatch.chdir(tmp_path)
    fetched(sound)
    return sound


@pytest.mark.slow
def test_the_stage_gives_the_same_bytes_twice_and_calls_nobody(
    at_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: tried.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: tried.append(address))
    results = []
    for _ in range(2):
        stage.main()
        line = "validate: 12 pictures, 2 classes, 12 groups, 0 quarantined, 0 with a warning\n"
        assert capsys.readouterr().out == line
        folder = at_root.parents[1] / "results" / "validate"
        paths = [at_root.parent / RESULTS[0], *(folder / name for name in RESULTS[1:])]
        results.append([path.read_bytes() for path in paths])
    assert results[0] == results[1]
    assert results[0][2] == b"path,reason\nnotes.txt,not fetched: no picture (.txt)\n"
    assert tried == []
    assert sorted(file.name for file in at_root.parent.iterdir()) == sorted(
        [RESULTS[0], *FETCHED, "costs", "data_docs", "raw"]
    )


def test_the_stage_ends_with_the_message_where_pictures_are_bad(at_root: Path) -> None:
    (at_root / "kawung/grey.png").write_text("Lorem")
    with pytest.raises(SystemExit, match=r"^validate: 3 of 16 expectations .*failed"):
        stage.main()


def test_reading_back_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.parquet"
    with pytest.raises(CantingError, match="dvc repro validate"):
        manifest.read(path)
    path.write_text("Lorem")
    with pytest.raises(CantingError, match="not Parquet"):
        manifest.read(path)


@pytest.mark.slow
def test_quarantine_names_each_useless_picture_once(sound: Path, params: Validate) -> None:
    build = sound.parent
    for name, grey in (("black", 0), ("grey", 128), ("white", 255)):
        Image.new("L", (64, 48), grey).save(sound / f"parang/{name}.png")
    Image.linear_gradient("L").resize((200, 200)).save(sound / "parang/z gradient.png")
    quarantine = params.model_copy(update={"on_bad": "quarantine"})
    assert run(sound, quarantine).quarantined == 4
    with (build / "quarantine.csv").open(newline="", encoding="utf-8") as file:
        aside = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    assert aside["parang/black.png"] == "black or very dark: the mean luma is 0.0"
    assert aside["parang/white.png"] == "white or very bright: the mean luma is 255.0"
    assert aside["parang/grey.png"].startswith("of one colour, or nearly: the standard deviation")
    assert aside["parang/z gradient.png"].startswith("blurred: the variance of the luma's Lapl")
    left = manifest.read(build / "manifest.parquet")
    assert left["brightness"].between(10, 254).all()
    assert (left["contrast"] > 3).all()
    assert (left["sharpness"] > 4).all()
