"""What a page takes from a bundle: the model, its arrays, and how to read both."""

import json
from typing import Any

import numpy as np

from canting.bundle.activation import STOPS, STRONGEST
from canting.bundle.classifier import Classifier
from canting.config.formats import FORMATS
from canting.imaging.errors import MAX_PIXELS
from canting.imaging.jpegs import LEAST
from canting.serving.service.classification import LONGEST
from canting.serving.service.settings import Settings

GAP = 3
"""The `reducing_gap` of `canting.imaging.pictures.resize`."""

_SOME = {"AVIF": ".{4}ftypavi[fs]", "HEIF": ".{4}ftyp(?:hei[cfmsx]|hev[cx]|mif1|msf1)"}
"""Those that some do, and how their files begin."""


def files(classifier: Classifier, model: bytes) -> dict[str, bytes]:
    """Return the contents of `model.tflite`, `arrays.bin` and `model.json` of a page."""
    shapes, arrays = _flat(classifier)
    card = classifier.card
    told = {
        "labels": card.labels,
        "image_size": card.image_size,
        "temperature": card.temperature,
        "abstention": card.abstention and card.abstention.model_dump(include=_ABSTENTION),
        "arrays": shapes,
        "overlay": {"longest": LONGEST, "stops": STOPS, "strongest": STRONGEST},
        "limits": limits(),
    }
    return {
        "model/model.tflite": of_one_picture(model),
        "model/arrays.bin": arrays,
        "model/model.json": json.dumps(told).encode(),
    }


_ABSTENTION = {"threshold", "energy"}


def limits() -> dict[str, Any]:
    """Return what `canting.imaging` and the service ask of a picture."""
    rows = [one for one in FORMATS if one.browsers]
    told = [{"name": one.pillow, "start": one.start.decode(), "everywhere": True} for one in rows]
    fields = Settings.model_fields
    return {
        "formats": told + [{"name": name, "start": start} for name, start in _SOME.items()],
        "pixels": MAX_PIXELS,
        "side": fields["min_side"].default,
        "aspect": fields["max_aspect"].default,
        "least": LEAST,
        "gap": GAP,
    }


def _flat(classifier: Classifier) -> tuple[dict[str, Any], bytes]:
    """Return the arrays one after another in little-endian float32, and where each begins."""
    shapes, parts, start = {}, [], 0
    for name, array in classifier.arrays._asdict().items():
        content = np.ascontiguousarray(array, "<f4").tobytes()
        shapes[name] = {"shape": array.shape, "start": start}
        parts.append(content)
        start += len(content)
    return shapes, b"".join(parts)


def of_one_picture(model: bytes) -> bytes:
    """Return a model for batches of one: LiteRT.js refuses inputs whose shape is left open.

    A tensor of an open shape has two: one with -1 for what is open, and one with 1 there.
    """
    from ai_edge_litert import schema_py_generated as schema

    made = bytearray(model)
    read = schema.Model.GetRootAs(made, 0)
    graphs = [read.Subgraphs(place) for place in range(read.SubgraphsLength())]
    for tensor in (one.Tensors(place) for one in graphs for place in range(one.TensorsLength())):
        if not tensor.ShapeSignatureIsNone():
            tensor.ShapeSignatureAsNumpy()[:] = tensor.ShapeAsNumpy()
    return bytes(made)
