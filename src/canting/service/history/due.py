"""When the limits of a history are to be kept again."""

import threading
import time

AFTER_ADDS = 20
AFTER_SECONDS = 3600.0


class Due:
    """Counts additions and time since the limits were last kept; for many threads."""

    def __init__(self) -> None:
        """Begin with limits that were just kept."""
        self._lock = threading.Lock()
        self._begin()

    def now(self, added: int = 0) -> bool:
        """Count additions; tell once that it is time, and begin again."""
        with self._lock:
            self._added += added
            elapsed = time.monotonic() - self._since
            if self._added < AFTER_ADDS and elapsed < AFTER_SECONDS:
                return False
            self._begin()
            return True

    def _begin(self) -> None:
        self._added = 0
        self._since = time.monotonic()
