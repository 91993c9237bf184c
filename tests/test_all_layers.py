"""All layers of a network: views drawn as they are asked for, and how the layers are trained."""

import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from canting.config.catalog import OPTIMIZERS
from canting.config.params import load
from canting.config.scenario import Scenario
from canting.config.sections import Features, Train
from canting.core import files
from canting.core.errors import CantingError
from canting.models import augmentation
from canting.models.backbones import stochastic_depth
from canting.models.backbones.table import TABLE
from canting.models.features import compute, drawn, store
from canting.models.features.compute import Pictures
from canting.models.train import optimizers, prediction, tail
from canting.models.train.batches import Batches, Data
from canting.models.train.mutable import MutableRate
from canting.models.train.trainer import Trainer, key_of
from canting.models.tune.trial_runner import subset
from tests.conftest import ROOT, eagerly, slow
from tests.test_params import edited

SIZE, PICTURES = (32, 48), 12


def features(**changes: object) -> Features:
    return load(ROOT / "params.yaml").features.model_copy(update=changes)


def train(**changes: object) -> Train:
    return load(ROOT / "params.yaml").train.model_copy(update=changes)


def scenario(**changes: object) -> Scenario:
    made = {"fine_tune_from": ("all",), "dropout": (0.0,), **changes}
    return load(ROOT / "params.yaml").model_copy(update=made).scenarios()[0]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Return pictures as `preprocess` keeps them: in a file."""
    coarse = np.random.default_rng(3).integers(0, 256, (PICTURES, 4, 6, 3), dtype=np.uint8)
    path = tmp_path_factory.mktemp("build") / "pictures.npy"
    np.save(path, coarse.repeat(8, axis=1).repeat(8, axis=2))
    digests = [files.digest(number) for number in range(PICTURES)]
    return Pictures(np.load(path, mmap_mode="r"), digests)


def made(pictures: Pictures, folder: Path, **changes: object) -> drawn.DrawnStore:
    """Return what the features stage makes of a network that has no weights of its own."""
    settings = features(**changes)
    compute.compute("small_cnn", None, pictures, settings, 5, cache=folder / "c", target=folder)
    opened = drawn.opened(folder)
    assert isinstance(opened, drawn.DrawnStore)
    return opened


def test_views_are_those_of_the_draw_and_never_end(pictures: Pictures, tmp_path: Path) -> None:
    kept, flipping = (
        made(pictures, tmp_path / "made", views=2, test_views=4),
        features(test_views=4),
    )
    asked = np.array([7, 0, 7])
    for number in (1, 2, 500, -1, -3):
        expected = [
            augmentation.view(pictures.array[row], number, pictures.digests[row], flipping, 5)
            for row in asked
        ]
        assert np.array_equal(kept.view(number)[asked], expected)
    assert np.array_equal(kept.view(0), pictures.array)
    assert [np.array_equal(view[:], pictures.array) for view in kept.test_views] == [1, 0, 0, 0]
    assert np.array_equal(kept.test_views[2][3], pictures.array[3][::-1])
    assert (kept.shape, len(kept.view(9)), kept.view(9)[[]].shape) == (
        (*SIZE, 3), PICTURES, (0, *SIZE, 3)
    )  # fmt: skip


def test_pictures_are_linked_and_not_copied(pictures: Pictures, tmp_path: Path) -> None:
    made(pictures, tmp_path / "made")
    kept = Path(str(pictures.array.filename))  # type: ignore[attr-defined]
    assert (tmp_path / "made" / drawn.PICTURES).samefile(kept)


def test_a_key_holds_what_decides_on_a_view(pictures: Pictures) -> None:
    def key(cut: str | None = "all", seed: int = 5, **changes: object) -> str:
        asked = (SIZE, pictures.digests, features(**changes), seed)
        return compute.Views("efficientnet_lite0", cut, *asked).key

    assert key(views=2) == key(views=9)
    changed = [key(), key(views=0), key(seed=6), key(rotation=1.0), key(test_views=2), key(None)]
    changed += [key(test_crops=(0.5,)), key(test_crops=(0.4,))]
    assert len(set(changed)) == 8


def test_an_epoch_has_a_fresh_view_drawn_ahead_or_not(pictures: Pictures, tmp_path: Path) -> None:
    kept = made(pictures, tmp_path / "made", views=1)
    data = Data(kept, np.arange(PICTURES) % 3, np.arange(PICTURES), SIZE, 3)
    part = subset(data, np.arange(2, PICTURES))
    assert part.store.augmented == kept.augmented
    whole, later = (Batches(part, np.arange(9), 2, 1, train(mixup=0.3)) for _ in range(2))
    plain = Batches(part, np.arange(9), 9, 1, train())
    for epoch in (0, 1, 7):
        for batches in (whole, later, plain):
            batches.start(epoch)
        order = [3, 0, 4, 1, 2]
        found = list(whole.parts(order))
        assert len(found) == 1
        for place, start, end in zip(order, found[0][-1], found[0][-1][1:], strict=False):
            for one, other in zip(found[0], later[place], strict=False):
                assert np.array_equal(one[start:end], other)
        rows = [
            int(np.flatnonzero((plain[0][0] == picture).all(axis=(1, 2, 3)))[0])
            for picture in kept.view(1 + epoch)[np.arange(2, 11)]
        ]
        assert sorted(rows) == list(range(9))


def test_parts_are_made_ahead_in_their_order_and_an_error_comes_out() -> None:
    begun: list[int] = []

    def make(number: int) -> int:
        begun.append(number)
        return 12 // (5 - number)

    found = drawn.ahead(map(make, range(9)))
    assert next(found) == 2
    assert list(itertools.islice(found, 4)) == [3, 4, 6, 12]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert begun[:6] == list(range(6))
    assert list(drawn.ahead(map(make, range(4)))) == [2, 3, 4, 6]
    assert list(drawn.ahead([])) == []


@pytest.mark.slow
def test_drawn_views_train_as_kept_ones_do(pictures: Pictures, tmp_path: Path) -> None:
    """In epochs one by one, as `train` has them, and in few calls, as a search has them."""
    views = made(pictures, tmp_path / "made")
    (tmp_path / "kept").mkdir()
    for number in range(5):
        np.save(store.view_path(tmp_path / "kept", number), views.view(number)[:])
    files.write_json(tmp_path / "kept" / "key.json", "made by the test")
    one, weights = scenario(backbone=("small_cnn",), epochs=(3,)), []
    for kept in (views, drawn.opened(tmp_path / "kept")):
        data = Data(kept, np.arange(PICTURES) % 3, np.arange(PICTURES), SIZE, 3)
        feed = Batches(data, np.arange(PICTURES), 5, 1, train())
        keras.utils.set_random_seed(1)
        trained = Trainer(key_of(one, train(), data).build(one), one, train())
        trained.start(one, train(), len(feed))
        feed.start(1)
        trained.epoch(feed, [2, 0, 1])
        trained.epochs(feed, range(2, 4))
        weights.append(trained.model.get_weights())
    for mine, theirs in zip(*weights, strict=True):
        assert np.array_equal(mine, theirs)


def test_without_views_an_epoch_has_the_pictures(pictures: Pictures, tmp_path: Path) -> None:
    kept = made(pictures, tmp_path / "made", views=0)
    data = Data(kept, np.zeros(PICTURES, np.int64), np.arange(PICTURES), SIZE, 1)
    batches = Batches(data, np.arange(PICTURES), PICTURES, 1, train())
    batches.start(3)
    given = np.asarray(batches[0][0], np.uint8)
    assert sorted(map(bytes, given)) == sorted(map(bytes, np.asarray(pictures.array)))


def test_a_failed_draw_ends_the_batch(pictures: Pictures, tmp_path: Path) -> None:
    kept = made(pictures, tmp_path / "made")
    data = Data(kept, np.zeros(99, np.int64), np.arange(99), SIZE, 1)
    with pytest.raises(IndexError):
        Batches(data, np.arange(99), 99, 1, train())[0]


@pytest.mark.slow
@pytest.mark.parametrize("normalized", ["inference", "training"])
def test_every_layer_learns_and_statistics_as_they_are_told(normalized: str) -> None:
    keras.utils.set_random_seed(1)
    one, settings = scenario(), train(batch_norm=normalized)
    model = tail.build(one, SIZE, (*SIZE, 3), 3, settings)
    core = next(layer for layer in model.get_layer("tail").layers if isinstance(layer, keras.Model))
    before = {layer.name: layer.get_weights() for layer in core.layers}
    with eagerly():
        tail.compile_(model, one, settings, one.learning_rate)
        batch = np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3), dtype=np.uint8)
        model.train_on_batch(batch, np.eye(3)[[0, 1, 2, 0]])
    changed = {
        name: [not np.array_equal(*pair) for pair in zip(old, core.get_layer(name).get_weights(),
               strict=True)] for name, old in before.items() if old
    }  # fmt: skip
    fixed = normalized == "inference"
    assert all(all(found) for name, found in changed.items() if not name.endswith("norm"))
    assert all(any(found) != fixed for name, found in changed.items() if name.endswith("norm"))
    assert prediction.answers(model, batch, np.arange(4)).shape == (4, 3)


@pytest.mark.slow
def test_a_whole_network_predicts_in_batches_that_memory_holds() -> None:
    def at_once(backbone: str, size: tuple[int, int]) -> int:
        one = scenario(backbone=(backbone,))
        return prediction._batch(tail.build(one, size, (*size, 3), 3, train()))

    assert at_once("small_cnn", (224, 224)) == prediction.BATCH
    assert 32 <= at_once("efficientnet_lite0", (224, 224)) < 128


def layered(optimizer: str, **changes: Any) -> keras.Model:
    """Return three layers, the first with weights at depth 2, compiled."""
    keras.utils.set_random_seed(2)
    inputs = keras.Input((4,))
    x = keras.layers.BatchNormalization(name="a_norm")(keras.layers.Dense(6, name="a")(inputs))
    x = keras.layers.Dense(3, name="c")(keras.layers.Dense(5, name="b")(x))
    model = keras.Model(inputs, x)
    one = scenario(optimizer=(optimizer,), learning_rate=(changes.pop("rate", 0.1),))
    tail.compile_(model, one, train(weight_decay=0.05, **changes), one.learning_rate)
    return model


def gradients(model: keras.Model, seed: int) -> list[Any]:
    generator = np.random.default_rng(seed)
    return [
        keras.ops.convert_to_tensor(generator.normal(size=one.shape).astype(np.float32))
        for one in model.trainable_variables
    ]


QUICK = ("lion", "sgd")
"""Optimizers that every run of the tests takes."""


@pytest.mark.parametrize(
    "optimizer", [one for name in OPTIMIZERS for one in ([name] if name in QUICK else slow(name))]
)
def test_a_layer_learns_as_at_its_own_rate(optimizer: str) -> None:
    """The layers of a depth move as all layers move at the rate of that depth."""
    decayed = layered(optimizer, layer_decay=0.5)
    alone = [layered(optimizer, rate=0.1 * 0.5**depth) for depth in range(3)]
    for step in range(4):
        for model in (decayed, *alone):
            model.optimizer.apply(gradients(model, step), model.trainable_variables)
    for name, depth in {"a": 2, "a_norm": 2, "b": 1, "c": 0}.items():
        pairs = zip(
            decayed.get_layer(name).get_weights(),
            alone[depth].get_layer(name).get_weights(),
            strict=True,
        )
        for one, other in pairs:
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-7)
    first, other = (model.get_layer("a").get_weights()[0] for model in (decayed, alone[0]))
    assert not np.allclose(first, other, atol=1e-4)
    assert type(decayed.optimizer).__name__ == type(alone[0].optimizer).__name__


@pytest.mark.slow
def test_depth_counts_layers_on_the_longest_way() -> None:
    network = TABLE["resnet50"].build((32, 32, 3))
    depths = optimizers.depths(network)
    of = {layer.name: depths[id(layer.weights[0])] for layer in network.layers if layer.weights}
    assert (of["conv5_block3_3_conv"], of["conv5_block3_3_bn"], of["conv5_block3_1_conv"]) == (
        0,
        0,
        2,
    )
    assert (of["conv5_block1_0_conv"], of["conv5_block1_1_conv"]) == (6, 8)
    assert of["conv1_conv"] == 48


def rates(steps: int, **changes: Any) -> list[float]:
    """Return the first rates of a training of four steps an epoch, at 0.8."""
    settings = train(**changes)
    rate = MutableRate(settings)
    rate.set(scenario(learning_rate=(0.8,)), settings, 4)
    optimizer, found = keras.optimizers.SGD(rate), []
    for step in range(steps):
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def test_the_rate_warms_up_and_goes_on_as_scheduled() -> None:
    assert rates(10, warm_up=2.0) == pytest.approx(
        [0.1 * step for step in range(1, 9)] + [0.8, 0.8]
    )
    whole = rates(120, schedule="cosine")
    slow = rates(120, schedule="cosine", warm_up=0.5)
    assert slow[0] == pytest.approx(whole[0] / 2)
    assert slow[1:] == pytest.approx(whole[1:])


def test_a_warm_up_beyond_the_last_epoch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CantingError, match=r"expected at most the 3 `epochs`.*Received: 3\.5"):
        load(edited(tmp_path, epochs=[3, 9], train__warm_up=3.5))
    assert load(edited(tmp_path, epochs=3, train__warm_up=3.0)).train.warm_up == 3


def test_branches_are_dropped_by_example_and_scaled() -> None:
    x = np.random.default_rng(0).normal(size=(4000, 1, 1, 2)).astype(np.float32)
    layer = stochastic_depth.ResidualAdd(0.3, 1)
    added = np.asarray(layer([x, np.ones_like(x)], training=True)) - x
    dropped = np.isclose(added, 0).all(axis=(1, 2, 3))
    np.testing.assert_allclose(added[~dropped], 1 / 0.7, rtol=1e-3)
    assert 0.27 < dropped.mean() < 0.33
    np.testing.assert_array_equal(layer([x, np.ones_like(x)]), x + 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "additions"),
    [
        ("efficientnet_lite0", 9),
        ("mobilenet_v3_small", 6),
        ("resnet50", 16),
        ("efficientnet_b0", 9),
    ],
)
def test_branches_are_dropped_more_with_depth(backbone: str, additions: int) -> None:
    network = TABLE[backbone].build((*SIZE, 3))
    thinned = stochastic_depth.with_rate(network, 0.8, backbone)
    found = [one for one in thinned.layers if isinstance(one, stochastic_depth.ResidualAdd)]
    rates = [one.rate for one in found]
    assert rates == pytest.approx(list(np.arange(1, additions + 1) / additions * 0.8))
    x = np.random.default_rng(0).uniform(-1, 1, (2, *SIZE, 3)).astype(np.float32)
    whole = network(x, training=False)
    np.testing.assert_array_equal(whole, thinned(x, training=False))
    assert not np.allclose(whole, thinned(x, training=True))
    assert len(thinned.variables) == len(thinned.weights) + additions, "a seed of each is kept"
    own = [one for one in thinned.layers if isinstance(one, keras.layers.Dropout)]
    assert own == []


def test_a_network_without_residual_branches_is_refused() -> None:
    with pytest.raises(CantingError, match=r"residual additions. Received: small_cnn"):
        tail.build(
            scenario(backbone=("small_cnn",)), SIZE, (*SIZE, 3), 3, train(stochastic_depth=0.1)
        )


def whole(precision: str) -> keras.Model:
    keras.utils.set_random_seed(1)
    return tail.build(scenario(), SIZE, (*SIZE, 3), 3, train(precision=precision))


@pytest.mark.slow
def test_mixed_precision_keeps_weights_and_logits_in_float32() -> None:
    exact, mixed = whole("float32"), whole("mixed_bfloat16")
    assert {one.dtype for one in mixed.weights} == {"float32"}
    mixed.set_weights(exact.get_weights())
    assert mixed.get_layer("tail").output.dtype == "bfloat16"
    x = np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3)).astype(np.float32)
    near, far = np.asarray(exact(x)), np.asarray(mixed(x))
    assert far.dtype == np.float32
    assert 0 < np.abs(near - far).max() < 0.1 * np.abs(near).max()
    assert keras.config.dtype_policy().name == "float32"


def test_mixed_precision_is_refused_without_a_gpu() -> None:
    if keras.distribution.list_devices("gpu"):
        pytest.skip("needs a machine without a GPU")
    with pytest.raises(CantingError, match=r"`train.precision`: expected float32 where Keras sees"):
        tail.compile_(layered("sgd"), scenario(), train(precision="mixed_bfloat16"), 0.1)


def test_defaults_leave_a_training_as_it_was() -> None:
    plain = layered("adamw").optimizer
    assert type(plain) is keras.optimizers.AdamW
    assert isinstance(plain._learning_rate, keras.Variable)
