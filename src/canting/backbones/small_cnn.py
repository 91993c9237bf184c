"""A small network that is trained from nothing: the baseline that transfer learning must beat."""

import keras
from keras import layers

FILTERS = (32, 64, 128)
"""Filters of the three convolutions; each halves the resolution."""


def build(shape: tuple[int, int, int]) -> keras.Model:
    """Return the network without its classifier; it takes `x / 127.5 - 1`."""
    x = inputs = keras.Input(shape)
    for number, filters in enumerate(FILTERS):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    return keras.Model(inputs, x, name="small_cnn")
