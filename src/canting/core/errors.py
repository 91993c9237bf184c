"""Errors that the user can fix."""


class CantingError(Exception):
    """An input or a fault that the user can fix; the message says how.

    A message names the key or file, says what was expected, what was received, and what to do.
    """
