"""What Keras computes on, and why on nothing better."""

from collections.abc import Iterator
from pathlib import Path

from canting.cli.doctor.data import chosen
from canting.cli.doctor.finding import Finding, fine
from canting.core import device
from canting.core.errors import CantingError


def tensorflows(_: Path) -> Iterator[Finding]:
    """Tell of two TensorFlows in one environment: they overwrite each other's files."""
    pair = ("tensorflow", "tensorflow-cpu")
    if all(map(device.version, pair)):
        told = (
            "`tensorflow` and `tensorflow-cpu` are both installed, and overwrite each other's "
            "files; keep one: `make repro` and `make repro DEVICE=gpu` have an environment each"
        )
        again = "uv pip uninstall tensorflow tensorflow-cpu && uv pip install tensorflow-cpu"
        yield Finding("device", "fix", told, again)


def device_(root: Path) -> Iterator[Finding]:
    """Tell which backend and device features and trainings use, and why not another."""
    if device.version("keras") is None:
        return
    name = device.backend()
    if reason := device.missing(name):
        told = f"Keras cannot compute: {reason}; TensorFlow is taken without `KERAS_BACKEND`"
        yield Finding("device", "fix", told, "unset KERAS_BACKEND")
        return
    yield fine("device", f"Keras computes with {name} {_version(name)}")
    yield from _converter()
    yield _used(root)


def _version(name: str) -> str:
    return next(found for one in device.DISTRIBUTIONS[name] if (found := device.version(one)))


def _converter() -> Iterator[Finding]:
    if device.missing("tensorflow"):
        told = "TensorFlow is not installed, which converts the model for every backend"
        yield Finding("device", "fix", told, "uv pip install tensorflow-cpu")


def _used(root: Path) -> Finding:
    asked = chosen(root, "compute", {})
    wanted, precision = asked.get("device", "auto"), asked.get("precision", "float32")
    try:
        used = device.choose(wanted, precision)
    except CantingError as error:
        return Finding("device", "fix", str(error), "canting doctor device")
    if used.gpus:
        names = ", ".join(used.gpus)
        return fine(
            "device", f"features and trainings run by Keras on GPU {names}, in {used.precision}"
        )
    why = device.gpus().reason if wanted == "auto" else "`compute.device` is `cpu`"
    return fine("device", f"features (by LiteRT) and trainings run on the processor: {why}")
