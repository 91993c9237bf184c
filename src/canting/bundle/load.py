"""Read the folder of a bundle, checked part by part."""

import hashlib
from pathlib import Path

import numpy as np

from canting.bundle import arrays, card
from canting.bundle.arrays import Arrays
from canting.bundle.card import Card
from canting.bundle.engine import Engine
from canting.bundle.ensemble import product
from canting.bundle.errors import BundleError

TOLERANCE = {None: 1e-4, "litert-fp16": 0.02, "litert-int8": 0.25}
"""Largest difference of a logit between the model and the product of its map and the kernel.

As a share of the largest logit, by format, float32 first: the kernel is kept in float32.
"""

LITERT = b"TFL3"
"""Bytes 4 to 7 of every LiteRT file, the identifier of its flatbuffer schema."""

KERAS = (".h5", ".hdf5", ".keras")


def load(folder: Path) -> tuple[Card, Engine, Arrays, tuple[bytes, ...]]:
    """Return what a bundle holds, sample pictures as JPEG files last.

    Raises `BundleError` where a piece is absent, damaged, or of another model.

    One made picture is answered on the way, so that the first real one finds a warm engine.
    """
    if not folder.is_dir():
        raise BundleError("bundle_absent", f"There is no bundle `{folder}`.")
    said = card.read(folder / "card.json")
    engine = _engine(folder / "model.tflite", said)
    held = arrays.read(folder / "arrays.npz", said.arrays_sha256)
    _check(engine, said, held, folder)
    samples = sorted((folder / "samples").glob("*/*.jpg"))
    return said, engine, held, tuple(path.read_bytes() for path in samples)


def _engine(path: Path, said: Card) -> Engine:
    try:
        content = path.read_bytes()
    except OSError:
        raise _absent(path) from None
    if content[:4] == b"\x89HDF" or content[:2] == b"PK":
        raise _keras(path.name)
    received = hashlib.sha256(content).hexdigest()
    if received != said.model_sha256 or content[4:8] != LITERT:
        raise BundleError(
            "model_damaged",
            f"`{path}` is damaged or another model's: expected a LiteRT file with the SHA-256 "
            f"{said.model_sha256}. Received: {len(content):,} bytes with {received}.",
        )
    return Engine(content)


def _absent(path: Path) -> BundleError:
    others = sorted(one.name for one in path.parent.iterdir() if one.suffix in KERAS)
    return _keras(others[0]) if others else BundleError("model_absent", f"There is no `{path}`.")


def _keras(name: str) -> BundleError:
    return BundleError(
        "model_format",
        f"`model.tflite`: expected a LiteRT model. Received: `{name}`, a Keras model, which can "
        "hold code and is never loaded here.",
    )


def _check(engine: Engine, said: Card, held: Arrays, folder: Path) -> None:
    """Check the shapes of all pieces, and that the kernel is that of the model."""
    _check_shapes(engine, said, folder)
    answer = engine.answer(_made(said.image_size))
    if not all(np.isfinite(values).all() for values in answer.values()):
        path = folder / "model.tflite"
        raise BundleError("model_output", f"`{path}` answers NaN or infinity for every picture.")
    channels, classes = answer["map"].shape[-1], len(said.labels)
    shapes, parts = tuple(array.shape for array in held), [one.channels for one in said.members]
    count = len(held.prototypes) if held.prototypes.ndim == 2 else 0
    bias = (len(parts), classes) if parts else (classes,)
    if shapes != ((channels, classes), bias, (count, channels)):
        raise _unfit(folder, f"shapes {shapes}")
    if parts and sum(parts) != channels:
        raise _unfit(folder, f"{channels} channels, where the members in `card.json` have {parts}")
    if said.abstention is not None and not count:
        raise _unfit(folder, "no prototypes, though `card.json` holds an abstention")
    expected = product(answer["map"].mean(axis=(0, 1)), held, parts)
    difference = float(np.abs(expected - answer["logits"]).max())
    allowed = TOLERANCE[said.exported.format if said.exported else None]
    if not difference <= allowed * max(1.0, float(np.abs(answer["logits"]).max())):
        raise _unfit(folder, f"logits that differ by {difference:.2g}")


def _check_shapes(engine: Engine, said: Card, folder: Path) -> None:
    path, count = folder / "model.tflite", len(said.labels)
    try:
        shapes = engine.shapes()
    except (ValueError, RuntimeError) as error:
        raise BundleError("model_signature", f"`{path}` cannot be run: {error}.") from None
    if set(shapes) != {"picture", "logits", "pooled", "map"} or len(shapes["map"]) != 4:
        raise BundleError(
            "model_signature",
            f"`{path}`: expected the input `picture` and the outputs `logits`, `pooled`, `map`. "
            f"Received: {shapes}.",
        )
    if shapes["logits"][-1] != count:
        raise BundleError(
            "classes_differ",
            f"`{path}`: expected {count} classes, those of `card.json`. Received: "
            f"{shapes['logits'][-1]}.",
        )
    if shapes["picture"][1:] != (*said.image_size, 3):
        raise BundleError(
            "model_signature",
            f"`{path}`: expected pictures of {said.image_size} pixels, as in `card.json`. "
            f"Received: {shapes['picture'][1:3]}.",
        )


def _unfit(folder: Path, received: str) -> BundleError:
    return BundleError(
        "arrays_damaged",
        f"`{folder / 'arrays.npz'}`: expected the weights and prototypes of this model. "
        f"Received: {received}.",
    )


def _made(size: tuple[int, int]) -> "np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]":
    """Return a picture of blue to yellow, which every model has an answer to."""
    y, x = np.mgrid[: size[0], : size[1]]
    planes = (x * 255 // size[1], y * 255 // size[0], 255 - x * 255 // size[1])
    return np.stack(planes, axis=2).astype(np.uint8)
