"""A painter of batik: the embedded data set, drawn from a seed alone."""

from canting.painter.picture import LABELS, PER_CLASS, SEED, paint, paint_file, paint_folder

__all__ = ["LABELS", "PER_CLASS", "SEED", "paint", "paint_file", "paint_folder"]
