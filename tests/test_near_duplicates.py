import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from canting.data.near_duplicates import group, leaked
from canting.imaging.pictures import PictureError

FLIP = Image.Transpose.FLIP_LEFT_RIGHT


def texture(seed: int, side: int = 200) -> Image.Image:
    """Paint blobs of several sizes in colours that all seeds share."""
    random = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(random.normal(size=(side, side)), (0, 0), s) for s in (2, 5, 12)]
    height = sum(layer / layer.std() for layer in layers)
    palette = np.array([(240, 230, 200), (150, 90, 40), (60, 30, 20), (30, 60, 120)], np.uint8)
    return Image.fromarray(palette[np.digitize(height, (-1.5, 0, 1.5))])


def lattice(seed: int, side: int = 200) -> Image.Image:
    """Print a leaf at every crossing of one grid, each a little different from seed to seed."""
    random = np.random.default_rng(seed)
    canvas = np.full((side, side, 3), (60, 35, 20), np.uint8)
    for x in range(20, side, 40):
        for y in range(20, side, 40):
            axes = tuple(int(v) for v in random.integers(8, 17, 2))
            angle = int(random.integers(0, 180))
            cv2.ellipse(canvas, (x, y), axes, angle, 0, 360, (235, 220, 190), -1, cv2.LINE_AA)
            dot = random.integers(-5, 6, 2)
            cv2.circle(canvas, (x + int(dot[0]), y + int(dot[1])), 3, (90, 40, 30), -1, cv2.LINE_AA)
    return Image.fromarray(canvas)


def recoded(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def crop(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    edges = (left * width, top * height, right * width, bottom * height)
    return image.crop(tuple(round(edge) for edge in edges))  # type: ignore[arg-type]


PAINTERS: tuple[Callable[[int], Image.Image], ...] = (texture, lattice)

COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "quarter": lambda image: image.rotate(90, expand=True),
    "half": lambda image: image.rotate(180),
    "three quarters": lambda image: image.rotate(270, expand=True),
    "mirrored": lambda image: image.transpose(FLIP),
    "mirrored and turned": lambda image: image.transpose(FLIP).rotate(90, expand=True),
    "cropped in width": lambda image: crop(image, 0.2, 0, 1, 1),
    "cropped in height, resized back": lambda image: crop(image, 0, 0, 1, 0.8).resize(image.size),
    "cropped in both": lambda image: crop(image, 0.1, 0.2, 0.9, 1),
    "smaller": lambda image: image.resize((130, 130)),
    "larger and wider": lambda image: image.resize((420, 300)),
    "re-encoded": lambda image: recoded(image, 50),
    "all at once": lambda image: recoded(
        crop(image, 0, 0.2, 0.8, 1).resize((170, 210)).transpose(FLIP).rotate(270, expand=True), 70
    ),
}


def saved(folder: Path, images: dict[str, Image.Image]) -> list[str]:
    for name, image in images.items():
        image.save(folder / f"{name}.png")
    return [f"{name}.png" for name in images]


@pytest.mark.parametrize("paint", PAINTERS)
@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_joins_its_original_alone(
    tmp_path: Path, paint: Callable[[int], Image.Image], copy: str
) -> None:
    first, second = paint(1), paint(2)
    images = {"first": first, "second": second, "copy": COPIES[copy](first)}
    assert group(tmp_path, saved(tmp_path, images)).tolist() == [0, 1, 0]


def test_different_pictures_of_one_kind_stay_apart(tmp_path: Path) -> None:
    images = {
        f"{kind}{seed}": paint(seed) for kind, paint in enumerate(PAINTERS) for seed in range(8)
    }
    assert group(tmp_path, saved(tmp_path, images)).tolist() == list(range(16))


def test_the_same_pattern_in_other_colours_is_another_cloth(tmp_path: Path) -> None:
    brown = np.asarray(lattice(1))
    blue = (brown[:, :, ::-1] * (0.3, 0.6, 1.0)).astype(np.uint8)
    images = {"brown": Image.fromarray(brown), "blue": Image.fromarray(blue)}
    assert group(tmp_path, saved(tmp_path, images)).tolist() == [0, 1]


def test_flat_pictures_join_only_the_same(tmp_path: Path) -> None:
    greys = {
        f"grey{value}": Image.new("RGB", (64, 64), (value,) * 3) for value in (0, 120, 122, 255)
    }
    images = greys | {"again": greys["grey0"].resize((90, 50)), "texture": texture(3)}
    assert group(tmp_path, saved(tmp_path, images)).tolist() == [0, 1, 2, 3, 0, 4]


def test_objects_on_white_stay_apart(tmp_path: Path) -> None:
    images = {}
    for seed in range(6):
        random = np.random.default_rng(seed)
        canvas = np.full((150, 200, 3), 250, np.uint8)
        corners = random.integers(40, 120, (5, 2)).astype(np.int32)
        cv2.fillPoly(canvas, [corners], tuple(int(v) for v in random.integers(0, 200, 3)))
        images[str(seed)] = Image.fromarray(canvas)
    assert group(tmp_path, saved(tmp_path, images)).tolist() == list(range(6))


def test_none_one_and_two(tmp_path: Path) -> None:
    paths = saved(tmp_path, {"one": texture(1), "two": texture(1)})
    assert group(tmp_path, []).tolist() == []
    assert group(tmp_path, paths[:1]).tolist() == [0]
    assert group(tmp_path, paths).tolist() == [0, 0]


@pytest.mark.slow
def test_more_copies_than_neighbours_are_one_group(tmp_path: Path) -> None:
    image, images = texture(1), {}
    for mark in range(20):
        for name, picture in (("whole", image), ("part", crop(image, 0.2, 0.2, 1, 1))):
            images[f"{name}{mark}"] = picture.copy()
            images[f"{name}{mark}"].putpixel((mark, 0), (255, 0, 0))
    assert set(group(tmp_path, saved(tmp_path, images)).tolist()) == {0}


@pytest.mark.slow
def test_order_and_repetition_change_nothing(tmp_path: Path) -> None:
    images = {
        f"{seed}{name}": COPIES[name](texture(seed))
        for seed in range(4)
        for name in list(COPIES)[:4]
    }
    paths = saved(tmp_path, images)
    first, again = group(tmp_path, paths), group(tmp_path, paths)
    shuffled = np.random.default_rng(0).permutation(len(paths))
    other = group(tmp_path, [paths[i] for i in shuffled])
    assert first.tobytes() == again.tobytes()
    assert first.dtype == np.int64
    same, moved = first[shuffled], other
    assert ((same[:, None] == same) == (moved[:, None] == moved)).all()
    assert list(dict.fromkeys(other.tolist())) == list(range(4))


def test_a_damaged_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(PictureError):
        group(tmp_path, ["bad.png"])


def test_leaked_counts_members_of_groups_in_several_folds() -> None:
    assert leaked([0, 0, 1, 1, 2], [0, 1, 2, 2, 0]) == 2
    assert leaked([0, 0, 0], [0, 0, 1]) == 3
    assert leaked([], []) == 0


@pytest.mark.slow
def test_batik_copies_join_their_originals(batik: Path) -> None:
    numbers = {
        "kawung": (8, 12, 13, 16, 29, 45, 47, 56, 58, 70),
        "megamendung": (1, 3, 11, 20, 27, 33, 39, 47, 60, 77),
        "parang": (4, 13, 30, 34, 37, 43, 55, 65, 70, 76),
    }
    names = [
        (f"{motif}/{motif}_{kind}_{number:03d}.jpg", f"{motif}{number}")
        for motif, chosen in numbers.items()
        for number in chosen
        for kind in ("resize", "rot90", "rot180", "rot270", "x20", "y20", "x20y20")
        if (batik / f"{motif}/{motif}_{kind}_{number:03d}.jpg").exists()
    ]
    found = group(batik, [path for path, _ in names])
    truth = np.unique([original for _, original in names], return_inverse=True)[1]
    upper = np.triu_indices(len(truth), 1)
    together, copies = (found[:, None] == found)[upper], (truth[:, None] == truth)[upper]
    assert (together & copies).sum() >= 0.98 * copies.sum()
    assert (together & copies).sum() >= 0.98 * together.sum()
