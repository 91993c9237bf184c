"""A worker that ends with its supervisor, in place of keeping its port for ever."""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""From `<linux/prctl.h>`."""


def end_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the parent dies, even by `kill -9`; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
