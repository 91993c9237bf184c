"""The two templates, filled."""

import base64
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from canting.evaluation.plots import figure as look
from canting.report import escape
from canting.report.content import Figure, Report, Table

TYPES = {".jpg": "image/jpeg", ".png": "image/png"}


def html(report: Report) -> str:
    """Return the report as one page that needs nothing beside itself."""
    return _fill("report.html.j2", report=report)


def markdown(report: Report, figures: str) -> str:
    """Return the report as Markdown, its pictures in the folder `figures` beside it."""
    return _fill("report.md.j2", report=report, folder=figures)


def markdown_table(table: Table) -> str:
    """Return one table as Markdown, with its caption below."""
    return _fill("table.md.j2", table=table)


def _fill(name: str, **content: Any) -> str:
    """Fill a template; only the templates of HTML escape by themselves."""
    environment = Environment(
        loader=PackageLoader("canting.report"),
        autoescape=".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"html": escape.html, "md": escape.markdown, "plain": escape.plain}
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
    names = {"ink": look.INK, "paper": look.PAPER, "indigo": look.INDIGO, "soga": look.SOGA}
    return {name: Markup(value) for name, value in names.items()}
