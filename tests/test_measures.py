"""Brightness, contrast and sharpness: their values, and what does not change them."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from canting.imaging.measures import SIDE, measure


def blocks(size: tuple[int, int], seed: int = 7) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.NEAREST)


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (256, 256), (2000, 3)])
def test_a_constant_picture_has_no_contrast_and_no_edge(value: int, size: tuple[int, int]) -> None:
    assert measure(Image.new("RGB", size, (value,) * 3)) == (value, 0.0, 0.0)


def test_small_pictures_are_measured_as_they_are() -> None:
    luma = np.array([[0, 0, 0], [0, 90, 0], [0, 0, 0]], np.uint8)
    found = measure(Image.fromarray(luma).convert("RGB"))
    edges = np.array([0, 90, 0, 90, -360, 90, 0, 90, 0])
    assert found == (10.0, round(float(luma.std()), 2), round(float(edges.var()), 2))


@pytest.mark.parametrize("times", [2, 3, 5, 8])
def test_the_camera_s_pixels_do_not_count(times: int) -> None:
    small = blocks((SIDE, SIDE * 3 // 4))
    large = small.resize((small.width * times, small.height * times), Image.Resampling.NEAREST)
    found, expected = measure(large), measure(small)
    assert found[:2] == pytest.approx(expected[:2], rel=0.02)
    assert found.sharpness == pytest.approx(expected.sharpness, rel=0.3)


def test_the_same_blur_counts_the_same_at_every_size() -> None:
    found = [
        measure(blocks((side, side)).filter(ImageFilter.GaussianBlur(0.03 * side))).sharpness
        for side in (256, 640, 1500)
    ]
    assert max(found) < 4 < measure(blocks((256, 256))).sharpness / 100


def test_a_sharp_picture_loses_sharpness_with_each_blur() -> None:
    image = blocks((400, 300))
    found = [
        measure(image.filter(ImageFilter.GaussianBlur(radius)) if radius else image).sharpness
        for radius in (0, 1, 2, 4)
    ]
    assert found == sorted(found, reverse=True)


def test_grey_levels_are_rec_601() -> None:
    assert measure(Image.new("RGB", (9, 9), (255, 0, 0))).brightness == 76.0
    assert measure(Image.new("RGB", (9, 9), (0, 255, 0))).brightness == 150.0
