"""Validation of the pictures, before anything is trained on them."""

from canting.data.manifest import read
from canting.data.validate.gate import Counts, run

__all__ = ["Counts", "read", "run"]
