"""Seconds that are of the outcome that is there, and marks that tell pages of two runs apart."""

from pathlib import Path

import pytest

from canting.core import costs, files
from canting.core.mark import MARK, mark


def test_seconds_are_known_until_the_outcome_is_another(tmp_path: Path) -> None:
    curves = tmp_path / costs.MEASURED_FOR["train"][0]
    files.write_text(curves, "epoch,loss\n1,0.5\n")
    costs.note("train", tmp_path)
    assert costs.known("train", tmp_path)
    files.write_text(curves, "epoch,loss\n1,0.4\n")
    assert not costs.known("train", tmp_path)
    files.write_text(curves, "epoch,loss\n1,0.5\n")
    assert costs.known("train", tmp_path)


def test_a_mark_tells_files_and_settings_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files.write_text(Path("build/best/card.json"), "{}")
    pages, parts = Path("build/report"), [Path("build/best"), Path("results/absent")]
    marks = []
    for title in ("one", "one", "two"):
        mark(pages, parts, {"title": title})
        marks.append((pages / MARK).read_bytes())
    files.write_text(Path("build/best/more.json"), "{}")
    mark(pages, parts, {"title": "two"})
    marks.append((pages / MARK).read_bytes())
    assert marks[0] == marks[1]
    assert len(set(marks)) == 3
