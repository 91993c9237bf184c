"""The formats that a model is exported to, known without a framework."""

from typing import NamedTuple, NotRequired, TypedDict


class ExportFormat(NamedTuple):
    """A format, and what it is good for.

    `title` is for people; `file` its name in `build/export`; `exact`: it holds the same float32
    network, so that its answers have to be the same; `served`: a bundle may hold it; `packages` are
    what writing and running it needs beside TensorFlow and LiteRT, by the name of their import.
    """

    title: str
    file: str
    exact: bool
    served: bool
    packages: tuple[str, ...] = ()


FLOAT32 = "litert"
"""What the bundle of `select_best` holds, and what every other format is compared with."""

EXPORT_FORMATS = {
    FLOAT32: ExportFormat("LiteRT, float32", "model.tflite", exact=True, served=True),
    "litert-fp16": ExportFormat(
        "LiteRT, float16 weights", "model_fp16.tflite", False, True, ("ai_edge_quantizer",)
    ),
    "litert-int8": ExportFormat(
        "LiteRT, integers of 8 bits", "model_int8.tflite", False, True, ("ai_edge_quantizer",)
    ),
    "onnx": ExportFormat("ONNX, float32", "model.onnx", True, False, ("tf2onnx", "onnxruntime")),
    "keras": ExportFormat("Keras, to go on training", "model.keras", True, False),
    "savedmodel": ExportFormat("TensorFlow SavedModel", "savedmodel", True, False),
}

PREFERRED = "smallest"
"""Value of `export.choose` that lets a smaller format take the place of float32."""


class ExportMetrics(TypedDict):
    """`results/export/metrics.json`: the format of the bundle, and figures of each by its name."""

    chosen: str
    formats: NotRequired[dict[str, dict[str, float]]]


class ExportedRecord(TypedDict):
    """What the card of a bundle says of a format that is not float32: its own out-of-fold figures.

    `agreement` is the share of labels that float32 gives too, changes are those of probabilities.
    """

    format: str
    macro_f1: float
    agreement: float
    largest_change: float
    mean_change: float
    ece: float
    refused: float
