"""The gate between the pictures as they came and everything that learns from them."""

from canting.data.manifest import read
from canting.data.validate.gate import Counts, run

__all__ = ["Counts", "read", "run"]
