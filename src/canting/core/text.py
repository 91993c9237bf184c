"""Text that comes from outside, fit for a terminal."""


def printable(text: str) -> str:
    """Return the text with control characters escaped, so that a name cannot move the cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def legible(text: str) -> str:
    """Return the text as UTF-8 can write it: bytes of a file name that are none are escaped."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
