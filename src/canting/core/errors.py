"""The errors that a user can mend."""


class CantingError(Exception):
    """An input or a fault that its user can mend; the message says how.

    A message names the key or file, says what was expected, what was received, and what to do.
    """
