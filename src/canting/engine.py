"""LiteRT: the one engine that runs models, in the pipeline and in the service.

On two cores, one interpreter a thread answers as many pictures a second as OpenVINO does in
float32, and three times as many as Keras; `benchmarks/engines.py` compares them.
"""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class Engine:
    """A model file, runnable from many threads at once, one single-threaded interpreter each.

    One picture is answered at a time, so that an answer never depends on its neighbours.
    """

    def __init__(self, path: Path) -> None:
        """Read the model file once."""
        self._content = path.read_bytes()
        self._local = threading.local()

    def answer(self, picture: npt.NDArray[Any]) -> dict[str, Array]:
        """Return the outputs for one picture, `(height, width, 3)`, RGB in 0…255, by name."""
        outputs = self._runner()(picture=picture[None].astype(np.float32))
        return {name: values[0] for name, values in outputs.items()}

    def _runner(self) -> Any:
        if not hasattr(self._local, "runner"):
            from ai_edge_litert.interpreter import Interpreter

            interpreter = Interpreter(model_content=self._content, num_threads=1)
            self._local.runner = interpreter.get_signature_runner("serving_default")
        return self._local.runner
