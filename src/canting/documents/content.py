"""Elements of a report: sections build it from them, and the templates render them."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from PIL import Image


@dataclass(frozen=True)
class Mono:
    """A piece of text to be read letter by letter: a name, a key, a digest."""

    text: str


@dataclass(frozen=True)
class Strong:
    """A piece of text that stands out."""

    text: str


@dataclass(frozen=True)
class Link:
    """A piece of text that leads to an address."""

    text: str
    address: str


Span = str | Mono | Strong | Link
Text = tuple[Span, ...]


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    kind: ClassVar[str] = "paragraph"
    text: Text


@dataclass(frozen=True)
class Listing:
    """A list of points."""

    kind: ClassVar[str] = "listing"
    items: tuple[Text, ...]


@dataclass(frozen=True)
class Code:
    """Lines to type or to keep as they are."""

    kind: ClassVar[str] = "code"
    text: str
    language: str


@dataclass(frozen=True)
class Table:
    """Rows under a caption; `words` is the number of leading columns that hold words."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Span, ...], ...]
    words: int = 1

    @property
    def prose(self) -> bool:
        """Whether a cell holds more than a few words."""
        return any(len(cell) > 60 for row in self.rows for cell in row if isinstance(cell, str))


@dataclass(frozen=True)
class Figure:
    """A picture file, whole, under a name of its own; `caption` may be empty in a gallery."""

    kind: ClassVar[str] = "figure"
    name: str
    content: bytes
    caption: str
    alt: str

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height on a page, in its pixels of 1/96 inch."""
        with Image.open(io.BytesIO(self.content)) as image:
            (width, height), dots = image.size, image.info.get("dpi", (96, 96))[0]
        return round(width * 96 / dots), round(height * 96 / dots)


@dataclass(frozen=True)
class Gallery:
    """Figures of one kind, side by side where there is room."""

    kind: ClassVar[str] = "gallery"
    caption: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Details:
    """Blocks that are shown on demand."""

    kind: ClassVar[str] = "details"
    summary: str
    blocks: "tuple[Block, ...]"


Block = Paragraph | Listing | Code | Table | Figure | Gallery | Details


@dataclass(frozen=True)
class Section:
    """A numbered part of the report."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """The whole report; `about` stands below the title, `findings` is the abstract."""

    title: str
    about: Text
    findings: tuple[Text, ...]
    sections: tuple[Section, ...]
    heading: str = "Findings"

    def figures(self) -> Iterator[Figure]:
        """Yield every figure, in the order of the report."""
        for section in self.sections:
            yield from _figures(section.blocks)


def _figures(blocks: tuple[Block, ...]) -> Iterator[Figure]:
    for block in blocks:
        if isinstance(block, Figure):
            yield block
        elif isinstance(block, Gallery):
            yield from block.figures
        elif isinstance(block, Details):
            yield from _figures(block.blocks)


def say(*spans: Span) -> Paragraph:
    """Return a paragraph of the spans."""
    return Paragraph(spans)


def figure(path: Path, caption: str, alt: str, name: str = "") -> tuple[Figure, ...]:
    """Return the picture at `path` as a figure; nothing where there is no such file."""
    if not path.is_file():
        return ()
    return (Figure(name or path.name, path.read_bytes(), caption, alt),)
