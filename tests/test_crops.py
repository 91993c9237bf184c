"""Crops that a prediction is averaged over: the same in features and in the bundle."""

from pathlib import Path

import keras
import numpy as np
import pytest

from canting.bundle.classifier import Classifier
from canting.bundle.engine import Engine
from canting.config.errors import ParamsError
from canting.config.params import load as load_params
from canting.config.params import parse
from canting.core import files
from canting.evaluation.select_best import bundle
from canting.evaluation.select_best.bundle import Contents
from canting.evaluation.select_best.compose import averaged, compose
from canting.imaging import geometry
from canting.models import augmentation
from canting.models.augmentation import CropAndFlip
from canting.models.features import compute, cost, store
from canting.models.features.compute import Pictures
from canting.models.train import prediction, tail
from tests.conftest import ROOT

SIZE = (64, 96)
PARAMS = load_params(ROOT / "params.yaml")
CROPPING = PARAMS.features.model_copy(update={"views": 0, "test_views": 2, "test_crops": (0.5,)})
SCENARIO = PARAMS.scenarios()[0]


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    generator = np.random.default_rng(3)
    coarse = generator.integers(0, 255, (6, 16, 24, 3), dtype=np.uint8)
    array = coarse.repeat(4, axis=1).repeat(4, axis=2)
    return Pictures(array, [files.digest(number) for number in range(len(array))])


def test_a_crop_is_a_part_scaled_up() -> None:
    assert [geometry.box(0.25, x, y, (64, 96)) for x, y in ((0, 0), (-1, -1), (1, -1), (1, 1))] == [
        (16, 24, 32, 48), (0, 0, 32, 48), (0, 48, 32, 48), (32, 48, 32, 48)
    ]  # fmt: skip
    picture = np.zeros((4, 8, 3), np.uint8)
    picture[2:, 4:] = 200
    corner = geometry.enlarged(picture, geometry.box(0.25, 1, 1, (4, 8)))
    assert np.array_equal(corner, np.full((4, 8, 3), 200))
    row = np.arange(0, 80, 10, dtype=np.uint8)
    ramp = np.broadcast_to(row[None, :, None], (2, 8, 3))
    middle = geometry.enlarged(ramp, (0, 2, 2, 4))[0, :, 0]
    # half-pixel centres: places -0.25, 0.25, 0.75, … of 20, 30, 40, 50
    assert middle.tolist() == [20, 22.5, 27.5, 32.5, 37.5, 42.5, 47.5, 50]


def test_views_of_a_test_are_the_picture_and_its_crops_each_with_its_flips() -> None:
    views = augmentation.views_of_test(CROPPING)
    places = [(0, 0), (-1, -1), (1, -1), (-1, 1), (1, 1)]
    expected = [CropAndFlip(), CropAndFlip((1,))]
    expected += [CropAndFlip(axes, 0.5, *place) for place in places for axes in ((), (1,))]
    assert views == expected
    assert augmentation.views_of_test(PARAMS.features) == [CropAndFlip()]


def contents(trained: keras.Model) -> Contents:
    kernel, bias = (np.asarray(values) for values in trained.get_layer("logits").get_weights())
    card = {"labels": ["a", "b", "c"], "image_size": list(SIZE), "temperature": 1.0}
    arrays = {"kernel": kernel, "bias": bias, "prototypes": np.zeros((0, len(kernel)), np.float32)}
    return Contents(card, arrays, {})


@pytest.mark.slow
def test_the_bundle_answers_as_the_features_do(pictures: Pictures, tmp_path: Path) -> None:
    asked = (SCENARIO.backbone, None, pictures, CROPPING, 1)
    compute.compute(*asked, cache=tmp_path / "cache", target=tmp_path / "features")
    kept = store.Store(tmp_path / "features")
    assert len(kept.test_views) == 12
    keras.utils.set_random_seed(1)
    trained = tail.build(SCENARIO, SIZE, kept.shape, 3, PARAMS.train)
    expected = prediction.predict(trained, kept, np.arange(len(pictures.array)))
    views = augmentation.views_of_test(CROPPING)
    model = compose(SCENARIO, SIZE, trained, views)
    assert bundle.write(model, list(pictures.array), contents(trained), tmp_path / "best") < 1e-4
    engine = Engine(tmp_path / "best" / "model.tflite")
    kernel, bias = trained.get_layer("logits").get_weights()
    for row, picture in enumerate(pictures.array):
        answer = engine.answer(picture)
        np.testing.assert_allclose(answer["logits"], expected[row], atol=1e-3)
        np.testing.assert_allclose(answer["map"].mean(axis=(0, 1)), answer["pooled"], atol=1e-4)
        np.testing.assert_allclose(answer["pooled"] @ kernel + bias, answer["logits"], atol=1e-3)
        pooled = np.mean([view[row] for view in kept.test_views], axis=0)
        np.testing.assert_allclose(answer["pooled"], pooled, atol=1e-3)
    assert Classifier.load(tmp_path / "best").card.image_size == SIZE
    one = compose(SCENARIO, SIZE, trained)
    bundle.write(one, list(pictures.array), contents(trained), tmp_path / "one")
    sizes = [(tmp_path / name / "model.tflite").stat().st_size for name in ("best", "one")]
    assert sizes[0] < 1.2 * sizes[1]


def test_the_map_of_a_crop_lies_where_the_crop_is() -> None:
    picture = keras.Input((*SIZE, 3), name="picture")
    pooled = keras.layers.AveragePooling2D(16)(picture)
    mean = keras.layers.GlobalAveragePooling2D()(pooled)
    logits = keras.layers.Dense(2)(mean)
    whole = keras.Model(picture, {"logits": logits, "pooled": mean, "map": pooled})
    model = averaged(whole, [CropAndFlip((1,), 0.25, 1, -1)], SIZE)
    bright = np.zeros((2, *SIZE, 3), np.float32)
    bright[1, :32, 48:] = 100
    bright[1, :16, 80:] = 200
    answer = model.predict_on_batch(bright)
    found = np.asarray(answer["map"])[..., 0]
    assert found.shape == (2, 4, 6)
    assert found[0].max() == 0
    assert (found[1, :2, 3:] > 300).all()
    assert found[1, 2:].sum() == found[1, :, :3].sum() == 0
    assert found[1, 0, 5] == found.max()
    assert found[1].mean() == pytest.approx(100 + 100 / 6, rel=0.02)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), answer["pooled"][:, 0], rtol=1e-4)


def test_the_cost_counts_every_crop(tmp_path: Path) -> None:
    passes = len(augmentation.views_of_test(CROPPING))
    one = cost.of_backbone("small_cnn", SIZE, tmp_path)
    many = cost.of_backbone("small_cnn", SIZE, tmp_path, passes)
    assert many.multiply_adds == 12 * one.multiply_adds
    assert many.parameters == one.parameters


@pytest.mark.parametrize("share", [1.0, 0.01, -0.5])
def test_a_crop_is_a_share_below_the_whole(share: float) -> None:
    content = PARAMS.model_dump(by_alias=True)
    content["image_size"] = list(content["image_size"])
    content["features"]["test_crops"] = [share]
    with pytest.raises(ParamsError, match=r"`features.test_crops") as raised:
        parse(content, Path("params.yaml"))
    assert f"{share:g}" in str(raised.value)
