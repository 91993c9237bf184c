"""Multiply-adds against hand and papers; what a backbone without a trunk costs."""

from math import prod
from pathlib import Path

import keras
import pytest
from keras import layers

from canting.models.backbones.multiply_adds import multiply_adds
from canting.models.backbones.table import TABLE
from canting.models.features import cost
from tests.conftest import slow

SIZE, LITE = (64, 64), "efficientnet_lite0"


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(5, 3, padding="same"), 8 * 10 * 5 * 9 * 4),
        (layers.Conv2D(6, 3, strides=2, padding="same", groups=2), 4 * 5 * 6 * 9 * 2),
        (layers.DepthwiseConv2D(3, padding="same"), 8 * 10 * 4 * 9),
        (layers.SeparableConv2D(7, 5, padding="same"), 8 * 10 * (25 * 4 + 4 * 7)),
        (layers.Dense(3), 8 * 10 * 4 * 3),
        (layers.BatchNormalization(), 0),
    ],
    ids=lambda value: value.name if isinstance(value, keras.Layer) else "",
)
def test_a_layer_by_hand(layer: keras.Layer, expected: int) -> None:
    inputs = keras.Input((8, 10, 4))
    assert multiply_adds(keras.Model(inputs, layer(inputs))) == expected


def test_a_model_in_a_model_counts_once() -> None:
    inputs, inner = keras.Input((8,)), keras.Sequential([keras.Input((8,)), layers.Dense(5)])
    outer = keras.Model(inputs, layers.Dense(2)(inner(inputs)))
    assert multiply_adds(outer) == 8 * 5 + 5 * 2


@pytest.mark.parametrize(
    ("backbone", "published", "classifier"),
    [
        *slow(
            ("mobilenet_v2", 300e6, 1280 * 1000),  # Sandler et al. 2018, table 4
            ("efficientnet_b0", 0.39e9, 1280 * 1000),  # Tan and Le 2019, table 2
            ("resnet50", 3.8e9, 2048 * 1000),  # He et al. 2015, table 1
        ),
        ("vgg16", 15.5e9, 25088 * 4096 + 4096 * 4096 + 4096 * 1000),  # the same
        ("vgg19", 19.6e9, 25088 * 4096 + 4096 * 4096 + 4096 * 1000),  # the same table
        ("mobilenet_v1", 569e6, 1024 * 1000),  # Howard et al. 2017, table 4
        *slow(
            ("nasnet_mobile", 564e6, 1056 * 1000),  # Zoph et al. 2018, table 3
            ("convnext_tiny", 4.5e9, 768 * 1000),  # Liu et al. 2022, table 1
        ),
    ],
)
def test_published_backbones(backbone: str, published: float, classifier: int) -> None:
    network = TABLE[backbone].build((224, 224, 3))
    assert multiply_adds(network) + classifier == pytest.approx(published, rel=0.02)


@pytest.mark.slow
def test_lite0_is_b0_without_squeeze_and_excitation() -> None:
    whole, lite = (TABLE[name].build((224, 224, 3)) for name in ("efficientnet_b0", LITE))
    excitation = [
        layer for layer in whole.layers if layer.name.endswith(("se_reduce", "se_expand"))
    ]
    assert len(excitation) == 32
    by_hand = sum(prod(layer.kernel.shape) for layer in excitation)
    assert multiply_adds(whole) - by_hand == multiply_adds(lite)


@pytest.mark.slow
def test_a_backbone_trained_from_nothing_has_a_cost_and_no_trunk(tmp_path: Path) -> None:
    counted = cost.of_backbone("small_cnn", SIZE, tmp_path)
    assert counted.parameters == 28 * 32 + (9 * 32 + 1) * 64 + (9 * 64 + 1) * 128
    by_hand = 64 * 64 * 27 * 32 + 32 * 32 * 9 * 32 * 64 + 16 * 16 * 9 * 64 * 128
    assert counted.multiply_adds == by_hand
    assert 4 * counted.parameters < counted.model_bytes < 4 * counted.parameters + 20_000
