"""A painter of batik: the embedded data set, drawn from a seed alone."""

from canting.painter.folder import PER_CLASS, SEED, paint_file, paint_folder
from canting.painter.picture import LABELS, paint

__all__ = ["LABELS", "PER_CLASS", "SEED", "paint", "paint_file", "paint_folder"]
