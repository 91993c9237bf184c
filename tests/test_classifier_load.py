"""Bundles that are not whole, and what a loaded one imports."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canting.bundle.classifier import Classifier
from canting.bundle.errors import BundleError
from tests.service_fixtures import LABELS, bundle, bundles

__all__ = ["bundle"]

Harm = Callable[[Path], object]


def test_a_whole_bundle_says_what_it_is(bundle: Path) -> None:
    loaded = Classifier.load(bundle)
    assert loaded.labels == LABELS
    assert loaded.digest == hashlib.sha256((bundle / "model.tflite").read_bytes()).hexdigest()
    assert loaded.version == f"model-{loaded.digest[:8]}"
    assert loaded.samples == ()


def test_samples_are_found_by_label(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle, tmp_path / "best")
    for name in ("parang/1.jpg", "kawung/2.jpg", "kawung/1.jpg"):
        path = tmp_path / "best" / "samples" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    assert Classifier.load(tmp_path / "best").samples == (
        b"kawung/1.jpg",
        b"kawung/2.jpg",
        b"parang/1.jpg",
    )


def cut(name: str) -> Harm:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-100])


def gone(name: str) -> Harm:
    return lambda folder: (folder / name).unlink()


def carded(**changes: Any) -> Harm:
    def change(folder: Path) -> None:
        content = json.loads((folder / "card.json").read_text())
        (folder / "card.json").write_text(json.dumps({**content, **changes}))

    return change


def replaced(**changes: Any) -> Harm:
    """Return what writes other arrays, with their digest in the card."""

    def change(folder: Path) -> None:
        with np.load(folder / "arrays.npz") as held:
            arrays = {**held, **changes}
        np.savez(folder / "arrays.npz", **arrays)
        digest = hashlib.sha256((folder / "arrays.npz").read_bytes()).hexdigest()
        carded(arrays_sha256=digest)(folder)

    return change


def put(name: str, content: bytes) -> Harm:
    """Return what puts other bytes in place of the model, with their digest in the card."""

    def change(folder: Path) -> None:
        (folder / "model.tflite").unlink()
        (folder / name).write_bytes(content)
        carded(model_sha256=hashlib.sha256(content).hexdigest())(folder)

    return change


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (shutil.rmtree, "bundle_absent"),
        (gone("card.json"), "card_absent"),
        (cut("card.json"), "card_invalid"),
        (carded(labels=["one"]), "card_invalid"),
        (carded(labels=["one", "one", "two"]), "card_invalid"),
        (carded(temperature=0), "card_invalid"),
        (carded(model_sha256="no digest"), "card_invalid"),
        (gone("model.tflite"), "model_absent"),
        (cut("model.tflite"), "model_damaged"),
        (carded(model_sha256="0" * 64), "model_damaged"),
        (put("model.tflite", b""), "model_damaged"),
        (put("model.tflite", b"\x89HDF\r\n\x1a\n" + bytes(99)), "model_format"),
        (put("model.tflite", b"PK\x03\x04" + bytes(99)), "model_format"),
        (put("model.keras", b"PK\x03\x04"), "model_format"),
        (put("model.h5", b"\x89HDF\r\n\x1a\n"), "model_format"),
        (put("model.tflite", bytes(4) + b"TFL3" + bytes(99)), "model_signature"),
        (carded(labels=["one", "two"]), "classes_differ"),
        (carded(image_size=[32, 64]), "model_signature"),
        (gone("arrays.npz"), "arrays_absent"),
        (cut("arrays.npz"), "arrays_damaged"),
        (replaced(kernel=np.eye(3) * 11), "arrays_damaged"),
        (replaced(kernel=np.eye(3)[:2]), "arrays_damaged"),
        (replaced(bias=np.full(3, np.nan)), "arrays_damaged"),
        (replaced(bias=np.array([{}] * 3, dtype=object)), "arrays_damaged"),
        (replaced(prototypes=np.zeros((0, 3))), "arrays_damaged"),
        (replaced(prototypes=np.zeros((4, 2))), "arrays_damaged"),
    ],
)
def test_a_harmed_bundle_is_refused(bundle: Path, tmp_path: Path, harm: Harm, code: str) -> None:
    folder = tmp_path / "best"
    shutil.copytree(bundle, folder)
    harm(folder)
    with pytest.raises(BundleError, match="Write the bundle again") as caught:
        Classifier.load(folder)
    assert caught.value.code == code


def test_a_model_that_only_answers_nan_is_refused(pytestconfig: pytest.Config) -> None:
    with pytest.raises(BundleError) as caught:
        Classifier.load(bundles(pytestconfig) / "nan")
    assert caught.value.code == "model_output"


HEAVY = ["tensorflow", "keras", "mlflow", "dvc", "pandas", "sklearn", "scipy", "joblib", "pyarrow"]


def test_answering_needs_no_training_package(bundle: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import canting.serving.predict.predict as p;"
        "from canting.bundle.classifier import Classifier; import numpy as np;"
        f"ours = Classifier.load(Path({str(bundle)!r}));"
        "ours.answer(np.ones((64, 64, 3), 'uint8'), overlay=True);"
        f"sys.exit(' '.join(set(sys.modules) & set({HEAVY!r})) or 0)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr.splitlines()[1:]) == (0, []), told.stderr
