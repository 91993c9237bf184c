"""Write the files of all formats from one model."""

import tempfile
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from canting.config.exports import EXPORT_FORMATS
from canting.core import files
from canting.core.errors import CantingError
from canting.core.silence import silence
from canting.evaluation.export import quantize
from canting.imaging.pictures import Pixels
from canting.models.export import INPUT

if TYPE_CHECKING:
    import keras

OPSET = 18
"""Of ONNX: ONNX Runtime 1.14 (2023) and later run it."""

BATCH = "n"


class ExportSource(NamedTuple):
    """A model to export: its float32 LiteRT file, and what only some formats ask for.

    `model` builds it for Keras; `pictures` are of its training part, and calibrate integers.
    """

    content: bytes
    model: "Callable[[], keras.Model]"
    pictures: Callable[[], Iterable[Pixels]]


def write(name: str, source: ExportSource, path: Path) -> None:
    """Write a model in the format of this name, whole or not at all.

    Raises `CantingError` where a package that it needs is not installed.
    """
    absent = [one for one in EXPORT_FORMATS[name].packages if find_spec(one) is None]
    if absent:
        raise CantingError(
            f"`{name}`: expected the package {absent[0]}, which writes or runs that format. "
            "Received: none. Install `canting[export]`."
        )
    with files.replacing(path) as aside:
        WRITERS[name](source, aside)


def _onnx(source: ExportSource, path: Path) -> None:
    """Convert the LiteRT file: so it works whatever backend Keras has.

    Input and outputs get the names that they have there; the first axis is of any length.
    """
    import onnx
    import tf2onnx

    with tempfile.TemporaryDirectory() as folder, silence():
        (Path(folder) / "model.tflite").write_bytes(source.content)
        model, _ = tf2onnx.convert.from_tflite(f"{folder}/model.tflite", opset=OPSET)
    names = {INPUT: INPUT, **_outputs(source.content)}
    for node in model.graph.node:
        for ends in (node.input, node.output):
            ends[:] = [names.get(end, end) for end in ends]
    for value in (*model.graph.input, *model.graph.output):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _outputs(content: bytes) -> dict[str, str]:
    """Return the name of each output in the signature, by that of its tensor."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    runner: Any = interpreter.get_signature_runner(quantize.SIGNATURE)
    return {one["name"]: name for name, one in runner.get_output_details().items()}


def _keras(source: ExportSource, path: Path) -> None:
    """Save the model with Keras's own layers alone, so that it loads where canting is not."""
    import keras

    from canting.models.train.mutable import MutableDropout

    def plain(layer: keras.Layer) -> keras.Layer:
        kind = keras.layers.Dropout if isinstance(layer, MutableDropout) else type(layer)
        return kind.from_config(layer.get_config())

    model = source.model()
    copied = keras.models.clone_model(model, clone_function=plain, recursive=True)
    copied.set_weights(model.get_weights())
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        saved = Path(folder) / "model.keras"
        copied.save(saved)
        saved.replace(path)


def _savedmodel(source: ExportSource, path: Path) -> None:
    with silence():
        source.model().export(path, format="tf_saved_model", verbose=False)


WRITERS: dict[str, Callable[[ExportSource, Path], object]] = {
    "litert": lambda source, path: path.write_bytes(source.content),
    "litert-fp16": lambda source, path: path.write_bytes(quantize.float16(source.content)),
    "litert-int8": lambda source, path: path.write_bytes(
        quantize.int8(source.content, source.pictures())
    ),
    "onnx": _onnx,
    "keras": _keras,
    "savedmodel": _savedmodel,
}
"""How each row of `canting.config.exports.EXPORT_FORMATS` is written."""
