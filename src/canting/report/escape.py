"""Text as HTML and as Markdown; names of classes and files come from outside and do no harm."""

import re

from markupsafe import Markup

from canting.report.content import Link, Mono, Span, Text

SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown takes for a mark; an underscore inside a word is none."""


def html(text: Text) -> Markup:
    """Return spans as HTML."""
    return Markup().join(map(_html, text))


def markdown(text: Text, *, cell: bool = False) -> str:
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
