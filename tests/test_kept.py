"""What is made once for all tests."""

from pathlib import Path

import pytest

from tests.kept import kept


def test_it_is_made_once_and_anew_for_another_source(
    pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        folder.mkdir()
        (folder / "number").write_text(str(len(made)))

    source = tmp_path / "source.py"
    source.write_text(f"import canting\nPLACE = {str(tmp_path)!r}\n")
    folders = [kept(pytestconfig, "tried", make, source) for _ in range(2)]
    assert (len(made), folders[0]) == (1, folders[1])
    source.write_text(f"{source.read_text()}MORE = 1\n")
    other = kept(pytestconfig, "tried", make, source)
    assert [(one / "number").read_text() for one in (folders[0], other)] == ["1", "2"]


def test_what_could_not_be_made_is_tried_again(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text(f"PLACE = {str(tmp_path)!r}\n")

    def fail(folder: Path) -> None:
        folder.mkdir()
        raise OSError("No space left")

    with pytest.raises(OSError, match="No space"):
        kept(pytestconfig, "tried", fail, source)
    assert kept(pytestconfig, "tried", Path.mkdir, source).is_dir()
