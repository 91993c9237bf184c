"""The table of corrected labels: what is written is read, and a bad table names its line."""

import csv
from pathlib import Path

import pytest

from canting.core.errors import CantingError
from canting.data import relabel
from canting.data.relabel import Relabelled

ONE, OTHER = "a" * 64, "b" * 64
HEAD = "sha256,given,label,path\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "relabel.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_what_is_written_is_read_and_kept_in_the_order_of_paths(tmp_path: Path) -> None:
    rows = {
        (OTHER, "glass"): Relabelled("=1+cmd|'calc'!A0", 'glass/z, "1".jpg'),
        (ONE, "kaca, “tebal”"): Relabelled("", "kaca/a\n.jpg"),
        (ONE, "glass"): Relabelled("glass", "glass/a.jpg"),
    }
    path = tmp_path / "relabel.csv"
    relabel.write(path, rows)
    assert relabel.read(path) == rows
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["path"] for row in table] == ["glass/a.jpg", 'glass/z, "1".jpg', "kaca/a\n.jpg"]
    relabel.write(path, {})
    assert path.read_text() == HEAD
    assert relabel.read(path) == {}


def test_a_row_that_would_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "relabel.csv"
    relabel.write(path, {(ONE, "glass"): Relabelled("metal")})
    before = path.read_bytes()
    with pytest.raises(CantingError, match="Received: 'a/b'"):
        relabel.write(path, {(ONE, "glass"): Relabelled("a/b")})
    assert path.read_bytes() == before


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    text = f"\ufefflabel,note,given,sha256\r\nmetal,mine,café,{ONE.upper()}\r\n\r\n"
    path = written(tmp_path, text)
    assert relabel.read(path) == {(ONE, "café"): Relabelled("metal")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected the columns sha256, given, label"),
        (f"sha256;given;label\n{ONE};a;b\n", "Received: sha256;given;label"),
        (f"sha256,label\n{ONE},a\n", "Received: sha256, label"),
        ("sha256,given,label,label\n", "line 1"),
        (f"{HEAD}{ONE[1:]},a,b,\n", "line 2: expected a SHA-256 of 64 hexadecimal digits"),
        (f"{HEAD}{ONE},a,b,\n{ONE},a,c,\n", f"line 3.*a second one for {ONE}, 'a'"),
        (f"{HEAD}{ONE},a,b/c,\n", "in `label` text without `/`.*Received: 'b/c'"),
        (f"{HEAD}{ONE},a,..,\n", "Received: '..'"),
        (f"{HEAD}{ONE},a, ,\n", "or nothing. Received: ' '"),
        (f"{HEAD}{ONE},,b,\n", "in `given` text .* Received: ''"),
        (f'{HEAD}{ONE},a,"b\nc",\n', r"Received: 'b\\nc'"),
        (f"{HEAD}{ONE},a\n", "expected 4 values, as in the header. Received: 2"),
        (f'{HEAD}{ONE},a,"b,\n', "expected CSV"),
    ],
)
def test_a_bad_table_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CantingError, match=f"(?s){said}") as error:
        relabel.read(path)
    assert str(path) in str(error.value)


def test_a_table_that_is_not_there_or_no_text_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        CantingError, match=r"no file .* leave the key empty: `canting review` then writes"
    ):
        relabel.read(tmp_path / "none.csv")
    path = tmp_path / "relabel.csv"
    path.write_bytes(b"sha256,given,label\n\xff\xfe")
    with pytest.raises(CantingError, match="expected a CSV file in UTF-8"):
        relabel.read(path)
