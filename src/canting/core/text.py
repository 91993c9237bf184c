"""Text that comes from outside, fit for a terminal."""


def printable(text: str) -> str:
    """Return the text with control characters escaped, so that a name cannot move the cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
