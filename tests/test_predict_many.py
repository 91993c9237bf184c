"""`canting predict` for many files: kept in chunks, resumed, the same bytes, little memory."""

import csv
import io
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from canting.bundle.classifier import Classifier
from canting.config.stage import CACHE
from canting.core import cache as core_cache
from canting.core.errors import CantingError
from canting.imaging import pictures
from canting.serving.predict import chunk, chunks, table
from canting.serving.predict.chunk import PredictChunk, bundle_digest, keep, keep_there
from canting.serving.predict.predict import WARNINGS, predict
from tests.service_fixtures import bundle

__all__ = ["bundle"]

MAIN = "from canting.cli.main import main; main()"
COUNT, BAD = 60, 7
"""Files of the folder `many`; each so-manieth is no picture."""


@pytest.fixture(autouse=True)
def soon_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """More than ten files are many, in chunks of at most seven; no bundle is remembered."""
    monkeypatch.setattr(chunks, "MOST", 7)
    monkeypatch.chdir(tmp_path)
    chunk.classifier.cache_clear()
    monkeypatch.setattr(chunks, "PARTS", 9)
    yield
    chunk.classifier.cache_clear()


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Return a folder of small pictures, among them files that are none."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(COUNT):
        path = folder / f"{number:03}.png"
        if number % BAD == 3:
            path.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
        else:
            colour = (number, 255 - number, 90) if number % 2 else (200, number, number)
            Image.new("RGB", (70 if number % 3 else 20, 70), colour).save(path)
    return folder


@pytest.fixture
def classified(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return a list that the files will be in that are classified."""
    seen: list[Path] = []
    really = pictures.decode

    def decode(source: Path) -> object:
        seen.append(source)
        return really(source)

    monkeypatch.setattr(pictures, "decode", decode)
    return seen


def kept() -> list[Path]:
    return sorted((CACHE / "predict").glob("*.json"))


def expected(many: Path, bundle: Path) -> list[dict[str, object]]:
    """Return the rows as the classifier says them, file by file."""
    ours = Classifier.load(bundle)
    good = [path for n, path in enumerate(sorted(many.iterdir())) if n % BAD != 3]
    found = []
    for path in good:
        said = ours.classify(path)
        row: dict[str, object] = {"path": str(path), "label": said.label}
        row |= {"probability": said.probability, "abstained": said.abstained}
        found.append(row | {f"probability {k}": v for k, v in said.probabilities.items()})
    return found


def as_csv(rows: list[dict[str, object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([str(v).lower() if isinstance(v, bool) else v for v in row.values()])
    return text.getvalue().encode()


def interrupted(many: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Press Ctrl+C when some chunks are kept; return how many are."""
    with monkeypatch.context() as patch:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(table, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            predict([str(many)], bundle, Path("table.csv"))
    return len(kept())


def test_chunks_lie_where_the_cache_is() -> None:
    assert chunks.FOLDER == CACHE / "predict"


@pytest.mark.parametrize("ending", [".csv", ".json", ".parquet"])
def test_many_files_become_the_table_that_few_become(
    ending: str, many: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, out = expected(many, bundle), tmp_path / f"table{ending}"
    monkeypatch.setattr(table, "ROW_GROUP", 20)
    predict([str(many)], bundle, out)
    if ending == ".csv":
        assert out.read_bytes() == as_csv(rows)
    elif ending == ".json":
        text = json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        assert out.read_bytes() == text.encode()
    else:
        assert pq.read_table(out).to_pylist() == rows
        groups = pq.ParquetFile(out).metadata
        assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [24, 24, 3]
    assert not CACHE.exists()
    monkeypatch.setattr(chunks, "MOST", 1000)
    predict([str(many)], bundle, tmp_path / f"few{ending}")
    if ending != ".parquet":
        assert (tmp_path / f"few{ending}").read_bytes() == out.read_bytes()


def test_json_keeps_what_some_take_for_the_end_of_a_line(tmp_path: Path) -> None:
    first: table.Row = {"path": "a\u2028b\x85c\nd", "label": "é"}
    parts: list[list[table.Row]] = [[first], [], [{"path": "", "label": None}]]
    table.write(tmp_path / "a.json", parts)
    rows = [row for part in parts for row in part]
    text = json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    assert (tmp_path / "a.json").read_bytes() == text.encode()


def test_what_is_printed_is_the_table_and_the_words_are_as_for_few(
    many: Path,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    predict([str(many)], bundle, None)
    said = capsysbinary.readouterr()
    assert said.out == as_csv(expected(many, bundle))
    lines = said.err.decode().splitlines()
    bad = [many / f"{number:03}.png" for number in range(COUNT) if number % BAD == 3]
    assert [line.split(": ")[0] for line in lines[:9]] == [f"skipped `{path}`" for path in bad]
    small = [
        path for n, path in enumerate(sorted(many.iterdir())) if n % 3 == 0 and path not in bad
    ]
    named = ", ".join(f"`{path}`" for path in small[:10])
    assert lines[9] == f"warning: {WARNINGS['small']}: {named} and {len(small) - 10} more"
    assert lines[10].startswith("51 predicted, of these ")
    assert lines[10].endswith("; 9 skipped.")
    assert len(lines) == 11
    monkeypatch.setattr(chunks, "MOST", 1000)
    predict([str(many)], bundle, None)
    assert capsysbinary.readouterr() == said


def test_a_run_goes_on_and_says_so(
    many: Path,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    classified: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert interrupted(many, bundle, monkeypatch) == 9
    assert "Answers are kept in `.canting/predict`" in capsys.readouterr().err
    assert not Path("table.csv").exists()
    classified.clear()
    predict([str(many)], bundle, Path("table.csv"))
    assert classified == []
    assert f"{COUNT} of {COUNT} files had been answered before." in capsys.readouterr().err
    assert Path("table.csv").read_bytes() == as_csv(expected(many, bundle))
    assert kept() == []


def test_a_damaged_chunk_is_made_again(
    many: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch, classified: list[Path]
) -> None:
    interrupted(many, bundle, monkeypatch)
    whole = kept()[4].read_bytes()
    for content in (whole[:90], whole.replace(b"0.", b"1.", 1), b""):
        kept()[4].write_bytes(content)
        classified.clear()
        with pytest.warns(UserWarning, match=f"{kept()[4].name}` is damaged and is made again"):
            interrupted(many, bundle, monkeypatch)
        assert len(classified) in (4, 7)
        assert kept()[4].read_bytes() == whole


def test_another_file_bundle_or_folder_is_another_chunk(
    many: Path,
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    classified: list[Path],
) -> None:
    interrupted(many, bundle, monkeypatch)
    changed = many / "008.png"
    os.utime(changed, ns=(0, changed.stat().st_mtime_ns + 1))
    classified.clear()
    interrupted(many, bundle, monkeypatch)
    assert [path.name for path in sorted(classified)] == [f"{n:03}.png" for n in range(7, 14)]
    other = shutil.copytree(bundle, tmp_path / "other")
    classified.clear()
    interrupted(many, other, monkeypatch)
    assert classified == []
    card = json.loads((other / "card.json").read_text())
    (other / "card.json").write_text(json.dumps({**card, "temperature": 2.0}))
    interrupted(many, other, monkeypatch)
    assert len(classified) == COUNT
    shutil.copytree(many, tmp_path / "copy")
    classified.clear()
    interrupted(tmp_path / "copy", bundle, monkeypatch)
    assert len(classified) == COUNT


def test_a_file_that_could_not_be_read_is_read_again(
    many: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch, classified: list[Path]
) -> None:
    really, failing = pictures.decode, [many / "011.png"]

    def decode(source: Path) -> object:
        if source in failing:
            raise OSError(5, "Input/output error")
        return really(source)

    monkeypatch.setattr(pictures, "decode", decode)
    interrupted(many, bundle, monkeypatch)
    classified.clear()
    failing.clear()
    predict([str(many)], bundle, Path("table.csv"))
    assert len(classified) == 7
    assert "011.png" in Path("table.csv").read_text()


def test_another_process_answers_a_chunk_and_refuses_another_bundle(
    many: Path, bundle: Path, tmp_path: Path
) -> None:
    paths = tuple(sorted(many.iterdir())[:5])
    task = PredictChunk(bundle, bundle_digest(bundle), paths, tmp_path / "kept" / "a.json")
    assert pickle.loads(pickle.dumps(task)) == task
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(keep, task).result() == 5
        assert pool.submit(keep, task).result() == 0
        with pytest.raises(CantingError, match="expected the bundle of the first picture"):
            pool.submit(keep, task._replace(digest="0" * 64, kept=None)).result()
    assert [one.path for one in chunk.rows(task)] == list(paths)
    assert chunk.rows(task) == chunk.classified(task)


@pytest.fixture
def sent(many: Path, bundle: Path, tmp_path: Path) -> PredictChunk:
    """A chunk as a node gets it, in a folder where it has the bundle."""
    task = PredictChunk(bundle, bundle_digest(bundle), tuple(sorted(many.iterdir())[:5]))
    moved = task._replace(kept=tmp_path / "predict" / "a.json").moved()
    moved.bundle.parent.mkdir()
    moved.bundle.symlink_to(bundle)
    return moved


def test_a_node_that_sees_the_same_pictures_answers(sent: PredictChunk) -> None:
    """One whose clock is coarse, or where one went away meanwhile, which is asked for at home."""
    first, second = sent.paths[:2]
    assert sent.states[0] is not None
    os.utime(first, ns=(0, sent.states[0].changed // 10**9 * 10**9))
    second.unlink()
    assert keep_there(pickle.loads(pickle.dumps(sent))) == 5
    assert [one.unread for one in chunk.rows(sent)] == [False, True, False, False, False]
    assert not chunk.is_kept(sent)


@pytest.mark.parametrize(("size", "seconds"), [(1, 0), (0, 3), (0, -3), (7, 9)])
def test_a_node_that_sees_other_pictures_is_named_with_the_first_of_them(
    size: int, seconds: int, sent: PredictChunk
) -> None:
    other = sent.paths[2]
    state = sent.states[2]
    assert state is not None
    with other.open("ab") as file:
        file.write(bytes(size))
    os.utime(other, ns=(0, state.changed + seconds * 10**9))
    told = rf"^`{other}`: expected the file .* {state.size} bytes, changed 20.* UTC\. Received: "
    told += rf"{state.size + size} bytes, changed 20.* on node {socket.gethostname()}\. Mount"
    with pytest.raises(CantingError, match=told):
        keep_there(sent)
    assert sent.kept is not None
    assert not sent.kept.exists()


def test_a_node_that_sees_no_picture_is_named(sent: PredictChunk) -> None:
    for path in sent.paths:
        path.unlink()
    with pytest.raises(CantingError, match=f"every node sees .*: node {socket.gethostname()} does"):
        keep_there(sent)


TRAINING = "joblib tqdm psutil threadpoolctl pandas pyarrow scipy sklearn keras tensorflow dvc cv2"
ALONE = f"""
import sys
sys.modules.update(dict.fromkeys({TRAINING.split()!r}))
from canting.cli.main import main
from canting.serving.predict import chunks
chunks.MOST = 7
main()
"""


def test_no_package_of_the_training_is_needed(many: Path, bundle: Path) -> None:
    line = [sys.executable, "-c", ALONE, "predict", str(many), "--bundle", str(bundle)]
    told = subprocess.run(line, capture_output=True, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout == as_csv(expected(many, bundle))


@pytest.mark.parametrize("ends", [False, True])
def test_a_closed_pipe_ends_it_soon_and_keeps_what_was_answered(
    ends: bool, bundle: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.effect_noise((700, 700), 90).convert("RGB").save(tmp_path / "a.jpg")
    for number in range(520):
        os.link(tmp_path / "a.jpg", folder / f"{number:03}.jpg")
    line = [sys.executable, "-c", MAIN, "predict", str(folder), "--bundle", str(bundle)]
    pipes = subprocess.PIPE
    with subprocess.Popen(line, stdout=pipes, stderr=pipes, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("path,label,")
        assert 1 <= len(kept()) < 174
        if ends:
            process.stdout.close()
            assert process.stderr.read() == ""
            assert process.wait(timeout=30) == 141
            assert 1 <= len(kept()) < 174
        else:
            assert len(process.stdout.read().splitlines()) == 520
            assert process.wait(timeout=30) == 0
            assert kept() == []


def test_where_nothing_can_be_kept_a_warning_is_given_and_the_table_made(
    many: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".canting").write_text("a file")
    predict([str(many)], bundle, Path("table.csv"))
    assert "warning: `.canting/predict` cannot be written (" in capsys.readouterr().err
    assert Path("table.csv").read_bytes() == as_csv(expected(many, bundle))


def test_no_clean_up_while_it_runs_in_a_project(
    many: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("dvc.yaml", "params.yaml"):
        Path(name).touch()
    really, told = table.write, []

    def write(*given: object) -> None:
        with pytest.raises(CantingError, match="A stage is running"), core_cache.unused(CACHE):
            told.append("held")
        really(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(table, "write", write)
    predict([str(many)], bundle, Path("table.csv"))
    assert (told, Path("table.csv").is_file(), kept()) == ([], True, [])


def test_none_of_many_is_a_picture(tmp_path: Path, bundle: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(CantingError, match=r"None of 12 files is a picture. Nothing was written"):
        predict([str(folder)], bundle, Path("table.csv"))
    assert not Path("table.csv").exists()


def started(folder: Path, bundle: Path, cwd: Path) -> "subprocess.Popen[bytes]":
    words = ["predict", folder, "--bundle", bundle, "--out", cwd / "table.csv"]
    line = [sys.executable, "-c", MAIN, *map(str, words)]
    return subprocess.Popen(line, cwd=cwd, stderr=subprocess.PIPE)


def test_runs_at_the_same_time_come_to_the_same_table(many: Path, bundle: Path) -> None:
    for number in range(200):
        os.link(many / "001.png", many / f"{number:03}.more.png")
    line = [sys.executable, "-c", ALONE, "predict", str(many), "--bundle", str(bundle)]
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(subprocess.run, line, capture_output=True) for _ in range(3)]
    told = [one.result() for one in asked]
    assert [one.returncode for one in told] == [0, 0, 0], told
    assert len({one.stdout for one in told}) == 1
    assert len(told[0].stdout.splitlines()) == 252


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_killed_at_work_it_goes_on_where_it_stood(
    kind: signal.Signals, bundle: Path, tmp_path: Path
) -> None:
    folder, count = tmp_path / "pictures", 520
    folder.mkdir()
    Image.effect_noise((700, 700), 90).convert("RGB").save(tmp_path / "a.jpg")
    for number in range(count):
        os.link(tmp_path / "a.jpg", folder / f"{number:03}.jpg")
    process = started(folder, bundle, tmp_path)
    deadline = time.monotonic() + 60
    while len(kept()) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(kind)
    _, told = process.communicate(timeout=60)
    assert process.returncode == (-9 if kind == signal.SIGKILL else 130), told
    assert not list(tmp_path.glob("*.csv"))
    before = kept()
    assert 5 <= len(before) < 174
    whole = CACHE / "predict" / f".{before[0].name}.aside-left"  # as of a kill after the renaming
    whole.mkdir()
    process = started(folder, bundle, tmp_path)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    first, last = told.decode().splitlines()
    assert first == f"{3 * len(before)} of {count} files had been answered before."
    assert last.startswith(f"{count} predicted")
    lines = (tmp_path / "table.csv").read_bytes().splitlines()
    assert len(lines) == count + 1
    assert [line.split(b",")[0].decode() for line in lines[1:]] == list(
        map(str, sorted(folder.iterdir()))
    )
    assert len({line.split(b",", 1)[1] for line in lines[1:]}) == 1
    assert not (tmp_path / ".canting").exists()
