"""From bytes to an upright RGB array, and from picture to picture."""
