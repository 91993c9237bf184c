"""Marks in texts of our own."""

import re

from markupsafe import Markup, escape

STARRED = re.compile(r"\*([^*]+)\*")


def emphasis(text: str) -> Markup:
    """Return escaped text in which `*words*` are set apart."""
    return Markup(STARRED.sub(r"<em>\1</em>", str(escape(text))))
