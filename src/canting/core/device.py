"""The device that Keras computes on: the GPUs that it finds, or the processor, and why.

A GPU is used by worker processes alone, one each; every other process sees none. So exports and
calibration stay on the processor, and no process holds memory of a GPU that another one needs.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple

from canting.core.errors import CantingError

Asked = Literal["auto", "cpu", "gpu"]
Precision = Literal["float32", "tensorfloat32", "bfloat16"]

DRIVER = Path("/proc/driver/nvidia/version")
"""The file that the Linux kernel has where NVIDIA's driver is loaded."""

OWN, SEEN = "CANTING_GPU", "CANTING_VISIBLE_GPUS"
"""Environment variables: the GPU of a worker process; what `CUDA_VISIBLE_DEVICES` was at first."""

COUNTS = {
    "tensorflow": "import tensorflow as t; print(len(t.config.list_physical_devices('GPU')))",
    "jax": "import jax; print(sum(one.platform == 'gpu' for one in jax.devices()))",
    "torch": "import torch; print(torch.cuda.device_count())",
}
"""How each backend of Keras counts the GPUs that it can use."""

DISTRIBUTIONS = {
    "tensorflow": ("tensorflow-cpu", "tensorflow"),
    "jax": ("jax",),
    "torch": ("torch",),
}
"""What brings each backend."""


class Device(NamedTuple):
    """What Keras computes on, and how it multiplies there.

    `gpus` by the names that `CUDA_VISIBLE_DEVICES` takes; none: the processor. An empty name is a
    worker process on the processor.
    """

    gpus: tuple[str, ...] = ()
    precision: Precision = "float32"

    @property
    def key(self) -> tuple[str, ...]:
        """What of it decides on bytes; nothing on the processor, where float32 is all there is."""
        return ("gpu" if any(self.gpus) else "cpu", self.precision) if self.gpus else ()


CPU = Device()


class Gpus(NamedTuple):
    """The GPUs that a backend finds, or why it finds none."""

    names: tuple[str, ...]
    reason: str = ""


def backend() -> str:
    """Return the name of what Keras computes with."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def choose(asked: Asked, precision: Precision) -> Device:
    """Return the device for what `params.yaml` asks.

    Raises `CantingError` where a GPU is asked for and none is found, and where a precision is asked
    for that the processor does not compute in.
    """
    if own := os.environ.get(OWN):
        return Device((own,), precision)
    found = gpus() if asked != "cpu" else Gpus((), "`compute.device` is `cpu`")
    if asked == "gpu" and not found.names:
        raise CantingError(
            f"`compute.device`: expected a GPU, as `gpu` asks for. Received: none, as "
            f"{found.reason}. Run `canting doctor device`, or take `auto` or `cpu`."
        )
    if precision != "float32" and not found.names:
        raise CantingError(
            f"`compute.precision`: expected float32 on the processor. Received: {precision}, and "
            f"no GPU, as {found.reason}. Take float32."
        )
    return Device(found.names, precision)


def gpus() -> Gpus:
    """Return the GPUs that the backend can use; its framework is asked only if it may find one."""
    return _gpus(backend(), os.environ.get(SEEN) or _visible())


def _visible() -> str:
    return os.environ.get("CUDA_VISIBLE_DEVICES", "all") or "none"


@cache
def _gpus(name: str, seen: str) -> Gpus:
    if reason := _reason(name, seen):
        return Gpus((), reason)
    count = _count(name, seen)
    if not count:
        return Gpus((), f"{name} finds none that it can use (`nvidia-smi` shows the driver's)")
    return Gpus(tuple(map(str, range(count))) if seen == "all" else tuple(seen.split(",")[:count]))


def _reason(name: str, seen: str) -> str:
    """Return why there can be no GPU, as far as files and installed packages tell."""
    if absent := missing(name):
        return absent
    if not DRIVER.exists() and shutil.which("nvidia-smi") is None:
        return f"there is no NVIDIA driver (no `{DRIVER}`, no `nvidia-smi`)"
    if seen in ("none", "-1"):
        return "`CUDA_VISIBLE_DEVICES` hides all GPUs"
    return _without_cuda(name)


def missing(name: str) -> str:
    """Return why a backend cannot be used at all, or nothing."""
    if name not in COUNTS:
        return f"`KERAS_BACKEND` is `{name}`, and not one of {', '.join(COUNTS)}"
    if not any(map(version, DISTRIBUTIONS[name])):
        return f"`KERAS_BACKEND` is `{name}`, which is not installed"
    return ""


def _without_cuda(name: str) -> str:
    plugins = [f"jax-cuda{number}-plugin" for number in (12, 13)]
    if name == "tensorflow" and version("tensorflow-cpu"):
        return "TensorFlow is installed without CUDA (`make repro DEVICE=gpu` installs it with)"
    if name == "jax" and not any(map(version, plugins)):
        return "JAX is installed without CUDA (`pip install 'jax[cuda12]'` adds it)"
    if name == "torch" and (version("torch") or "").endswith("+cpu"):
        return "PyTorch is installed without CUDA"
    return ""


def version(distribution: str) -> str | None:
    """Return the version of an installed distribution."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _count(name: str, seen: str) -> int:
    hidden = {"CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    if seen != "all":
        environment["CUDA_VISIBLE_DEVICES"] = seen
    command = [sys.executable, "-c", COUNTS[name]]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = told.stdout.split()
    return int(lines[-1]) if told.returncode == 0 and lines else 0


def hide() -> None:
    """Let this process and its children see no GPU, but a worker's own."""
    if OWN in os.environ:
        return
    os.environ.setdefault(SEEN, _visible())
    os.environ.update(_only(""))


def worker(gpu: str) -> dict[str, str]:
    """Return the environment of a process that has one GPU to itself."""
    return {OWN: gpu, **_only(gpu)}


def _only(gpu: str) -> dict[str, str]:
    return {"CUDA_VISIBLE_DEVICES": gpu, "JAX_PLATFORMS": "cuda,cpu" if gpu else "cpu"}
