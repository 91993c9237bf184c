"""Write the folder of the cards."""

from pathlib import Path
from typing import Any

from canting.core import files
from canting.documents import render
from canting.documents.cards import metadata
from canting.documents.cards.data import data_card
from canting.documents.cards.model import model_card
from canting.documents.content import Document
from canting.documents.provenance import Provenance
from canting.documents.report.write import FIGURES
from canting.documents.run import Run


def write(run: Run, origin: Provenance, path: Path) -> None:
    """Write both cards, each as a page and as Markdown, with the figures of both."""
    with files.replacing(path) as folder:
        (folder / FIGURES).mkdir(parents=True)
        _card(model_card(run, origin), metadata.of_model(run), folder / "model_card")
        _card(data_card(run, origin), metadata.of_data(run), folder / "data_card")


def _card(card: Document, header: dict[str, Any], path: Path) -> None:
    for figure in card.figures():
        (path.parent / FIGURES / figure.name).write_bytes(figure.content)
    files.write_text(path.with_suffix(".html"), render.html(card))
    markdown = metadata.text(header) + render.markdown(card, FIGURES)
    files.write_text(path.with_suffix(".md"), markdown)
