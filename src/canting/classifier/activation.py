"""Which part of a picture speaks for a label."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def activation(feature_map: Array, kernel: Array, place: int) -> Array:
    """Return the class activation map of the class at `place`, `(h, w) float32` in 0…1.

    The map is `(h, w, channels)`, the classifier's kernel `(channels, classes)`. As logits are the
    mean of `map @ kernel` plus a bias, the map is exact, without gradients (Zhou et al., "Learning
    Deep Features for Discriminative Localization", CVPR 2016). The mean over the classes is taken
    off, which softmax does not see: what speaks for all of them alike speaks for none.
    """
    weights = kernel[:, place] - kernel.mean(axis=1)
    evidence = np.maximum(feature_map @ weights, 0)
    most = evidence.max()
    return np.asarray(evidence / most if most > 0 else evidence, dtype=np.float32)
