"""`canting history`: corrections for training again, limits, and looking for damage."""

import csv
import os
import sys
from pathlib import Path

import pytest

from canting.cli import main
from canting.core.errors import CantingError
from canting.serving.service.history import Entry, History, HistoryError, open_history
from tests.history_made import MODEL, new, opened, picture, stored


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "corrected"


def corrected(history: History, label: str, seed: int = 0) -> Entry:
    return history.correct(history.add(new(), picture(seed=seed)).id, label)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "corrections.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_corrections_become_a_labelled_folder(history: History, out: Path) -> None:
    one, two = corrected(history, "parang"), corrected(history, "Mega Mendung")
    history.add(new(), picture())
    history.correct(history.add(new(), None).id, "parang")
    assert history.export_corrections(out) == {"Mega Mendung": 1, "parang": 1}
    pictures = [f"Mega Mendung/{two.id}.jpg", f"parang/{one.id}.jpg"]
    assert files(out) == [*pictures[:1], "corrections.csv", *pictures[1:]]
    assert (out / pictures[1]).read_bytes() == history.picture(one.id)
    assert [(row["id"], row["label"], row["answered"]) for row in rows(out)] == [
        (one.id, "parang", "kawung"),
        (two.id, "Mega Mendung", "kawung"),
    ]
    assert (rows(out)[0]["model"], rows(out)[0]["probability"]) == (MODEL, "0.75")


def test_a_folder_is_added_to_and_nothing_there_is_touched(history: History, out: Path) -> None:
    (out / "parang").mkdir(parents=True)
    (out / "parang" / "mine.jpg").write_text("mine")
    (out / "notes.txt").write_text("mine")
    one = corrected(history, "parang")
    history.export_corrections(out)
    os.utime(out / f"parang/{one.id}.jpg", (1, 1))
    assert history.export_corrections(out) == {}
    two = corrected(history, "parang", seed=1)
    assert history.export_corrections(out) == {"parang": 1}
    assert (out / f"parang/{one.id}.jpg").stat().st_mtime == 1
    assert (out / "parang" / "mine.jpg").read_text() == (out / "notes.txt").read_text() == "mine"
    assert [row["id"] for row in rows(out)] == [one.id, two.id]
    history.delete(one.id)
    assert history.export_corrections(out) == {}
    assert [row["id"] for row in rows(out)] == [one.id, two.id]


def test_a_picture_corrected_again_is_never_there_twice(history: History, out: Path) -> None:
    one = corrected(history, "parang")
    history.export_corrections(out)
    history.correct(one.id, "truntum")
    assert history.export_corrections(out) == {"truntum": 1}
    assert files(out) == ["corrections.csv", f"truntum/{one.id}.jpg"]
    assert [(row["id"], row["label"]) for row in rows(out)] == [(one.id, "truntum")]


def test_an_export_that_fails_changes_nothing(history: History, folder: Path, out: Path) -> None:
    one, two = corrected(history, "parang"), corrected(history, "kawung")
    history.export_corrections(out)
    before = files(out)
    for entry in (one, two):
        history.correct(entry.id, "truntum")
    (path,) = folder.glob(f"*/{one.id}.jpg")
    path.unlink()
    path.mkdir()
    with pytest.raises(HistoryError):
        history.export_corrections(out)
    assert files(out) == before
    assert [row["label"] for row in rows(out)] == ["parang", "kawung"]
    assert not list(out.glob(".*"))


def test_a_picture_without_its_row_gets_it_at_the_next_export(history: History, out: Path) -> None:
    one = corrected(history, "parang")
    history.export_corrections(out)
    (out / "corrections.csv").unlink()
    assert history.export_corrections(out) == {}
    assert [row["id"] for row in rows(out)] == [one.id]


def test_a_place_that_is_no_folder_is_one_clear_error(history: History, tmp_path: Path) -> None:
    corrected(history, "parang")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(HistoryError, match="out` cannot be used"):
        history.export_corrections(tmp_path / "out")


def test_a_table_of_another_kind_is_refused(history: History, out: Path) -> None:
    corrected(history, "parang")
    out.mkdir(parents=True)
    (out / "corrections.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CantingError, match="expected the columns"):
        history.export_corrections(out)
    assert files(out) == ["corrections.csv"]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["canting", "history", *arguments])
    main.main()


def test_the_commands(
    sqlite: str,
    folder: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CANTING_HISTORY_URL", sqlite)
    monkeypatch.setenv("CANTING_PICTURES_URL", str(folder))
    history = open_history(sqlite, str(folder))
    one = corrected(history, "parang")
    kept = history.add(new(), picture())
    history.close()
    run(monkeypatch, "export", str(out))
    assert capsys.readouterr().out == f"1 new in {out}: parang 1\n"
    run(monkeypatch, "export", str(out))
    assert capsys.readouterr().out == f"0 new in {out}\n"
    run(monkeypatch, "check")
    assert "2 entries, 1 corrected" in capsys.readouterr().out
    (left,) = (path.parent / f"{'a' * 32}.jpg" for path in folder.glob(f"*/{one.id}.jpg"))
    left.write_bytes(b"left by a killed process")
    run(monkeypatch, "check")
    assert "1 pictures without entry" in capsys.readouterr().out
    assert left.exists()
    run(monkeypatch, "prune", "--max-bytes", "20000000", "--days", "5")
    assert capsys.readouterr().out.startswith("0 deleted")
    assert not left.exists()
    run(monkeypatch, "prune", "--max-bytes", "1025")
    assert capsys.readouterr().out.startswith("2 deleted")
    assert stored(folder) == []
    assert kept.id != one.id


def test_a_lost_picture_is_named(
    sqlite: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = open_history(sqlite, str(folder))
    gone, cut, whole = (history.add(new(), picture()).id for _ in range(3))
    history.close()
    paths = {path.stem: path for path in folder.glob("*/*.jpg")}
    paths[gone].unlink()
    paths[cut].write_bytes(paths[cut].read_bytes()[:100])
    assert opened(paths[whole].read_bytes()).format == "JPEG"
    with pytest.raises(SystemExit, match="2 entries have lost their picture") as caught:
        run(monkeypatch, "check", "--history", sqlite, "--pictures", str(folder))
    assert all((name in str(caught.value)) is (name != whole) for name in paths)


@pytest.mark.parametrize("action", [["export", "out"], ["prune"], ["check"]])
def test_no_history_is_one_clear_line_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"`history/history\.db` is not there"):
        run(monkeypatch, *action)
    monkeypatch.setenv("CANTING_HISTORY", "off")
    with pytest.raises(SystemExit, match="Name the database with `--history`"):
        run(monkeypatch, *action)
    assert list(tmp_path.iterdir()) == []
