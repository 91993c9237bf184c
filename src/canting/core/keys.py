"""Keys of what is kept: the code that computes it, and the libraries that decide on its bytes."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from canting.core import device, files
from canting.core.closure import SOURCE, closure, computed_with, is_only_described, module_files

_KERAS = ("keras", "tensorflow", "tensorflow-cpu")

DECIDING = {
    "PIL": ("pillow", "pillow-heif", "pillow-jxl-plugin"),  # it calls the others
    "ai_edge_litert": ("ai-edge-litert",),
    "ai_edge_quantizer": ("ai-edge-quantizer",),
    "cv2": ("opencv-python-headless",),
    "keras": _KERAS,
    "numpy": ("numpy",),
    "onnx": ("onnx",),
    "onnxruntime": ("onnxruntime",),
    "optuna": ("optuna",),
    "scipy": ("scipy",),
    "sklearn": ("scikit-learn",),
    "tensorflow": _KERAS,
    "tf2onnx": ("tf2onnx",),
}
"""Distributions whose version decides on bytes, by the package that is imported.

Keras computes with one of several backends; TensorFlow converts. What only reads tables, shows
progress or shares out work is left out.
"""


@cache
def code_key(*computing: Callable[..., Any]) -> str:
    """Return a digest of the code that functions come to run and of the libraries below it.

    The code is that of every module of the project in the import closure of the functions' modules.
    """
    start = [path for function in computing for path in _files(function)]
    found = closure(start, SOURCE, computed_with)
    code = sorted(path for path in found.files if not is_only_described(path))
    names = {name for package in found.others & set(DECIDING) for name in DECIDING[package]}
    return files.digest(
        [(path.relative_to(SOURCE).as_posix(), files.sha256(path)) for path in code],
        versions(sorted(names | _backend(names))),
    )


def _backend(names: set[str]) -> set[str]:
    return {device.backend()} if "keras" in names else set()


def _files(function: Callable[..., Any]) -> tuple[Path, ...]:
    found = module_files(function.__module__, SOURCE)
    if not found:
        raise LookupError(f"`{function.__module__}` is no module below `{SOURCE}`.")
    return found


def versions(names: Iterable[str]) -> list[str]:
    """Return name and version of distributions, or that they are not there."""
    found = ((name, device.version(name)) for name in names)
    return [f"{name} {version}" if version else f"no {name}" for name, version in found]
