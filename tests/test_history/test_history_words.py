"""File names and labels from outside."""

import pytest

from canting.serving.service.history import InvalidValue, texts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("kain.jpg", "kain.jpg"),
        ("../../x", "x"),
        ("..\\..\\x.jpg", "x.jpg"),
        ("C:\\fakepath\\kain batik.JPG", "kain batik.JPG"),
        ("a\0b.jpg", "ab.jpg"),
        ("line\r\nbreak\t.jpg", "linebreak.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("\u200f\u2066kain\u2069.jpg", "kain.jpg"),
        ("-rf", "rf"),
        ("=HYPERLINK(1).jpg", "HYPERLINK(1).jpg"),
        ("@+-.x", "x"),
        ("<script>alert(1)</script>", "script>"),
        ("<img src=x>.jpg", "<img src=x>.jpg"),
        ("Große Übermaß 猫 😀.png", "Große Übermaß 猫 😀.png"),
        ("e\u0301.jpg", "\u00e9.jpg"),
        ("\ud800.jpg", "?.jpg"),
        ("", "picture"),
        ("..", "picture"),
        ("folder/", "picture"),
        ("\0\n", "picture"),
    ],
)
def test_names_are_cleaned(given: str, expected: str) -> None:
    assert texts.name(given) == expected


def test_a_long_name_keeps_its_beginning_and_its_ending() -> None:
    for length in (5_000, 5_000_000):
        name = texts.name("a" * length + ".jpg")
        assert len(name) == texts.LONGEST_NAME
        assert name.startswith("aaa")
        assert name.endswith("a.jpg")


def test_labels_can_name_a_folder() -> None:
    assert texts.label(" Mega Mendung ") == "Mega Mendung"
    assert texts.label("e\u0301") == "\u00e9"
    assert texts.label("ꦏ" * 85) == "ꦏ" * 85
    for bad in ("", " ", ".", "..", "a/b", "a\\b", "a\nb", "\0", "\ud800", "x" * 101, "ꦏ" * 86):
        with pytest.raises(InvalidValue, match=r"Received: '.*'\. Give another"):
            texts.label(bad)
