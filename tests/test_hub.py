"""Backbones of KerasHub, where it is installed: weights, export, and a bundle's three outputs."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from canting.bundle.engine import Engine
from canting.config.catalog import BACKBONES
from canting.config.params import load
from canting.core.errors import CantingError
from canting.evaluation.select_best.compose import OUTPUTS, compose
from canting.models.backbones import hub, weight_files, weights
from canting.models.backbones.cut import cut_points, split
from canting.models.backbones.multiply_adds import multiply_adds
from canting.models.backbones.table import TABLE
from canting.models.backbones.weight_files import WeightsError
from canting.models.export import export
from canting.models.train import tail
from tests.conftest import ROOT

SIZE = (112, 112)
NAMES = [name for name, row in BACKBONES.items() if row.weights == "hub"]


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> keras.Model:
    """A network with random weights, which lie in the folder of files."""
    pytest.importorskip("keras_hub")
    monkeypatch.setenv(weight_files.FOLDER, str(tmp_path))
    keras.utils.set_random_seed(1)
    network = TABLE[name].build((*SIZE, 3))
    path = tmp_path / weight_files.filename(name)
    path.parent.mkdir(exist_ok=True)
    hub.weighted(network).save_weights(path)
    return network


@pytest.mark.parametrize("name", NAMES)
def test_from_a_file_of_weights_to_a_bundle(name: str, saved: keras.Model, tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    loaded = weights.load(name, (*SIZE, 3))
    pairs = zip(saved.get_weights(), loaded.get_weights(), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)
    scenario = load(ROOT / "params.yaml").scenarios()[0].model_copy(update={"backbone": name})
    trunk = split(name, None, SIZE).trunk
    assert trunk is not None
    settings = load(ROOT / "params.yaml").train
    trained = tail.build(scenario, SIZE, trunk.output.shape[1:], 3, settings)
    model = compose(scenario, SIZE, trained)
    export(model, tmp_path / "model.tflite")
    picture = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    received = Engine(tmp_path / "model.tflite").answer(picture)
    assert sorted(received) == sorted(OUTPUTS)
    for key, values in model(picture[None].astype(np.float32)).items():
        expected = np.asarray(values)[0]
        assert expected.std() > 0
        assert np.abs(received[key] - expected).max() < 1e-4 * np.abs(expected).max()
    assert received["map"].ndim == 3
    mean = received["map"].mean(axis=(0, 1))
    np.testing.assert_allclose(mean, received["pooled"], rtol=1e-3, atol=1e-4)
    assert bool(cut_points(saved)) == (name != hub.DINO)


def test_patch_tokens_lie_where_their_patches_are() -> None:
    pytest.importorskip("keras_hub")
    network = hub.dino((*SIZE, 3))
    tokens = network.get_layer(hub.DINO)
    picture = np.random.default_rng(0).uniform(-1, 1, (1, *SIZE, 3)).astype(np.float32)
    found, expected = np.asarray(network(picture)), np.asarray(tokens({"images": picture}))
    assert found.shape == (1, 8, 8, 384)
    np.testing.assert_allclose(found[0, 2, 5], expected[0, 1 + 2 * 8 + 5], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "published"),
    [("resnet18", 1.8e9), ("resnet34", 3.6e9)],  # He et al. 2015, table 1
)
def test_published_multiply_adds(name: str, published: float) -> None:
    pytest.importorskip("keras_hub")
    network = TABLE[name].build((224, 224, 3))
    assert multiply_adds(network) == pytest.approx(published, rel=0.03)


def test_multiply_adds_of_a_transformer_by_hand() -> None:
    pytest.importorskip("keras_hub")
    tokens, units = 1 + 8 * 8, 384
    block = tokens * (4 * units**2 + 2 * units * 4 * units) + 2 * tokens**2 * units
    patches = 8 * 8 * 14 * 14 * 3 * units
    assert multiply_adds(hub.dino((*SIZE, 3))) == 12 * block + patches


def test_sides_that_are_not_of_whole_patches() -> None:
    for sides in ((112, 126), (120, 120)):
        with pytest.raises(CantingError, match=r"`image_size`: expected a square"):
            hub.dino((*sides, 3))


def test_weights_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("keras_hub")
    monkeypatch.setenv(weight_files.FOLDER, str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError) as caught:
        weights.load(hub.DINO, (*SIZE, 3))
    assert f"`{hub.DINO}/model.weights.h5`" in str(caught.value)


def test_without_kerashub_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(CantingError, match=r"pip install --no-deps keras-hub regex tokenizers"):
        weights.load("resnet18", (*SIZE, 3))
