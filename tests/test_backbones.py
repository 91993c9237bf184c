"""Backbones: weights, cuts, and what a trunk answers."""

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format
from keras.src.utils import file_utils
from PIL import Image
from sklearn.datasets import load_sample_image

from canting.bundle.engine import Engine
from canting.config.catalog import BACKBONES
from canting.core.errors import CantingError
from canting.models.backbones import cut, levels, torch_file, weight_files, weights
from canting.models.backbones.cut import CutError, cut_points, split
from canting.models.backbones.table import TABLE
from canting.models.backbones.weight_files import WeightsError
from canting.models.export import export
from tests.conftest import REAL, real, slow

CHINA, FLOWER = (
    np.asarray(Image.fromarray(load_sample_image(name)).resize((224, 224)))
    for name in ("china.jpg", "flower.jpg")
)
QUICK = ("efficientnet_lite0", "mobilenet_v3_small", "small_cnn")
"""Backbones that every run of the tests takes; the others are slow together."""


SMALL = (96, 96)
"""Smallest square that every architecture takes."""


def test_the_table_has_the_names() -> None:
    assert list(TABLE) == list(BACKBONES)


def quick(names: Iterable[str]) -> list[Any]:
    """Return the names as parameters of a test, the slow ones marked."""
    return [one for name in names for one in ([name] if name in QUICK else slow(name))]


KERAS = [name for name, row in BACKBONES.items() if row.weights == "keras"]
OTHERS = quick(KERAS)


@pytest.mark.parametrize("backbone", quick(name for name, row in BACKBONES.items() if row.package))
def test_lite_sees_a_palace_in_china(backbone: str) -> None:
    trunk = split(backbone, None, (224, 224)).trunk
    assert trunk is not None
    pooled = np.asarray(trunk(CHINA[None].astype(np.float32), training=False))
    path = weight_files.locate(backbone)
    assert path is not None
    classifier = torch_file.read(path)
    logits = pooled @ classifier["_fc.weight"].T + classifier["_fc.bias"]
    palace = 698
    assert palace in np.argsort(logits[0])[-4:]


@pytest.mark.slow
def test_mobilenet_v2_with_real_weights_tells_pictures_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real("weights")
    monkeypatch.setenv(weight_files.FOLDER, str(REAL / "weights"))
    trunk = split("mobilenet_v2", None, (224, 224)).trunk
    assert trunk is not None
    pictures = np.stack([CHINA, CHINA[:, ::-1], FLOWER]).astype(np.float32)
    answers = np.asarray(trunk.predict_on_batch(pictures))
    similar = np.corrcoef(answers)
    assert similar[0, 1] > 0.8 > similar[0, 2]


def save(network: keras.Model, path: Path) -> None:
    """Write weights in the format of the files that Keras downloads."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)


class Built(NamedTuple):
    """A network with random weights, and the folder that holds them as a file."""

    name: str
    network: keras.Model
    folder: Path


@pytest.fixture(scope="module", params=OTHERS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build each network once for all tests that ask for it; pytest runs these in one go."""
    keras.utils.set_random_seed(1)
    name, folder = request.param, tmp_path_factory.mktemp("weights")
    network = TABLE[name].build((*SMALL, 3))
    save(network, folder / weight_files.filename(name))
    return Built(name, network, folder)


@pytest.mark.slow
def test_weights_are_read_from_the_named_folder(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(weight_files.FOLDER, str(built.folder))
    keras.utils.set_random_seed(2)
    loaded = weights.load(built.name, (*SMALL, 3))
    expected, received = built.network.get_weights(), loaded.get_weights()
    assert all(np.array_equal(*pair) for pair in zip(expected, received, strict=True))


@pytest.mark.parametrize("name", OTHERS)
def test_files_are_named_as_keras_names_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(fname: str, *_: Any, **__: Any) -> None:
        raise OSError(fname)

    monkeypatch.setattr(file_utils, "get_file", asked)
    with pytest.raises(WeightsError) as caught:
        weights.load(name, (224, 224, 3))
    assert f"({weight_files.filename(name)})" in str(caught.value)


@pytest.mark.slow
def test_a_file_that_was_saved_with_keras_is_taken_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(weight_files.FOLDER, str(tmp_path))
    network = TABLE["mobilenet_v3_small"].build((*SMALL, 3))
    network.save_weights(tmp_path / "mobilenet_v3_small_imagenet_notop.weights.h5")
    loaded = weights.load("mobilenet_v3_small", (*SMALL, 3))
    pairs = zip(network.get_weights(), loaded.get_weights(), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.slow
def test_every_network_answers_on_litert_as_in_keras(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(weight_files.FOLDER, str(built.folder))
    network = split(built.name, None, SMALL).trunk
    assert network is not None
    export(network, tmp_path / "network.tflite")
    picture = np.random.default_rng(0).integers(0, 256, (*SMALL, 3), dtype=np.uint8)
    expected = np.asarray(network(picture[None].astype(np.float32), training=False))[0]
    (received,) = Engine(tmp_path / "network.tflite").answer(picture).values()
    assert expected.shape == (network.get_layer("pool").input.shape[-1],)
    assert expected.std() > 0
    assert np.abs(received - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("backbone", quick(["mobilenet_v2", "small_cnn"]))
def test_tail_after_trunk_is_the_whole(
    backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(weight_files.FOLDER, str(tmp_path))
    if BACKBONES[backbone].weights == "keras":
        save(TABLE[backbone].build((*SMALL, 3)), tmp_path / weight_files.filename(backbone))
    points = cut_points(weights.load(backbone, (*SMALL, 3)))
    picture = np.random.default_rng(0).uniform(0, 255, (2, *SMALL, 3)).astype(np.float32)
    if BACKBONES[backbone].weights == "none":
        assert split(backbone, None, SMALL).trunk is None
        return
    whole = split(backbone, None, SMALL).trunk
    assert whole is not None
    for layer in (points[len(points) // 2], points[-1]):
        parts = split(backbone, layer, SMALL)
        assert parts.trunk is not None
        assert parts.tail is not None
        assert parts.tail.trainable_weights
        assert not parts.trunk.trainable_weights
        answer = np.asarray(parts.tail(parts.trunk(picture))).mean(axis=(1, 2))
        np.testing.assert_allclose(answer, np.asarray(whole(picture)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "built",
    quick([name for name in KERAS if name != "nasnet_mobile"]),
    indirect=True,
)
def test_every_cut_point_can_be_cut_at(built: Built) -> None:
    core = built.network
    points = cut_points(core)
    assert len(points) > 3
    for name in points[:: max(1, len(points) // 6)]:
        tail = keras.Model(core.get_layer(name).input, core.output)
        assert tail.output.shape == core.output.shape


@pytest.mark.slow
def test_cells_that_take_two_maps_can_only_be_cut_before_the_first() -> None:
    """Every cell of NASNet takes the maps of the two before it."""
    assert cut_points(TABLE["nasnet_mobile"].build((*SMALL, 3))) == ["stem_conv1"]


def test_norms_of_a_tail_are_not_trained() -> None:
    tail = split("efficientnet_lite0", "block11_expand_conv", SMALL).tail
    assert tail is not None
    assert not any("norm" in weight.path for weight in tail.trainable_weights)


def test_a_layer_inside_a_branch_or_misspelt_is_refused() -> None:
    with pytest.raises(CutError, match=r"passes through.*'block2_depthwise_conv'"):
        cut.split("efficientnet_lite0", "block2_depthwise_conv", SMALL)
    with pytest.raises(CutError, match="Did you mean 'block13_expand_conv'"):
        cut.split("efficientnet_lite0", "block13_expnd_conv", SMALL)


def test_weights_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(weight_files.FOLDER, str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(WeightsError) as caught:
        weights.load("vgg19", (*SMALL, 3))
    words = ("`backbone: vgg19`", weight_files.filename("vgg19"), str(tmp_path), "lite0")
    assert all(word in str(caught.value) for word in words)


@pytest.mark.slow
def test_weights_of_another_network_or_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(weight_files.FOLDER, str(tmp_path))
    path = tmp_path / weight_files.filename("mobilenet_v2")
    save(TABLE["mobilenet_v3_small"].build((*SMALL, 3)), path)
    with pytest.raises(WeightsError, match="which does not fit"):
        weights.load("mobilenet_v2", (*SMALL, 3))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="which does not fit"):
        weights.load("mobilenet_v2", (*SMALL, 3))


def test_a_file_of_weights_cannot_run_code(tmp_path: Path) -> None:
    path = tmp_path / "evil.pth"
    path.write_bytes(b"".join(pickle.dumps(part) for part in (1, 2, 3, print)))
    with pytest.raises(pickle.UnpicklingError, match="not allowed"):
        torch_file.read(path)


def test_levels_are_spread_evenly_and_end_with_the_output() -> None:
    core = TABLE["efficientnet_lite0"].build((64, 64, 3))
    found = levels.levels(core, 4, "efficientnet_lite0")
    shapes = [tuple(map_.shape[1:]) for map_ in found]
    assert shapes == [(8, 8, 144), (4, 4, 480), (2, 2, 672), (2, 2, 1280)]
    assert found[-1] is core.output
    every = levels.levels(core, 33, "efficientnet_lite0")
    assert len({id(map_) for map_ in every}) == 33
    with pytest.raises(CantingError, match=r"`features.levels`: .* at most 33 .*Received: 34"):
        levels.levels(core, 34, "efficientnet_lite0")


@pytest.mark.parametrize("name", quick([*KERAS, "efficientnet_lite0"]))
def test_every_kind_of_backbone_has_levels(name: str) -> None:
    core = TABLE[name].build((*SMALL, 3))
    sides = [map_.shape[1] for map_ in levels.levels(core, 6, name)]
    assert sides == sorted(sides, reverse=True)
    assert sides[0] > sides[-1]
    assert sides[-1] == core.output.shape[1]


def test_maps_on_one_grid_keep_their_means() -> None:
    generator = np.random.default_rng(0)
    shapes = [(2, 8, 12, 3), (2, 5, 6, 4), (2, 2, 3, 5)]
    maps = [generator.normal(size=shape).astype(np.float32) for shape in shapes]
    grid = np.asarray(levels.on_one_grid(maps))
    assert grid.shape == (2, 2, 3, 12)
    means = np.concatenate([map_.mean(axis=(1, 2)) for map_ in maps], axis=-1)
    np.testing.assert_allclose(grid.mean(axis=(1, 2)), means, atol=1e-6)
    np.testing.assert_allclose(grid[0, 1, 2, :3], maps[0][0, 4:, 8:].mean(axis=(0, 1)), atol=1e-6)
    assert np.array_equal(grid[..., 7:], maps[2])


@pytest.mark.slow
def test_a_trunk_of_several_levels_answers_with_their_averages() -> None:
    picture = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    one = split("efficientnet_lite0", None, (64, 64)).trunk
    four = split("efficientnet_lite0", None, (64, 64), 4).trunk
    assert one is not None
    assert four is not None
    answer = np.asarray(four(picture))
    assert answer.shape == (1, 144 + 480 + 672 + 1280)
    np.testing.assert_allclose(answer[:, -1280:], np.asarray(one(picture)), rtol=1e-5, atol=1e-6)
    maps = keras.Model(four.input, levels.maps_of(four))(picture)
    averages = np.concatenate([np.asarray(map_).mean(axis=(1, 2)) for map_ in maps], axis=-1)
    np.testing.assert_allclose(answer, averages, rtol=1e-4, atol=1e-5)
