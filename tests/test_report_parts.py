"""The small parts of the report: numbers, escapes, reading, provenance."""

import io
import math
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from canting.core.errors import CantingError
from canting.core.revision import revision
from canting.documents import numbers, read, render
from canting.documents.content import Link, Mono, Strong
from canting.documents.provenance import lock_digest, provenance
from canting.documents.report import data


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (numbers.score(0.95106), "0.9511"),
        (numbers.score(math.nan), "–"),
        (numbers.signed(-0.0123), "−0.0123"),
        (numbers.interval(0.94021, 0.95899), "[0.9402, 0.9590]"),
        (numbers.interval(-0.01, 0.02, sign=True), "[−0.0100, +0.0200]"),
        (numbers.interval(math.nan, 0.2), "–"),
        (numbers.p_value(0.00009), "< 0.0001"),
        (numbers.p_value(0.04999), "0.0500"),
        (numbers.count(23587712), "23,587,712"),
        (numbers.decimal(1234.56), "1,234.6"),
        (numbers.share(8, 2527), "0.3 %"),
        (numbers.share(0, 0), "–"),
        (numbers.millions(3_857_973_248), "3,858.0 M"),
        (numbers.size(94_350_848), "94.4 MB"),
        (numbers.size(21_150), "21.1 kB"),
        (numbers.seconds(59.94), "59.9 s"),
        (numbers.seconds(59.96), "1 min 00 s"),
        (numbers.seconds(252), "4 min 12 s"),
        (numbers.seconds(3600 * 26 + 119.6), "26 h 02 min"),
        (numbers.plural(1, "class", "classes"), "1 class"),
        (numbers.plural(2527, "picture"), "2,527 pictures"),
        (numbers.listed(["a", "b", "c"]), "a, b and c"),
        (numbers.listed(["a"]), "a"),
        (numbers.level(0.95), "95 %"),
    ],
)
def test_numbers_in_words(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("span", "html", "markdown"),
    [
        ("<b> & 'x'", "&lt;b&gt; &amp; &#39;x&#39;", "&lt;b&gt; &amp; 'x'"),
        ("a|b", "a|b", r"a\|b"),
        ("mega_mendung _x_", "mega_mendung _x_", r"mega_mendung \_x\_"),
        ("[x](y) `z`", "[x](y) `z`", r"\[x\](y) \`z\`"),
        ("one\ntwo\x1b[0m", "one two�[0m", r"one two�\[0m"),
        ("gnp\u202e.exe", "gnp�.exe", "gnp�.exe"),
        (Mono("a`|<b>"), "<code>a`|&lt;b&gt;</code>", r"`` a`\|<b> ``"),
        (Strong(" *a* "), "<strong> *a* </strong>", r"**\*a\***"),
        (Link("doi", "https://doi.org/1"), '<a href="https://doi.org/1">doi</a>',
         "[doi](https://doi.org/1)"),
    ],
)  # fmt: skip
def test_spans_are_escaped(span: str | Mono | Strong | Link, html: str, markdown: str) -> None:
    assert render.escape_html((span,)) == html
    assert render.escape_markdown((span,), cell=True) == markdown


def test_a_bar_in_code_is_escaped_in_a_table_alone() -> None:
    assert render.escape_markdown(("see ", Mono("a|b"), " there")) == "see `a|b` there"


def test_words_stay_words_and_numbers_become_numbers(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("label,tp,f1,distinguishable\nNA,3,,False\n007,4,0.1,True\n,5,0.5,False\n")
    table = read.table(path)
    assert table["label"].tolist() == ["NA", "007", ""]
    assert table["tp"].tolist() == [3, 4, 5]
    assert math.isnan(table["f1"][0])
    assert table["f1"].tolist()[1:] == [0.1, 0.5]
    assert table["distinguishable"].tolist() == [0, 1, 0]
    with pytest.raises(CantingError, match=r"other\.json`: expected"):
        read.record(tmp_path / "other.json", dict)


def test_examples_are_spread_over_a_class(tmp_path: Path) -> None:
    names = [f"{place}.png" for place in range(11)]
    for place, name in enumerate(names):
        Image.new("RGB", (50, 50), (20 * place, 0, 0)).save(tmp_path / name)
    with Image.open(io.BytesIO(data.example_strip(names, tmp_path))) as sheet:
        assert sheet.size == (6 * 160 + 5 * 8, 160)
        reds = [sheet.getpixel((80 + 168 * place, 80))[0] for place in range(6)]  # type: ignore[index]
    assert reds == pytest.approx([0, 40, 80, 120, 160, 200], abs=6)


def test_the_lock_is_told_without_the_report_itself(tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    assert lock_digest(lock) is None
    lock.write_text("stages:\n  train: {cmd: a}\n")
    before = lock_digest(lock)
    lock.write_text("stages:\n  train: {cmd: a}\n  report: {cmd: b}\n")
    assert lock_digest(lock) == before
    lock.write_text("stages:\n  train: {cmd: c}\n")
    assert lock_digest(lock) != before


def test_where_a_run_comes_from(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    origin = provenance(tmp_path)
    assert origin.params == "seed: 1\n"
    assert any(name.startswith("canting ") for name in origin.versions)
    assert any(name.startswith("numpy ") for name in origin.versions)
    assert not any(name.startswith("no ") for name in origin.versions)


def test_a_revision_is_dirty_by_what_the_run_was_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision() is None
    for name in ("params.yaml", "dvc.lock", "results/metrics.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "state")):
        subprocess.run(["git", *command], check=True)
    commit = revision()
    assert commit is not None
    assert len(commit) == 40
    (tmp_path / "results" / "metrics.json").write_text("2")
    (tmp_path / "dvc.lock").write_text("2")
    assert revision() == commit
    (tmp_path / "params.yaml").write_text("2")
    assert revision() == f"{commit}-dirty"
