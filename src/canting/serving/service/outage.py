"""A failure of the history, as the service remembers it."""

from time import monotonic

QUIET_SECONDS, AWAY_SECONDS = 0.25, 2.0
"""After a failure of the history, and of a server that is away, in which no answer waits for it."""

SETTLED_SECONDS = 16 * 60.0
"""After which no picture of an outage is too young to be swept."""


class Outage:
    """A failure of the history: nobody waits for it, and what it leaves is swept afterwards."""

    def __init__(self) -> None:
        """Start without one."""
        self._problem, self._until = "", 0.0
        self._sweeps: list[float] = []

    @property
    def problem(self) -> str:
        """Why the history is left alone at the moment; empty: it is not."""
        return self._problem if monotonic() < self._until else ""

    def begin(self, problem: str, *, is_away: bool) -> None:
        """Leave the history alone for a while."""
        now = monotonic()
        self._problem, self._until = problem, now + (AWAY_SECONDS if is_away else QUIET_SECONDS)
        self._sweeps = [now, now + SETTLED_SECONDS]

    def is_sweep_due(self) -> bool:
        """Return, once for each, whether pictures without an entry are to be swept."""
        if not self._sweeps or monotonic() < self._sweeps[0]:
            return False
        self._sweeps.pop(0)
        return True
