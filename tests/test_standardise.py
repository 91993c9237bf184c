"""Standardised features and the penalty on a classifier's weights."""

from pathlib import Path

import numpy as np
import pytest

from canting.config.params import load, parse
from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.core import files
from canting.core.errors import CantingError
from canting.models.features import store
from canting.models.features.store import Store
from canting.models.train import fit, tail
from canting.models.train.batches import Data
from canting.models.train.standardise import VARIANCE, standard_of, standardised
from tests.conftest import ROOT

CLASSES, PICTURES, CHANNELS, VIEWS = 3, 60, 8, 2
PLAIN = load(ROOT / "params.yaml").train
STANDARD = PLAIN.model_copy(update={"standardise": True})
TRAIN, TEST = np.arange(45), np.arange(45, PICTURES)
SCENARIO = Scenario(
    backbone="efficientnet_lite0",
    fine_tune_from=None,
    optimizer="adam",
    dropout=0.0,
    learning_rate=0.1,
    batch_size=16,
    epochs=4,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Return features of very different means and spreads; the last one never varies."""
    folder = tmp_path_factory.mktemp("features")
    generator = np.random.default_rng(0)
    targets = np.arange(PICTURES) % CLASSES
    centres = generator.normal(0, 1, (CLASSES, CHANNELS))
    for number in range(VIEWS + 1):
        noise = generator.normal(0, 1, (PICTURES, CHANNELS))
        array = 5 + (centres[targets] + noise) * np.geomspace(0.1, 10, CHANNELS)
        array[:, -1] = 5
        np.save(store.view_path(folder, number), array.astype(np.float32))
    files.write_json(folder / "key.json", "made by the test")
    return Data(Store(folder), targets, np.arange(PICTURES), (64, 64), CLASSES)


def trained(data: Data, settings: Train) -> fit.Fit:
    return fit.fit(SCENARIO, data, TRAIN, TEST, seed=3, settings=settings)


def test_a_standard_is_that_of_all_views_of_the_training_rows(data: Data) -> None:
    standard = standard_of(data, TRAIN)
    seen = np.concatenate([data.store.view(number)[TRAIN] for number in range(VIEWS + 1)])
    np.testing.assert_allclose(standard.mean, seen.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(standard.spread, np.sqrt(seen.var(axis=0) + VARIANCE), rtol=1e-5)
    other = standardised(data, standard).store
    assert (other.augmented, other.shape, other.key) == (VIEWS, (CHANNELS,), "made by the test")
    views = np.concatenate([other.view(number)[TRAIN] for number in range(VIEWS + 1)])
    assert views.dtype == np.float32
    np.testing.assert_allclose(views.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(views.std(axis=0)[1:-1], 1, atol=2e-2)
    assert np.abs(views[:, -1]).max() < 1e-3
    np.testing.assert_array_equal(other.test_views[0][TEST], other.view(0)[TEST])


def test_a_classifier_of_standardised_features_ends_as_one_of_the_plain_features(
    data: Data,
) -> None:
    ours = trained(data, STANDARD)
    plain = np.asarray(ours.model.predict_on_batch(data.store.view(0)[TEST]))
    np.testing.assert_allclose(plain, ours.logits, atol=1e-4)
    standard = standard_of(data, TRAIN)
    theirs = trained(standardised(data, standard), PLAIN)
    np.testing.assert_allclose(ours.logits, theirs.logits, atol=1e-6)
    assert ours.curves == theirs.curves
    assert np.abs(trained(data, PLAIN).logits - ours.logits).max() > 0.1


def test_the_penalty_is_part_of_the_loss_and_makes_weights_small(data: Data) -> None:
    strong = STANDARD.model_copy(update={"l2": 0.5})
    sizes = []
    for settings in (STANDARD, strong):
        model = tail.build(SCENARIO, data.size, data.store.shape, CLASSES, settings)
        kernel = model.get_layer("logits").get_weights()[0]
        expected = [0.5 * np.square(kernel).sum()] if settings is strong else []
        np.testing.assert_allclose([float(one) for one in model.losses], expected, rtol=1e-5)
        layer = trained(data, settings).model.get_layer("logits")
        spread = standard_of(data, TRAIN).spread
        sizes.append(np.square(layer.get_weights()[0] * spread[:, None]).sum())
    assert sizes[1] < 0.2 * sizes[0]
    first = [trained(data, settings).curves.loss[0] for settings in (STANDARD, strong)]
    assert first[1] > first[0]


def test_a_hidden_layer_is_penalised_too(data: Data) -> None:
    settings = PLAIN.model_copy(update={"l2": 0.1, "hidden": 4})
    model = tail.build(SCENARIO, data.size, data.store.shape, CLASSES, settings)
    kernels = [model.get_layer(name).get_weights()[0] for name in ("hidden", "logits")]
    expected = sum(0.1 * np.square(one).sum() for one in kernels)
    assert sum(float(one) for one in model.losses) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "train", "message"),
    [
        ({"fine_tune_from": "all"}, {}, "whose features change in training"),
        ({"fine_tune_from": "block15_expand_conv"}, {}, "block15_expand_conv"),
        ({}, {"hidden": 8}, "`train.hidden` 8, behind a normalisation of its own"),
    ],
)
def test_only_what_goes_into_a_classifier_alone_is_standardised(
    changes: dict[str, str], train: dict[str, int], message: str
) -> None:
    content = load(ROOT / "params.yaml").model_dump(by_alias=True)
    content |= {key: [value] for key, value in changes.items()}
    content["image_size"] = list(content["image_size"])
    content["train"] |= {"standardise": True, **train}
    with pytest.raises(CantingError, match=r"`train.standardise`: expected a classifier") as raised:
        parse(content, Path("params.yaml"))
    assert message in str(raised.value)
    assert "Received" in str(raised.value)
