"""Several whole models as one, from a picture to the same three answers."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops


def joined(models: Sequence[keras.Model], scales: Sequence[float]) -> keras.Model:
    """Return one model of members that each answer with logits, pooled feature and map.

    The logits are the logarithm of the mean of the members' probabilities. Feature and map are
    those of all members side by side, each divided by its scale; the maps are on the coarsest
    member's grid, and their mean over it is the feature. What members have in common, such as a
    trunk, the LiteRT converter keeps once. A model alone stays as it is.
    """
    if len(models) == 1:
        return models[0]
    picture = keras.Input(models[0].input.shape[1:], name="picture")
    members = [
        keras.Model(model.input, model.output, name=f"member_{place}")(picture)
        for place, model in enumerate(models)
    ]
    grid = min((member["map"].shape[1:3] for member in members), key=np.prod)
    pooled = [one["pooled"] / scale for one, scale in zip(members, scales, strict=True)]
    maps = [on_grid(one["map"], grid) / scale for one, scale in zip(members, scales, strict=True)]
    answer = {
        "logits": _averaged([one["logits"] for one in members]),
        "pooled": layers.concatenate(pooled),
        "map": layers.concatenate(maps),
    }
    return keras.Model(picture, answer, name="canting")


def _averaged(logits: Sequence[Any]) -> Any:
    """Return the logarithm of the mean probabilities, `(n, classes)`.

    The largest is taken off first, so that a probability below float32's smallest is not lost.
    """
    each = ops.stack([ops.log_softmax(one) for one in logits])
    most = ops.max(each, axis=0)
    return most + ops.log(ops.mean(ops.exp(each - most), axis=0))


def on_grid(map_: Any, grid: tuple[int, int]) -> Any:
    """Return a map, `(n, h, w, channels)`, averaged by area on another grid; its mean stays."""
    (rows, columns), channels = map_.shape[1:3], map_.shape[-1]
    if (rows, columns) == tuple(grid):
        return map_
    tall = ops.reshape(map_, (-1, rows, columns * channels))
    tall = ops.reshape(ops.matmul(areas(rows, grid[0]), tall), (-1, grid[0], columns, channels))
    return ops.matmul(areas(columns, grid[1]), tall)


def areas(old: int, new: int) -> npt.NDArray[np.float32]:
    """Return the share of each old cell in each new one of a side, `(new, old)`; rows sum to 1."""
    starts, ends = (np.arange(new) + end for end in (0, 1))
    cells = np.arange(old) * new / old
    low = np.maximum(starts[:, None], cells)
    high = np.minimum(ends[:, None], cells + new / old)
    return np.asarray(np.maximum(high - low, 0), dtype=np.float32)
