"""Pictures a second through the trunk of the default backbone: Keras, OpenVINO, LiteRT.

Run from the repository's root: `python benchmarks/engines.py`. OpenVINO is compared where it is
installed (`pip install openvino`); it is told to compute in float32.
"""

import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from canting.bundle.engine import Engine
from canting.core import parallel, runtime

SIZE, COUNT, ROUNDS = (224, 224), 256, 3
Array = np.ndarray[Any, np.dtype[np.float32]]


def main() -> None:
    """Print the speed of each engine and how far its answers are from Keras's."""
    runtime.prepare()
    from canting.models.backbones.cut import split
    from canting.models.export import export

    trunk = split("efficientnet_lite0", None, SIZE).trunk
    assert trunk is not None
    pictures = np.random.default_rng(0).integers(0, 255, (COUNT, *SIZE, 3)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trunk.tflite"
        export(trunk, path)
        engines: dict[str, Callable[[Array], Array]] = {
            "Keras": lambda batch: np.asarray(trunk.predict(batch, 32, verbose=0)),
            "LiteRT": _litert(path),
        }
        if find_spec("openvino"):
            engines["OpenVINO"] = _openvino(path)
        answers = {name: engine(pictures) for name, engine in engines.items()}
        for name, engine in engines.items():
            seconds = min(_seconds(engine, pictures) for _ in range(ROUNDS))
            scale = np.abs(answers["Keras"]).max()
            difference = np.abs(answers[name] - answers["Keras"]).max() / scale
            print(f"{name:9} {COUNT / seconds:6.0f} pictures/s, differs by {difference:.1e}")


def _seconds(engine: Callable[[Array], Array], pictures: Array) -> float:
    start = time.perf_counter()
    engine(pictures)
    return time.perf_counter() - start


def _litert(path: Path) -> Callable[[Array], Array]:
    engine = Engine(path)

    def answer(picture: Array) -> Array:
        return next(iter(engine.answer(picture).values()))

    return lambda batch: np.stack(list(parallel.run(answer, batch, label="LiteRT")))


def _openvino(path: Path) -> Callable[[Array], Array]:
    import openvino

    model = openvino.Core().read_model(path)
    model.reshape([1, *SIZE, 3])
    hints = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"}
    queue = openvino.AsyncInferQueue(openvino.compile_model(model, "CPU", hints))

    def answer(batch: Array) -> Array:
        rows: dict[int, Array] = {}
        queue.set_callback(
            lambda done, row: rows.update({row: done.get_output_tensor(0).data[0].copy()})
        )
        for row, picture in enumerate(batch):
            queue.start_async({0: picture[None]}, row)
        queue.wait_all()
        return np.stack([rows[row] for row in range(len(batch))])

    return answer


if __name__ == "__main__":
    main()
