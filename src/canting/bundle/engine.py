"""LiteRT, the inference engine of the pipeline and of the service.

On two cores, one interpreter a thread answers as many pictures a second as OpenVINO does in
float32, and three times as many as Keras; `benchmarks/engines.py` compares them.
"""

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from canting.core.silence import silence

Array = npt.NDArray[np.float32]


class Engine:
    """A model, runnable from many threads at once: as many interpreters as answer at one time.

    One picture is answered at a time, so that an answer never depends on its neighbours.
    """

    def __init__(self, model: Path | bytes, threads: int = 1) -> None:
        """Take a file, which is read once, or its content; `threads` are those of one answer."""
        self._content = model if isinstance(model, bytes) else model.read_bytes()
        self._threads = threads
        self._idle: deque[Any] = deque()

    def answer(self, picture: npt.NDArray[Any]) -> dict[str, Array]:
        """Return the outputs for one picture, `(height, width, 3)`, RGB in 0…255, by name."""
        runner = self._taken()
        outputs = runner(picture=picture[None].astype(np.float32))
        self._idle.append(runner)
        return {name: values[0] for name, values in outputs.items()}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of the input `picture` and of each output, a batch of 1 first."""
        runner = self._taken()
        details = {**runner.get_input_details(), **runner.get_output_details()}
        self._idle.append(runner)
        return {name: tuple(map(int, one["shape"])) for name, one in details.items()}

    def _taken(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            return self._made()

    def _made(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        with silence():
            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            interpreter.allocate_tensors()
            return interpreter.get_signature_runner("serving_default")
