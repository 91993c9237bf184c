"""The same study on Keras's other backends: scores, and the bundle's model, as on TensorFlow."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from canting.bundle.engine import Engine
from canting.bundle.logits import softmax
from canting.core import files
from tests import backend_run
from tests.conftest import ROOT

TRUE = np.arange(backend_run.PICTURES) % backend_run.CLASSES
LARGEST = 0.1
"""Mean difference of a probability, where only a classifier is trained.

Each backend draws first weights of its own from a seed: networks trained from scratch differ more.
"""


def study(backend: str, folder: Path) -> Path:
    """Run the small study in a process on a backend; return its folder."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.backend_run", str(folder / backend)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    return folder / backend


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backends")


@pytest.fixture(scope="module")
def usual(folder: Path) -> Path:
    return study("tensorflow", folder)


def probabilities(study: Path, backbone: str) -> np.ndarray:
    engine = Engine(study / f"{backbone}.tflite")
    answers = [engine.answer(picture) for picture in backend_run.pictures().array]
    assert all(set(one) == {"logits", "pooled", "map"} for one in answers)
    return softmax(np.stack([one["logits"] for one in answers]))


def compare(usual: Path, other: Path) -> None:
    """Check the scores of two studies, and what their bundles answer."""
    with np.load(usual / "logits.npz") as first, np.load(other / "logits.npz") as second:
        for name in backend_run.BACKBONES:
            expected, received = softmax(first[name]), softmax(second[name])
            rights = [(one.argmax(axis=1) == TRUE).mean() for one in (expected, received)]
            differences = [
                float(np.abs(expected - received).mean()),
                float(np.abs(probabilities(usual, name) - probabilities(other, name)).mean()),
            ]
            print(name, "accuracy", rights, "differences", differences)
            assert min(rights) > 0.6
            assert abs(rights[0] - rights[1]) < 0.1
            if name == "efficientnet_lite0":
                assert max(differences) < LARGEST
    best = [max(files.read_json(one / "scores.json")) for one in (usual, other)]
    print("best trials", best)
    assert min(best) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_scores_as_tensorflow_and_ends_in_the_same_bundle(
    backend: str, folder: Path, usual: Path
) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"Keras's backend `{backend}` is not installed")
    compare(usual, study(backend, folder))
