"""What worker processes of the tests do; they import nothing heavy."""

import os

from canting.core import device


def own(number: int) -> tuple[int, int, str, str]:
    """Return a number, this process, its GPU, and the GPUs that it sees; 99 fails."""
    if number == 99:
        raise ValueError("this one fails")
    return number, os.getpid(), os.environ[device.OWN], os.environ["CUDA_VISIBLE_DEVICES"]
