"""What can happen to a picture, by hand."""

import numpy as np
import pytest

from canting.imaging.geometry import cropped, moved, scaled, tilted, turned, warp
from canting.imaging.photometric import blur, contrast, gain, grey, invert, jpeg
from canting.imaging.pictures import Pixels

SIZE = (64, 96)
CORNERS = ((10, 20, 30), (200, 0, 0), (0, 200, 0), (0, 0, 200))


def quadrants() -> Pixels:
    """Return a picture of four colours: top left, top right, bottom left, bottom right."""
    cells = np.array(CORNERS, np.uint8).reshape(2, 2, 3)
    return cells.repeat(SIZE[0] // 2, 0).repeat(SIZE[1] // 2, 1)


def smooth() -> Pixels:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([x * 2, y * 3, (x + y) * 1], axis=2).astype(np.uint8)


def noisy() -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("x", "y", "colour"), [(-1, -1, 0), (1, -1, 1), (-1, 1, 2), (1, 1, 3)], ids=str
)
def test_a_crop_of_a_quarter_is_one_quadrant(x: int, y: int, colour: int) -> None:
    """Half of each side: at the inner edges alone the neighbours shine through, by a quarter."""
    seen = warp(quadrants(), cropped(0.25, x, y, SIZE))
    inner = seen[1:-1, 1:-1]
    assert np.array_equal(inner, np.broadcast_to(CORNERS[colour], inner.shape))


def test_a_crop_in_the_middle_shows_all_quadrants_and_a_whole_one_changes_nothing() -> None:
    seen = warp(quadrants(), cropped(0.25, 0, 0, SIZE))
    assert [tuple(seen[y, x]) for y in (5, 58) for x in (5, 90)] == list(CORNERS)
    assert np.array_equal(warp(noisy(), cropped(1.0, 0.3, -0.7, SIZE)), noisy())


def test_a_quarter_turn_and_a_mirror_are_exact() -> None:
    square = noisy()[:, :64]
    assert np.array_equal(warp(square, turned(90)), np.rot90(square))
    assert np.array_equal(warp(square, scaled(-1, 1)), square[:, ::-1])


def test_a_shift_moves_the_picture_by_its_pixels() -> None:
    seen = warp(noisy(), moved(8, -16))
    assert np.array_equal(seen[16:, :-8], noisy()[:-16, 8:])


def test_a_perspective_by_hand() -> None:
    """The right edge, at half the width, is divided by 1.5, the left one by 0.5."""
    matrix = tilted(0.5, 0, SIZE)
    points = matrix @ np.array([[48, -48, 0], [10, 10, 10], [1, 1, 1]])
    expected = np.array([[32, 20 / 3], [-96, 20], [0, 10]])
    np.testing.assert_allclose((points[:2] / points[2]).T, expected)
    assert np.array_equal(warp(noisy(), tilted(0, 0, SIZE)), noisy())
    edge = warp(quadrants(), tilted(0, 0.5, SIZE))
    assert tuple(edge[-1, 5]) == CORNERS[2]


def test_a_perspective_that_is_none_agrees_with_the_affine_way() -> None:
    """Two ways of resampling: they may round differently by a level or two, not more."""
    matrix = turned(20) @ scaled(1.1, 0.9)
    bent = matrix.copy()
    bent[2, 0] = 1e-12
    difference = warp(smooth(), matrix).astype(int) - warp(smooth(), bent)
    assert np.abs(difference[8:-8, 8:-8]).max() <= 3


def test_grey_is_the_luminance_in_equal_channels() -> None:
    seen = grey(quadrants())
    assert (seen == seen[..., :1]).all()
    assert [int(seen[y, x, 0]) for y in (0, 63) for x in (0, 95)] == [18, 60, 117, 23]
    assert np.array_equal(grey(seen), seen)


def test_inversion_is_an_involution() -> None:
    assert np.array_equal(invert(invert(noisy())), noisy())
    assert (invert(noisy()).astype(int) + noisy() == 255).all()


def test_light_multiplies_and_stays_within_the_range() -> None:
    picture = np.full((*SIZE, 3), (10, 100, 200), np.uint8)
    assert gain(picture, 0.5)[0, 0].tolist() == [5, 50, 100]
    assert gain(picture, 1.4)[3, 3].tolist() == [14, 140, 255]
    assert gain(picture, (2, 1, 0.25))[0, 0].tolist() == [20, 100, 50]
    assert np.array_equal(gain(noisy(), 1), noisy())


def test_contrast_keeps_the_mean_and_shrinks_the_distance_to_it() -> None:
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:32] = 200
    assert np.unique(contrast(picture, 0.25)).tolist() == [75, 125]
    assert np.unique(contrast(picture, 2)).tolist() == [0, 255]
    assert np.array_equal(contrast(noisy(), 1), noisy())


def test_blur_by_hand() -> None:
    """A line of light becomes the Gaussian, its standard deviation 2 of 64 pixels.

    OpenCV cuts the tails off at three standard deviations.
    """
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:, 48] = 255
    seen = blur(picture, 2 / 64)[32, :, 0].astype(float)
    expected = 255 * np.exp(-0.5 * ((np.arange(96) - 48) / 2) ** 2) / (2 * np.sqrt(2 * np.pi))
    assert np.abs(seen - expected).max() < 1.2
    assert blur(picture, 0) is picture


def test_jpeg_of_100_is_nearly_lossless_and_of_5_is_not() -> None:
    best, worst = (np.abs(jpeg(smooth(), quality).astype(int) - smooth()) for quality in (100, 5))
    assert best.max() <= 4
    assert worst.mean() > 4 * best.mean()
    assert worst.max() > 10
    assert np.array_equal(jpeg(noisy(), 30), jpeg(noisy(), 30))


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: warp(picture, turned(30)),
        lambda picture: warp(picture, tilted(0.2, 0.1, SIZE)),
        grey,
        invert,
        lambda picture: gain(picture, 1.2),
        lambda picture: contrast(picture, 0.5),
        lambda picture: blur(picture, 0.02),
        lambda picture: jpeg(picture, 40),
    ],
    ids=["rotation", "perspective", "grey", "invert", "gain", "contrast", "blur", "jpeg"],
)
def test_a_change_keeps_shape_and_type_and_its_input(change: object) -> None:
    picture = noisy()
    seen = change(picture)  # type: ignore[operator]
    assert seen.shape == picture.shape
    assert seen.dtype == np.uint8
    assert not np.array_equal(seen, picture)
    assert np.array_equal(picture, noisy())
