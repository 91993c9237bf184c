"""The comment on a pull request: what a hostile run can and cannot do to it."""

import io
import subprocess
import threading
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from canting.core.errors import CantingError
from canting.runs.pull_request import artifact, branch, comment
from tests.conftest import ROOT

SCENARIOS = "results/evaluate/scenarios.csv"


def pack(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def here() -> dict[str, bytes]:
    """Return what an honest run leaves."""
    return {name: (ROOT / name).read_bytes() for name in artifact.FILES}


def tables() -> dict[str, bytes]:
    """Return what an honest run leaves, but for the pictures: to redraw them takes long."""
    return {name: content for name, content in here().items() if name not in artifact.PICTURES}


def written(folder: Path, contents: dict[str, bytes], base: Path = ROOT) -> str:
    comment.write(pack(folder / "a.zip", contents), base, folder / "comment")
    return (folder / "comment" / comment.BODY).read_text()


def test_only_known_names_are_unpacked_and_nothing_leaves_the_folder(tmp_path: Path) -> None:
    bad = ("../evil", "/evil", "results/../../evil", "results/evaluate/x.sh", "dvc.lock/../evil")
    archive = pack(tmp_path / "a.zip", {**here(), **dict.fromkeys(bad, b"evil")})
    assert artifact.unpack(archive, tmp_path / "in" / "run") == sorted(artifact.FILES)
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(found) == len(artifact.FILES) + 1


def test_a_bomb_a_twin_and_a_damaged_archive_are_refused(tmp_path: Path) -> None:
    bomb = pack(tmp_path / "bomb.zip", {"params.yaml": bytes(artifact.LARGEST + 1)})
    assert bomb.stat().st_size < 20_000
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(bomb, "a") as twin:
        twin.writestr("params.yaml", b"")
    with pytest.raises(CantingError, match="twice"):
        artifact.unpack(bomb, tmp_path / "run")
    for name, content in (("big", bytes(artifact.LARGEST + 1)), ("well", b"seed: 1")):
        pack(tmp_path / f"{name}.zip", {"params.yaml": content})
    with pytest.raises(CantingError, match="more than"):
        artifact.unpack(tmp_path / "big.zip", tmp_path / "run")
    whole = (tmp_path / "well.zip").read_bytes()
    for name, content in (("cut", whole[:-30]), ("text", b"no archive"), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CantingError, match="expected the results of a run"):
            artifact.unpack(tmp_path / name, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_size_is_counted_and_not_believed(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"params.yaml": bytes(artifact.LARGEST + 1)})
    size = (artifact.LARGEST + 1).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (7).to_bytes(4, "little")))
    with pytest.raises(CantingError):
        artifact.unpack(path, tmp_path / "run")


def png(**keywords: object) -> bytes:
    file = io.BytesIO()
    pixels = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    Image.fromarray(pixels).save(file, "PNG", **keywords)
    return file.getvalue()


def test_a_picture_keeps_its_pixels_and_nothing_else() -> None:
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", "<script>alert(1)</script>")
    hostile = png(pnginfo=said) + b"<html><script>alert(1)</script></html>PK\x03\x04"
    clean = comment.redrawn(hostile)
    assert clean
    assert b"script" not in clean
    before, after = (np.asarray(Image.open(io.BytesIO(one))) for one in (hostile, clean))
    np.testing.assert_array_equal(before, after)


def huge(width: int, height: int) -> bytes:
    """Return the first bytes of a PNG of this size."""
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return branch.PNG + (13).to_bytes(4, "big") + head + zlib.crc32(head).to_bytes(4, "big")


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg/>", b"GIF89a", png()[:-60], huge(6000, 6000), huge(60_000, 60_000), huge(9, 9)],
)
def test_what_is_no_whole_png_of_common_size_is_not_shown(content: bytes) -> None:
    assert comment.redrawn(content) is None


def test_a_large_picture_is_made_smaller() -> None:
    file = io.BytesIO()
    Image.new("RGB", (4000, 2000)).save(file, "PNG")
    small = comment.redrawn(file.getvalue())
    assert small
    assert Image.open(io.BytesIO(small)).size == (1600, 800)


def test_an_unchanged_run_is_told_as_equal(tmp_path: Path) -> None:
    text = written(tmp_path, here())
    assert "equal on every fold" in text
    assert "No parameter differs." in text
    names = {path.name for path in (tmp_path / "comment").glob("*.png")}
    assert names == {"confusion.png", "learning_curves.png"}


def test_a_changed_run_shows_scores_significance_and_parameters(tmp_path: Path) -> None:
    contents = tables()
    contents["params.yaml"] = contents["params.yaml"].replace(b"rotation: 20.0", b"rotation: 30.0")
    contents.update(worse(contents))
    text = written(tmp_path, contents)
    assert "**worse in macro F1:" in text
    assert "| features.rotation | 20.0 | 30.0 |" in text
    assert "corrected resampled t-test over 5 folds" in text


def worse(contents: dict[str, bytes]) -> dict[str, bytes]:
    """Return the tables with every score of every fold lower by nearly the same."""
    changed = {}
    for name in ("results/evaluate/folds.csv", SCENARIOS):
        head, *rows = contents[name].decode().splitlines()
        columns = head.split(",")
        lines = []
        for number, row in enumerate(rows):
            values = row.split(",")
            for score in ("macro_f1", "accuracy"):
                place = columns.index(score)
                values[place] = str(float(values[place]) - 0.3 - number / 1000)
            lines.append(",".join(values))
        changed[name] = "\n".join([head, *lines, ""]).encode()
    return changed


def test_without_results_of_main_it_says_no_baseline(tmp_path: Path) -> None:
    text = written(tmp_path, tables(), base=tmp_path)
    assert "no baseline" in text
    assert "macro F1" in text


def test_without_an_artifact_it_says_so(tmp_path: Path) -> None:
    comment.write(tmp_path / "absent.zip", ROOT, tmp_path / "comment")
    assert (tmp_path / "comment" / comment.BODY).read_text() == comment.UNFINISHED


HOSTILE = "<img src=x onerror=alert(1)>@everyone [x](http://evil.example) #1 www.evil.example `|"


@pytest.mark.slow
def test_names_from_a_run_are_no_markup_mention_or_link(tmp_path: Path) -> None:
    contents = tables()
    winner = b'"' + HOSTILE.encode() + b'"'
    old = contents[SCENARIOS].splitlines()[1].split(b",")[0]
    for name in (SCENARIOS, "results/evaluate/folds.csv"):
        contents[name] = contents[name].replace(old, winner)
    selection = contents["results/select_best/selection.json"]
    contents["results/select_best/selection.json"] = selection.replace(old, HOSTILE.encode())
    contents["params.yaml"] += f"\nevil: '{HOSTILE}'\n".encode()
    text = written(tmp_path, contents)
    assert "onerror" in text
    for mark in ("<img", "@everyone", "[x](", "http://", "#1", "www.evil"):
        assert mark not in text, mark


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("params.yaml", b"a: &a [1, 1]\nb: [*a, *a]\n"),
        ("params.yaml", b"a: " + b"[" * 20_000),
        ("params.yaml", b"- " * 20_000),
        ("params.yaml", b"a: 1\n" * 60_000),
        ("params.yaml", b"!!python/object/apply:os.system [touch evil]\n"),
        ("results/select_best/selection.json", b"[" * 200_000),
        ("results/select_best/selection.json", b'{"winner": "<b>nobody</b>"}'),
        (SCENARIOS, b"\xff\xfe"),
        ("results/evaluate/folds.csv", b"scenario,fold\n"),
    ],
)
def test_damaged_files_are_told_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    text = written(tmp_path, {**tables(), name: content})
    assert len(text.splitlines()) == 1 or "not comparable" in text or "equal" in text
    assert "<b>" not in text
    assert not Path("evil").exists()


@pytest.mark.slow
def test_a_long_comment_ends_at_a_line(tmp_path: Path) -> None:
    contents = tables()
    contents["params.yaml"] += b"".join(
        b"a_long_name_of_a_key_%d: 1\n" % number for number in range(4000)
    )
    text = written(tmp_path, contents)
    assert len(text) < comment.LONGEST + 100
    assert text.splitlines()[-3].endswith("|")
    assert "a comment cannot hold more" in text


@pytest.fixture
def remote(tmp_path: Path) -> str:
    path = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    return str(path)


def listed(remote: str) -> list[str]:
    command = ["git", "-C", remote, "ls-tree", "-r", "--name-only", branch.BRANCH]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def picture(folder: Path, name: str, level: int) -> Path:
    Image.new("L", (8, 8), level).save(folder / name)
    return folder / name


def test_the_branch_holds_the_newest_pictures_of_every_pull_request(
    tmp_path: Path, remote: str
) -> None:
    one = branch.publish(remote, 1, [picture(tmp_path, "confusion.png", 1)])
    branch.publish(remote, 12, [picture(tmp_path, "confusion.png", 2)])
    other = branch.publish(remote, 1, [picture(tmp_path, "confusion.png", 3)])
    assert one["confusion.png"] != other["confusion.png"]
    assert len(listed(remote)) == 2
    assert other["confusion.png"].removeprefix(f"{branch.BRANCH}/") in listed(remote)
    count = ["git", "-C", remote, "rev-list", "--count", branch.BRANCH]
    assert subprocess.run(count, capture_output=True, check=True).stdout.strip() == b"1"


def test_what_is_no_png_is_not_published(tmp_path: Path, remote: str) -> None:
    (tmp_path / "x.png").write_text("<html>")
    paths = [tmp_path / "x.png", picture(tmp_path, "y.png", 1)]
    assert list(branch.publish(remote, 1, paths)) == ["y.png"]
    assert len(listed(remote)) == 1


def test_two_that_write_at_once_lose_nothing(tmp_path: Path, remote: str) -> None:
    paths = [picture(tmp_path, f"{number}.png", number) for number in range(3)]
    threads = [
        threading.Thread(target=branch.publish, args=(remote, number, [path]))
        for number, path in enumerate(paths)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(listed(remote)) == len(paths)


def test_a_remote_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CantingError, match="could not be pushed"):
        branch.publish(str(tmp_path / "none"), 1, [picture(tmp_path, "a.png", 1)])
