"""Escape text for HTML and Markdown; names of classes and files come from outside."""

import base64
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from canting.documents.content import Document, Figure, Link, Mono, Span, Table, Text
from canting.evaluation.plots.figure import INDIGO, INK, PAPER, SOGA

SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown takes for a mark; an underscore inside a word is none."""


def escape_html(text: Text) -> Markup:
    """Return spans as HTML."""
    return Markup().join(map(_html, text))


def escape_markdown(text: Text, *, cell: bool = False) -> str:
    """Return spans as one line of Markdown; in a cell of a table, a bar never ends the cell."""
    return "".join(_markdown(span, cell) for span in text)


def plain(text: str) -> str:
    """Return text on one line, without control characters and marks of direction."""
    return "".join(" " if c.isspace() else c if c.isprintable() else "�" for c in text)


def _html(span: Span) -> Markup:
    if isinstance(span, str):
        return Markup("{}").format(plain(span))
    text = plain(span.text)
    if isinstance(span, Link):
        return Markup('<a href="{}">{}</a>').format(span.address, text)
    tag = Markup("<code>{}</code>") if isinstance(span, Mono) else Markup("<strong>{}</strong>")
    return tag.format(text)


def _markdown(span: Span, cell: bool) -> str:
    if isinstance(span, str):
        return _marked(span)
    if isinstance(span, Mono):
        code = _code(plain(span.text))
        return code.replace("|", r"\|") if cell else code
    if isinstance(span, Link):
        return f"[{_marked(span.text)}]({span.address})"
    return f"**{_marked(span.text.strip())}**"


def _marked(text: str) -> str:
    escaped = SPECIAL.sub(r"\\\g<0>", plain(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, room = "`" * (longest + 1), " " if longest else ""
    return fence + room + text + room + fence


TYPES = {".jpg": "image/jpeg", ".png": "image/png"}


def html(report: Document) -> str:
    """Return the report as one page that needs nothing beside itself."""
    return _fill("report.html.j2", report=report)


def markdown(report: Document, figures: str) -> str:
    """Return the report as Markdown, its pictures in the folder `figures` beside it."""
    return _fill("report.md.j2", report=report, folder=figures)


def markdown_table(table: Table) -> str:
    """Return one table as Markdown, with its caption below."""
    return _fill("table.md.j2", table=table)


def _fill(name: str, **content: Any) -> str:
    """Fill a template; only the templates of HTML escape by themselves."""
    environment = Environment(
        loader=PackageLoader("canting.documents"),
        autoescape=".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"html": escape_html, "md": escape_markdown, "plain": plain}
    environment.globals |= {"number": _numbers(), "uri": uri, "colour": _colours()}
    return environment.get_template(name).render(**content)


def uri(figure: Figure) -> Markup:
    """Return a picture as an address that holds it."""
    content = base64.b64encode(figure.content).decode()
    return Markup("data:{};base64,{}").format(TYPES[Path(figure.name).suffix], content)


def _numbers() -> Callable[[str], int]:
    """Return a function that counts the tables and the figures."""
    counts: Counter[str] = Counter()

    def number(kind: str) -> int:
        counts[kind] += 1
        return counts[kind]

    return number


def _colours() -> dict[str, str]:
    names = {"ink": INK, "paper": PAPER, "indigo": INDIGO, "soga": SOGA}
    return {name: Markup(value) for name, value in names.items()}
