"""The device that Keras computes on, one process a GPU, and the trunk by Keras in batches.

No GPU is needed: worker processes with an empty name run the same code on the processor.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from canting.cli.doctor import device as doctor
from canting.config.params import load
from canting.core import device, files, parallel, runtime
from canting.core.device import CPU, Device
from canting.core.errors import CantingError
from canting.data.manifest import HELD_OUT
from canting.models import export
from canting.models.features import compute, trunk
from canting.models.features.compute import Pictures
from canting.models.features.store import Store
from canting.models.train import fold
from tests import tune_data
from tests.conftest import ROOT, slow
from tests.device_worker import own
from tests.test_features import MOVING

ALONE = ("",)
"""A worker process on the processor."""


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    device._gpus.cache_clear()
    yield
    device._gpus.cache_clear()


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look as if NVIDIA's driver were loaded."""
    (tmp_path / "version").touch()
    monkeypatch.setattr(device, "DRIVER", tmp_path / "version")


@pytest.fixture
def cuda(driver: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """Let it look as if a backend found two GPUs."""
    monkeypatch.setitem(device.DISTRIBUTIONS, "tensorflow", ("keras",))
    monkeypatch.setattr(device, "_without_cuda", lambda _: "")
    monkeypatch.setitem(device.COUNTS, "tensorflow", "print('a line'); print(2)")


def test_without_a_driver_the_processor_is_taken_and_the_reason_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "DRIVER", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert device.choose("auto", "float32") == device.choose("cpu", "float32") == CPU
    assert "no NVIDIA driver" in device.gpus().reason
    with pytest.raises(CantingError, match=r"`compute.device`: expected a GPU.*no NVIDIA driver"):
        device.choose("gpu", "float32")
    with pytest.raises(CantingError, match=r"`compute.precision`: expected float32"):
        device.choose("auto", "bfloat16")


@pytest.mark.usefixtures("driver")
def test_a_backend_that_cannot_use_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "without CUDA" in device.gpus().reason
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    assert "not one of tensorflow, jax, torch" in device.gpus().reason
    with pytest.raises(CantingError, match=r"`KERAS_BACKEND`: expected.*theano"):
        runtime.import_keras()
    monkeypatch.setitem(device.DISTRIBUTIONS, "jax", ("no-such-thing",))
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert "which is not installed" in device.gpus().reason


@pytest.mark.usefixtures("cuda")
def test_gpus_are_those_that_the_user_lets_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device.choose("auto", "bfloat16") == Device(("0", "1"), "bfloat16")
    monkeypatch.setenv(device.SEEN, "3,5,7")
    assert device.gpus().names == ("3", "5")
    monkeypatch.setenv(device.SEEN, "none")
    assert "hides all" in device.gpus().reason
    monkeypatch.setenv(device.SEEN, "all")
    monkeypatch.setitem(device.COUNTS, "tensorflow", "raise SystemExit('no driver')")
    device._gpus.cache_clear()
    assert "finds none" in device.gpus().reason


@pytest.mark.slow
def test_tensorflow_is_asked_for_its_gpus() -> None:
    assert device._count("tensorflow", "none") == 0


def test_a_process_that_is_no_worker_sees_no_gpu_and_remembers_which_there_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(device.SEEN)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4")
    device.hide()
    device.hide()
    assert (os.environ["CUDA_VISIBLE_DEVICES"], os.environ[device.SEEN]) == ("", "4")
    for name, value in device.worker("4").items():
        monkeypatch.setenv(name, value)
    device.hide()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4"
    assert device.choose("auto", "float32") == Device(("4",))


def test_each_gpu_has_one_process_and_results_come_in_order() -> None:
    found = list(parallel.run(own, range(8), label="test", gpus=("3", "5")))
    assert [number for number, *_ in found] == list(range(8))
    assert {(mine, visible) for *_, mine, visible in found} == {("3", "3"), ("5", "5")}
    assert len({pid for _, pid, *_ in found} - {os.getpid()}) == 2


def test_tasks_are_drawn_as_gpus_come_free_and_an_error_arrives() -> None:
    drawn = []

    def tasks() -> Iterator[int]:
        for number in (*range(20), 99):
            drawn.append(number)
            yield number

    results = parallel.silent(own, tasks(), gpus=("0",))
    assert next(results)[0] == 0
    assert len(drawn) <= 2 * parallel.AHEAD
    with pytest.raises(ValueError, match="this one fails"):
        list(results)


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    coarse = np.random.default_rng(3).integers(0, 255, (150, 8, 8, 3), dtype=np.uint8)
    array = coarse.repeat(8, axis=1).repeat(8, axis=2)
    return Pictures(array, [files.digest(number) for number in range(len(array))])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cut", "precision", "least", "most"),
    [
        (None, "float32", 0.0, 1e-4),
        pytest.param("block3_expand_conv", "float32", 0.0, 1e-4, marks=pytest.mark.slow),
        pytest.param(None, "bfloat16", 1e-2, 0.3, marks=pytest.mark.slow),
    ],
)
def test_keras_in_batches_agrees_with_litert(
    cut: str | None,
    precision: device.Precision,
    least: float,
    most: float,
    pictures: Pictures,
    tmp_path: Path,
) -> None:
    settings = MOVING.model_copy(update={"views": 1})
    given = "efficientnet_lite0", cut, pictures, settings, 1
    batched = Device(ALONE, precision)
    compute.compute(*given, cache=tmp_path / "cache", target=tmp_path / "litert")
    for _ in range(2):
        target = tmp_path / "keras"
        made = compute.compute(*given, cache=tmp_path / "cache", target=target, device=batched)
    assert made.computed_views == 0
    one, other = Store(tmp_path / "litert"), Store(tmp_path / "keras")
    assert one.key != other.key
    for number in range(2):
        expected, received = one.view(number), other.view(number)
        assert received.dtype == np.float32
        difference = np.abs(received - expected).max() / np.abs(expected).max()
        print(f"{precision}: {difference:.2g} of the largest feature")
        assert least <= difference < most


def test_the_trunk_runs_by_litert_on_the_processor_and_by_keras_on_gpus(tmp_path: Path) -> None:
    size = (64, 64)
    chosen = trunk.on(Device(("0",)), "efficientnet_lite0", None, size, tmp_path, 1)
    assert isinstance(chosen, trunk.KerasTrunk)
    assert list(tmp_path.iterdir()) == []


def test_device_and_precision_are_part_of_the_keys_where_they_decide() -> None:
    asked = "efficientnet_lite0", None, (64, 64), ["digest"], MOVING, 1
    others = [Device(("0",), one) for one in ("float32", "tensorfloat32", "bfloat16")]
    found = [compute.Views(*asked, one).keys[0] for one in (CPU, *others)]
    assert len(set(found)) == 4
    assert compute.Views(*asked, Device(("1",))).keys[0] == found[1]
    assert compute.Views(*asked).keys[0] == found[0]
    scratch = "small_cnn", *asked[1:]
    assert compute.Views(*scratch, Device(("0",))).keys == compute.Views(*scratch).keys


def task(folder: Path) -> fold.FoldTask:
    features = tune_data.write_features(folder / "features") / "efficientnet_lite0"
    params = load(ROOT / "params.yaml").model_copy(update={"epochs": (2,)})
    return fold.FoldTask(
        params.scenarios()[0], HELD_OUT, params, tune_data.table(), features, folder / "cache"
    )


@pytest.mark.slow
def test_a_training_in_a_process_of_its_own_ends_the_same(tmp_path: Path) -> None:
    here, there = task(tmp_path / "a"), task(tmp_path / "b")
    fold.train(here)
    assert list(parallel.silent(fold.run, [there], gpus=ALONE)) == [None]
    expected, received = fold.load(here), fold.load(there)
    assert expected is not None
    assert received is not None
    np.testing.assert_allclose(received.logits, expected.logits, atol=1e-6)


SETTLED = {
    "tensorflow": "import tensorflow as t;"
    "print(t.config.experimental.tensor_float_32_execution_enabled())",
    "jax": "import jax; print(jax.config.jax_default_matmul_precision != 'float32')",
    "torch": "import torch; print(torch.backends.cudnn.allow_tf32)",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tensorflow", *slow("jax", "torch")])
def test_float32_on_a_gpu_is_rounded_only_where_it_is_asked_for(name: str) -> None:
    if device.missing(name):
        pytest.skip(f"needs {name}")
    code = (
        "from canting.core import runtime; runtime.prepare(threads=1);"
        "runtime.import_keras('{}');" + SETTLED[name]
    )
    environment = {**os.environ, "KERAS_BACKEND": name, device.OWN: "0", "JAX_PLATFORMS": "cpu"}
    for precision, rounded in (("float32", "False"), ("tensorfloat32", "True")):
        told = subprocess.run(
            [sys.executable, "-c", code.format(precision)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.stdout.split()[-1:] == [rounded], told.stderr


def small() -> keras.Model:
    picture = keras.Input((8, 8, 3), name="picture")
    answer = keras.layers.Conv2D(2, 3, name="map")(picture[..., ::-1])
    averages = keras.layers.GlobalAveragePooling2D()(answer)
    return keras.Model(picture, {"map": answer, "pooled": averages})


@pytest.mark.slow
def test_another_process_exports_to_the_same_bytes(tmp_path: Path) -> None:
    model = small()
    export.export(model, tmp_path / "here.tflite")
    export._convert_elsewhere(model, tmp_path / "there.tflite")
    there = (tmp_path / "there.tflite").read_bytes()
    assert there == (tmp_path / "here.tflite").read_bytes()
    (tmp_path / "folder").touch()
    with pytest.raises(CantingError, match="expected TensorFlow to convert"):
        export._convert_elsewhere(model, tmp_path / "folder" / "there.tflite")


def test_an_export_without_tensorflow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(device.DISTRIBUTIONS, "tensorflow", ("no-such-thing",))
    with pytest.raises(CantingError, match=r"Install `canting\[train,cpu\]`"):
        export.export(small(), tmp_path / "model.tflite")


def test_doctor_tells_backend_device_and_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "DRIVER", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    told = [one.told for one in doctor.device_(ROOT)]
    assert told[0].startswith("Keras computes with tensorflow 2.")
    assert "run on the processor: there is no NVIDIA driver" in told[1]
    (tmp_path / "params.yaml").write_text("compute: {device: gpu}")
    (found,) = [one for one in doctor.device_(tmp_path) if one.level == "fix"]
    assert "`compute.device`: expected a GPU" in found.told
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    (found,) = doctor.device_(ROOT)
    assert (found.level, found.command) == ("fix", "unset KERAS_BACKEND")


@pytest.mark.usefixtures("cuda")
def test_doctor_names_the_gpus() -> None:
    assert "by Keras on GPU 0, 1, in float32" in list(doctor.device_(ROOT))[-1].told


def test_doctor_finds_two_tensorflows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(doctor.tensorflows(ROOT)) == []
    for name in ("tensorflow", "tensorflow_cpu"):
        (tmp_path / f"{name}-9.0.dist-info").mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 9.0\n"
        (tmp_path / f"{name}-9.0.dist-info" / "METADATA").write_text(metadata)
    monkeypatch.syspath_prepend(tmp_path)
    (found,) = doctor.tensorflows(ROOT)
    assert found.level == "fix"
    assert "both installed" in found.told
