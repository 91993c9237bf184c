"""The embedded data set can be redrawn, and colour alone does not name its motifs."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from canting.core.errors import CantingError
from canting.core.files import sha256
from canting.painter import LABELS, PER_CLASS, SEED, paint, paint_file, paint_folder
from canting.painter.cloth import LEAST, sewn
from canting.painter.draping import laid
from canting.painter.palettes import pick
from canting.painter.picture import LYING, SHARE, TAKING, drawn, generator
from canting.painter.view import FINE, draw_view

ROOT = Path(__file__).parents[1]
REDRAWN = 3
"""Pictures of each class that the tests draw again, of `PER_CLASS`."""


@pytest.fixture(scope="module")
def stored() -> dict[str, str]:
    lines = (ROOT / "tests/painted.sha256").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


@pytest.fixture(scope="module")
def data() -> Path:
    folder = ROOT / "data"
    if sorted(path.name for path in folder.glob("*/")) != sorted(LABELS):
        pytest.skip("needs the painted pictures in the folder `data`: run `dvc pull`")
    return folder


@pytest.fixture(scope="module")
def redrawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("redrawn") / "data"
    (folder / "kawung").mkdir(parents=True)
    (folder / "kawung" / "stale.jpg").write_bytes(b"of an earlier set")
    paint_folder(folder, seed=SEED, per_class=REDRAWN)
    return folder


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


@pytest.mark.slow
def test_folder_is_redrawn_byte_for_byte(redrawn: Path, stored: dict[str, str]) -> None:
    names = [f"{label}/{label}_{index:03d}.jpg" for label in LABELS for index in range(REDRAWN)]
    assert digests(redrawn) == {name: stored[name] for name in names}


def test_a_picture_owes_nothing_to_the_others(tmp_path: Path, stored: dict[str, str]) -> None:
    last = paint_file(tmp_path, "mega_mendung", PER_CLASS - 1, SEED)
    assert sha256(last) == stored[last.relative_to(tmp_path).as_posix()]


def test_another_seed_draws_another_picture(tmp_path: Path, stored: dict[str, str]) -> None:
    other = paint_file(tmp_path, "parang", 0, SEED + 1)
    assert sha256(other) not in stored.values()
    first = paint_file(tmp_path / "first", "parang", 0, SEED)
    one, another = (np.asarray(Image.open(path), float) for path in (first, other))
    assert np.abs(one - another).mean() > 10


def test_stored_digests_name_a_balanced_set_without_repeats(stored: dict[str, str]) -> None:
    assert Counter(Path(name).parent.name for name in stored) == dict.fromkeys(LABELS, PER_CLASS)
    assert len(set(stored.values())) == len(stored)


def test_data_holds_what_was_painted(data: Path, stored: dict[str, str]) -> None:
    assert digests(data) == stored
    assert sum(path.stat().st_size for path in data.rglob("*.jpg")) < 6_000_000


def test_pictures_are_plain_jpeg(data: Path) -> None:
    for path in sorted(data.rglob("*_00?.jpg")):
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (256, 256))
            assert not image.getexif()


def test_colours_do_not_name_the_motif(data: Path) -> None:
    paths = sorted(data.rglob("*.jpg"))
    shares = np.array([_colours(np.asarray(Image.open(path))) for path in paths])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    accuracy = cross_val_score(model, shares, [path.parent.name for path in paths], cv=5).mean()
    assert accuracy < 0.55


def test_view_is_inverted() -> None:
    rng = np.random.default_rng(1)
    for angle in rng.uniform(0, 6, 20):
        view, points = draw_view(rng, angle), rng.uniform(-0.7, 0.7, (40, 2))
        np.testing.assert_allclose(view.picture(view.cloth(points)), points, atol=1e-4)


def test_hard_pictures_are_a_minority_of_every_class_and_of_every_kind() -> None:
    seen = {
        label: [drawn(generator(label, at, SEED, use=2)) for at in range(PER_CLASS)]
        for label in LABELS
    }
    for hardships in seen.values():
        assert abs(np.mean([bool(one) for one in hardships]) - SHARE) < 0.12
    kinds = {kind for hardships in seen.values() for one in hardships for kind in one}
    assert kinds == {*LYING, *TAKING}


def test_the_motif_that_names_a_picture_covers_most_of_it() -> None:
    field, band = np.zeros((3, FINE, FINE)), np.ones((3, FINE, FINE))
    dye = pick(np.random.default_rng(1), 0)
    for seed in range(8):
        cloth = sewn(np.random.default_rng(seed), field, band, dye)
        assert LEAST - 0.05 < (cloth == 0).all(axis=0).mean() < 0.8


@pytest.mark.parametrize("way", sorted(set(LYING) - {"border"}))
def test_a_cloth_lies_as_its_hardship_says(way: str) -> None:
    rng = np.random.default_rng(2)
    canvas = rng.random((3, FINE, FINE))
    assert laid(rng, canvas, frozenset({"border"})) is canvas
    scene = laid(rng, canvas, frozenset({way}))
    assert np.isfinite(scene).all()
    assert np.abs(scene - canvas).mean() > 0.1


def test_unknown_label_is_refused() -> None:
    with pytest.raises(CantingError, match=r"kawung, mega_mendung, parang. Received: 'ceplok'"):
        paint("ceplok", 0, SEED)


def test_empty_set_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(CantingError, match=r"`per_class`.*Received: 0"):
        paint_folder(tmp_path / "data", per_class=0)
    assert not list(tmp_path.iterdir())


def _colours(picture: np.ndarray) -> np.ndarray:
    """Return the `(48,)` shares of sixteen levels of red, green and blue."""
    levels = [
        np.bincount(picture[..., channel].ravel() // 16, minlength=16) for channel in range(3)
    ]
    return np.concatenate(levels) / picture[..., 0].size
