"""Seeds, threads, precision and telemetry, set in this one place."""

import importlib
import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits

from canting.core import device
from canting.core.device import Precision
from canting.core.errors import CantingError
from canting.core.silence import silence

QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
}
"""No library of the pipeline calls home or prints its build flags.

oneDNN keeps to AVX2, so that a processor with AVX-512 adds up in the same order as one without.
Without oneDNN a training step of a convolutional tail takes 1.27 times the processor time (measured
on one core; EfficientNet-Lite0 from block 11, 288 × 384 pixels).
"""


TAIL_THREADS = 2
"""Where a single tail runs: a fixed number, so that its sums come in one order on every machine."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepare(threads: int | None = None) -> None:
    """Silence telemetry, hide GPUs, fix thread counts; call before a framework is imported."""
    os.environ.update(QUIET)
    device.hide()
    warnings.filterwarnings("ignore", module=r"PIL\.")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    count = str(threads or cores())
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = count
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"


def import_keras(precision: Precision = "float32") -> None:
    """Import Keras with its backend for the first time, without the lines that these print.

    TensorFlow writes them before its log level is in force. Raises `CantingError` where the backend
    is not installed. On a GPU, products of float32 are rounded to TF32 only if `precision` says so.
    """
    if reason := device.missing(device.backend()):
        raise CantingError(
            f"`KERAS_BACKEND`: expected {', '.join(device.COUNTS)}, installed. Received: {reason}. "
            "Install it, or unset `KERAS_BACKEND`."
        )
    with silence():
        importlib.import_module("keras")
    if os.environ.get(device.OWN):
        _settle(device.backend(), precision == "tensorfloat32")


def _settle(backend: str, rounded: bool) -> None:
    """Let memory of a GPU grow as it is needed, and say whether float32 may be rounded to TF32.

    All three backends round in some operations unless they are told not to.
    """
    framework = importlib.import_module(backend)
    if backend == "tensorflow":
        framework.config.experimental.enable_tensor_float_32_execution(rounded)
        for gpu in framework.config.list_physical_devices("GPU"):
            framework.config.experimental.set_memory_growth(gpu, True)
    elif backend == "jax":
        chosen = "tensorfloat32" if rounded else "float32"
        framework.config.update("jax_default_matmul_precision", chosen)
    else:
        framework.backends.cuda.matmul.allow_tf32 = rounded
        framework.backends.cudnn.allow_tf32 = rounded


@contextmanager
def one_thread_a_task() -> Iterator[None]:
    """Leave the cores to parallel tasks: BLAS is slower where it shares small products out."""
    with threadpool_limits(1, user_api="blas"):
        yield


def derived_seed(*numbers: int) -> int:
    """Return a seed for a part of the work, from the run's seed and the numbers of the part."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def backend_seed(seed: int) -> int:
    """Return a seed as the backend's random states hold it: those of PyTorch have 31 bits."""
    return seed % 2**31 if device.backend() == "torch" else seed


def seed_training(seed: int) -> None:
    """Seed the Keras backend, in float32.

    On TensorFlow, Keras draws every seed from Python's numbers. TensorFlow's own seed is used by
    nothing, and is left alone: setting it makes every graph be prepared again, in 0.1 seconds each.
    """
    import keras

    keras.config.set_floatx("float32")
    if keras.backend.backend() == "tensorflow":
        random.seed(seed)
    else:
        keras.utils.set_random_seed(seed)
