"""A network of one's own: found, checked, keyed by its source, and whole up to the bundle."""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import keras
import numpy as np
import pytest

from canting.bundle.engine import Engine
from canting.config.catalog import SmallCnn, file_name, is_own, small_cnn
from canting.config.own_network import OwnNetworkError, source
from canting.config.params import load
from canting.config.scenario import Scenario
from canting.core import keys
from canting.core.errors import CantingError
from canting.evaluation.select_best.compose import OUTPUTS, compose
from canting.models.backbones.cut import split
from canting.models.backbones.table import architecture
from canting.models.export import export
from canting.models.features import cost, store, trunk
from canting.models.train import tail
from tests.conftest import ROOT, slow

SIZE = (32, 48)
NUMBERS = count()
BUILD = """
import keras
from keras import layers
from .parts import block

def build(height, width):
    picture = keras.Input((height, width, 3))
    return keras.Model(picture, block(layers.Rescaling(1 / 255)(picture)))
"""
PARTS = """
from keras import layers

def block(x):
    from . import filters
    return layers.Conv2D(filters.COUNT, 3, strides=2, activation="relu", name="first")(x)
"""

Written = Callable[..., str]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Write a package into a project's folder, which is the working folder; return its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(**texts: str) -> str:
        name = f"networks{next(NUMBERS)}"
        (tmp_path / name).mkdir()
        for module, text in {"__init__": "", **texts}.items():
            (tmp_path / name / f"{module}.py").write_text(text)
        return name

    yield write
    for name in [name for name in sys.modules if name.startswith("networks")]:
        del sys.modules[name]


@pytest.fixture
def mine(written: Written) -> str:
    return f"{written(mine=BUILD, parts=PARTS, filters='COUNT = 5')}.mine:build"


def scenario(backbone: str) -> Scenario:
    return load(ROOT / "params.yaml").scenarios()[0].model_copy(update={"backbone": backbone})


@pytest.mark.parametrize("backbone", ["own", *slow("small_cnn_d5_w4_bn")])
def test_it_is_trained_as_a_whole_and_gives_a_bundle_with_three_outputs(
    backbone: str, mine: str, tmp_path: Path
) -> None:
    chosen = scenario(mine if backbone == "own" else backbone)
    keras.utils.set_random_seed(1)
    settings = load(ROOT / "params.yaml").train
    trained = tail.build(chosen, SIZE, (*SIZE, 3), 3, settings)
    tail.compile_(trained, chosen, settings, chosen.learning_rate)
    pictures = np.random.default_rng(0).integers(0, 256, (8, *SIZE, 3)).astype(np.float32)
    before = [np.array(weight) for weight in trained.trainable_weights]
    trained.fit(pictures, np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2, 0, 1]], verbose=0)
    changed = zip(before, trained.trainable_weights, strict=True)
    assert all(np.abs(old - np.asarray(new)).max() > 0 for old, new in changed)
    model = compose(chosen, SIZE, trained)
    export(model, tmp_path / "model.tflite")
    picture = pictures[0].astype(np.uint8)
    received = Engine(tmp_path / "model.tflite").answer(picture)
    assert sorted(received) == sorted(OUTPUTS)
    for name, expected in model(picture[None].astype(np.float32)).items():
        np.testing.assert_allclose(received[name], np.asarray(expected)[0], rtol=1e-4, atol=1e-5)
    assert cost.of_backbone(chosen.backbone, SIZE, tmp_path).multiply_adds > 0


def test_keys_hold_the_source_and_what_it_imports_of_its_own(mine: str, tmp_path: Path) -> None:
    def key() -> str:
        keys.code_key.cache_clear()
        return trunk.key(mine, None, SIZE)

    package = tmp_path / mine.partition(".")[0]
    found = [key()]
    for name in ("mine", "parts", "filters", "__init__"):
        path = package / f"{name}.py"
        path.write_text(path.read_text() + "\n# edited\n")
        found.append(key())
    (package / "other.py").write_text("NOT = 'imported'")
    assert key() == found[-1]
    assert len(set(found)) == 5


def test_names_are_fit_for_files(mine: str) -> None:
    names = (scenario(mine).name, store.slug(mine, None), file_name(mine))
    assert not any(set(name) & set(':/\\*?"<>| ') for name in names)
    assert store.slug(mine, None) == mine.replace(":", ".")


HEAD = "import keras\nfrom keras import layers\ndef build(height, width):\n    "
WRONG = {
    "raise OSError('no file')": r"`build\(32, 48\)` to return a model. Received: OSError: no file",
    "return 3": "functional or sequential Keras model, with its input. Received: int",
    "return keras.Sequential([layers.Flatten()])": "with its input. Received: Sequential",
    "return keras.Sequential([keras.Input((9, 9, 3)), layers.Conv2D(2, 3)])":
        r"one input of shape \(None, 32, 48, 3\). Received: \[\(None, 9, 9, 3\)\]",
    "return keras.Sequential([keras.Input((height, width, 3)), layers.Flatten()])":
        r"one feature map, .* Received: \[\(None, 4608\)\]",
    "return keras.Sequential([keras.Input((height, width, 3)), layers.Conv2D(2, 3, name='é a')])":
        r"names of layers of letters without accents.* Received: \['é a'\]",
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), WRONG.items())
def test_each_way_to_be_wrong_has_its_error(text: str, words: str, written: Written) -> None:
    backbone = f"{written(wrong=HEAD + text)}.wrong:build"
    with pytest.raises(OwnNetworkError, match=words) as caught:
        split(backbone, None, SIZE)
    assert f"`backbone: {backbone}`" in str(caught.value)


def test_a_module_or_a_function_that_is_not_there(written: Written) -> None:
    name = written(empty="other = 3", broken="import nothing_of_this_name\n", half="def build(")
    with pytest.raises(OwnNetworkError, match=r"`nowhere/net\.py`. Received: no such file"):
        source("nowhere.net:build")
    with pytest.raises(OwnNetworkError, match=r"a function `build` .*Received: no such name"):
        split(f"{name}.empty:build", None, SIZE)
    with pytest.raises(OwnNetworkError, match=r"a function `other` .*Received: int"):
        split(f"{name}.empty:other", None, SIZE)
    with pytest.raises(OwnNetworkError, match=r"to be imported\. Received: ModuleNotFoundError"):
        split(f"{name}.broken:build", None, SIZE)
    with pytest.raises(OwnNetworkError, match=r"to be imported\. Received: SyntaxError"):
        split(f"{name}.half:build", None, SIZE)


def test_what_the_parameters_take(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text("utf-8")
    path = tmp_path / "params.yaml"
    for name in ("mine:build", "a.b.c:net_2", "small_cnn_d8", "small_cnn_d8_w64_bn"):
        path.write_text(text.replace("backbone: efficientnet_lite0", f"backbone: {name}"))
        assert load(path).backbone == (name,)
    for name in ("a/b:build", "mine:1", "a.b", "small_cnn_d0", "small_cnn_bn_d3", "../x:y"):
        path.write_text(text.replace("backbone: efficientnet_lite0", f"backbone: {name}"))
        with pytest.raises(CantingError, match=r"package\.module:function"):
            load(path)
    assert is_own("a.b:c")


def test_small_cnn_has_the_depth_width_and_normalisation_of_its_name() -> None:
    assert small_cnn("small_cnn") == small_cnn("small_cnn_d3_w32") == SmallCnn()
    usual, asked = (
        [layer.get_config() for layer in architecture(name).build((32, 32, 3)).layers[1:]]
        for name in ("small_cnn", "small_cnn_d3_w32")
    )
    assert usual == asked
    names = ["conv0", "pool0", "conv1", "pool1", "conv2", "pool2"]
    assert [layer["name"] for layer in usual] == names
    assert [layer["filters"] for layer in usual[::2]] == [32, 64, 128]
    for depth in (1, 2, 3, 4, 9, 20):
        network = architecture(f"small_cnn_d{depth}_w4").build((32, 32, 3))
        kernels = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
        stages = min(depth, 3)
        assert len(kernels) == depth
        assert network.output.shape[1:] == (32 >> stages, 32 >> stages, 4 << (stages - 1))
    norms = architecture("small_cnn_d6_bn").build((32, 32, 3)).layers
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in norms) == 6


def test_the_working_folder_is_the_project(mine: str, tmp_path: Path) -> None:
    assert source(mine)
    (tmp_path / "elsewhere").mkdir()
    os.chdir(tmp_path / "elsewhere")
    with pytest.raises(OwnNetworkError, match="no such file"):
        source(mine)
