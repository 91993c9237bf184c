"""From the bytes of a picture to an answer; red, lime and blue are the classes of the bundle."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from canting.bundle.activation import activation, overlay
from canting.bundle.answer import ModelOutputError
from canting.bundle.card import EnergyScale
from canting.bundle.classifier import Classifier
from canting.bundle.logits import softmax
from canting.bundle.unlikeness import energy, unlikeness
from canting.data.preprocess.decode import decode_all
from canting.imaging import pictures
from canting.imaging.pictures import PictureError
from tests.service_fixtures import COLOURS, LABELS, bundle

__all__ = ["bundle"]

NOISE = np.random.default_rng(3).integers(60, 200, (90, 120, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def classifier(bundle: Path) -> Classifier:
    return Classifier.load(bundle)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def painted(colour: str, size: tuple[int, int] = (120, 90)) -> Image.Image:
    return Image.new("RGB", size, colour)


@pytest.mark.parametrize("label", LABELS)
def test_the_colour_is_the_label(classifier: Classifier, label: str) -> None:
    answer = classifier.classify(encoded(painted(COLOURS[label])))
    assert (answer.label, answer.abstained, answer.reason) == (label, False, "")
    assert tuple(answer.probabilities) == classifier.labels == LABELS
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.probability == max(answer.probabilities.values()) > 0.99
    assert answer.distance < 0.01
    assert answer.activation is None


def test_probabilities_are_those_of_the_logits_at_the_temperature(classifier: Classifier) -> None:
    mixed = pictures.resize(Image.fromarray(NOISE), (64, 64))
    said = classifier.engine.answer(mixed)
    for temperature in (0.5, 1.0, 3.0):
        scaled = classifier._replace(
            card=classifier.card.model_copy(update={"temperature": temperature})
        )
        chances = list(scaled.answer(mixed).probabilities.values())
        np.testing.assert_allclose(chances, softmax(said["logits"][None] / temperature)[0])


def test_what_is_unlike_the_training_is_refused_with_its_distance(classifier: Classifier) -> None:
    answer = classifier.classify(encoded(painted("white")))
    assert (answer.abstained, answer.reason) == (True, "unlike_training")
    cosine = 1 / np.sqrt(3)
    assert answer.distance == pytest.approx((1 - cosine) / 0.1, rel=1e-4)
    without = classifier._replace(card=classifier.card.model_copy(update={"abstention": None}))
    answer = without.classify(encoded(painted("white")))
    assert (answer.abstained, answer.reason, answer.distance) == (False, "", 0.0)


def test_weak_logits_are_refused_where_the_card_has_a_scale_of_energy(
    classifier: Classifier,
) -> None:
    content = encoded(painted("red"))
    plain = classifier.classify(content)
    image = pictures.decode(content).image
    said = classifier.engine.answer(pictures.resize(image, classifier.card.image_size))
    found = float(energy(said["logits"][None])[0])
    told = classifier.card.abstention
    assert told is not None
    for span, distance in ((4.0, 0.5), (0.5, 4.0)):
        scale = EnergyScale(middle=found - 2, threshold=found - 2 + span)
        with_energy = told.model_copy(update={"energy": scale})
        card = classifier.card.model_copy(update={"abstention": with_energy})
        answer = classifier._replace(card=card).classify(content)
        assert answer.distance == pytest.approx(max(distance, plain.distance), rel=1e-5)
        assert answer.abstained == (distance > 1)
    with pytest.raises(ValueError, match="a threshold above the median"):
        EnergyScale(middle=1.0, threshold=1.0)


def test_unlikeness_by_hand() -> None:
    prototypes = np.array([[1, 0, 0], [0, 0.6, 0.8]], np.float32)
    pooled = np.array([[4, 0, 0], [0, 36, 64], [9, 9, 0], [0, 0, 0]])
    expected = [0, 0, 1 - np.sqrt(0.5), 1]
    np.testing.assert_allclose(unlikeness(pooled, prototypes), expected, atol=1e-6)
    assert unlikeness(-pooled[:1], prototypes).item() == pytest.approx(1)


def test_the_map_shows_what_speaks_for_the_label(classifier: Classifier) -> None:
    half = painted("lime")
    half.paste("red", (0, 0, 50, 90))
    answer = classifier.classify(encoded(half), overlay=True)
    assert answer.label == "mega_mendung"
    shown = answer.activation
    assert shown is not None
    assert shown.shape == (8, 8)
    assert shown.dtype == np.float32
    assert (shown.min(), shown.max()) == (0, 1)
    assert (shown[:, 4:] > 0.9).all()
    assert (shown[:, :3] == 0).all()


def test_the_map_is_exact() -> None:
    generator = np.random.default_rng(0)
    last = generator.normal(size=(5, 4, 7)).astype(np.float32)
    kernel = generator.normal(size=(7, 3)).astype(np.float32)
    logits = last.mean(axis=(0, 1)) @ kernel
    evidence = last @ (kernel - kernel.mean(axis=1, keepdims=True))
    np.testing.assert_allclose(evidence.mean(axis=(0, 1)), logits - logits.mean(), atol=1e-5)
    for place in range(3):
        positive = np.maximum(evidence[..., place], 0)
        shown = activation(last, kernel, place)
        np.testing.assert_allclose(shown, positive / positive.max(), atol=1e-5)
    assert (activation(last, np.ones_like(kernel), 1) == 0).all()


def test_an_overlay_lets_the_picture_through_where_nothing_speaks() -> None:
    shown = overlay(np.eye(2, dtype=np.float32), (120, 90))
    assert (shown.mode, shown.size) == ("RGBA", (120, 90))
    levels = np.asarray(shown)[..., 3]
    assert levels[0, 0] == levels[-1, -1] == 178
    assert levels[0, -1] == levels[-1, 0] == 0


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 92}),
        ("JPEG", {"quality": 80, "exif": 6}),
        ("PNG", {}),
        ("WEBP", {"quality": 80}),
    ],
)
def test_the_service_sees_what_the_pipeline_saw(
    classifier: Classifier, tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    if "exif" in options:
        exif = Image.Exif()
        exif[0x0112] = options["exif"]
        options = {**options, "exif": exif}
    content = encoded(Image.fromarray(NOISE).resize((700, 400)), kind, **options)
    (tmp_path / "a").write_bytes(content)
    decode_all(tmp_path, ["a"], classifier.card.image_size, tmp_path / "all.npy")
    said = classifier.engine.answer(np.load(tmp_path / "all.npy")[0])
    through_pipeline = softmax(said["logits"][None] / classifier.card.temperature)[0]
    for source in (content, tmp_path / "a"):
        served = list(classifier.classify(source).probabilities.values())
        np.testing.assert_allclose(served, through_pipeline, atol=1e-5)


def test_animated_and_small_pictures_are_answered_and_noted(classifier: Classifier) -> None:
    frames = [painted("red"), painted("blue")]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    answer = classifier.classify(moving)
    assert (answer.label, answer.warnings) == ("kawung", ("animated",))
    assert classifier.classify(encoded(painted("red", (100, 20)))).warnings == ("small",)
    assert classifier.classify(encoded(painted("red", (32, 32)))).warnings == ()
    twice = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert classifier.classify(twice).warnings == ()


def test_bytes_that_are_no_picture_and_numbers_that_are_none(classifier: Classifier) -> None:
    with pytest.raises(PictureError) as caught:
        classifier.classify(b"<html>")
    assert caught.value.code == "unsupported_format"
    with pytest.raises(ModelOutputError, match=r"`model.tflite`: .* NaN or infinity"):
        classifier.classify(encoded(painted("black")))


def test_many_threads_get_their_own_answers(classifier: Classifier) -> None:
    contents = {label: encoded(painted(COLOURS[label])) for label in LABELS}
    asked = [LABELS[number % 3] for number in range(120)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda label: classifier.classify(contents[label]), asked))
    assert [answer.label for answer in answers] == asked
    assert len({answer.probability for answer in answers if answer.label == "parang"}) == 1
