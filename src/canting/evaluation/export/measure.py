"""Measure a model file on this machine: milliseconds a picture, memory, size.

A program by itself, to be copied to a Raspberry Pi or a phone, with Python and one engine beside it
(`pip install ai-edge-litert numpy`, or onnxruntime, or tensorflow):

    python measure.py model.tflite model_int8.tflite --threads 1 2 4 --out table.csv

Every file is measured in a process of its own, in turns, so that what else the machine does meets
all of them. Pictures are noise: what they show has no influence on the time.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

COLUMNS = ["file", "threads", "ms", "pictures_per_second", "memory_mb", "megabytes"]
"""`ms`: median of one picture; `memory_mb`: the most that loading and answering took."""


def main() -> None:
    """Measure the files that are named, and print or write a table."""
    asked = _parser().parse_args()
    if asked.one:
        print(json.dumps(_measured(Path(asked.one), asked.threads[0], asked.pictures)))
        return
    rows = measure(asked.files, asked.threads, asked.pictures, asked.rounds)
    with asked.out.open("w", newline="") if asked.out else nullcontext(sys.stdout) as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


def measure(
    files: list[Path], threads: list[int], pictures: int = 30, rounds: int = 3
) -> list[dict[str, object]]:
    """Return a row a file and number of threads, the best of some rounds; columns `COLUMNS`."""
    pairs = [(file, count) for file in files for count in threads]
    found = [[_apart(file, count, pictures) for file, count in pairs] for _ in range(rounds)]
    rows = []
    for (file, count), told in zip(pairs, zip(*found, strict=True), strict=True):
        ms = min(one["ms"] for one in told)
        memory = max(one["memory_mb"] for one in told)
        values = (
            file.name,
            count,
            round(ms, 2),
            round(1000 / ms, 1),
            round(memory, 1),
            _size(file),
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="models to measure")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--pictures", type=int, default=30, help="a round, after five to warm up")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="file of the table; default: it is printed")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser


def _apart(file: Path, threads: int, pictures: int) -> dict[str, float]:
    words = ["--one", str(file), "--threads", str(threads), "--pictures", str(pictures)]
    command = [sys.executable, __file__, *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise RuntimeError(f"`{file}` could not be measured: {told.stderr.strip()[-500:]}")
    read: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return read


def _measured(file: Path, threads: int, pictures: int) -> dict[str, float]:
    before = _peak()
    answer, shape = _OPENERS[file.suffix](file, threads)
    drawn = np.random.default_rng(0).integers(0, 256, (5, *shape)).astype(np.float32)
    seconds = []
    for number in range(5 + pictures):
        start = time.perf_counter()
        answer(drawn[number % 5][None])
        seconds.append(time.perf_counter() - start)
    return {"ms": 1000 * median(seconds[5:]), "memory_mb": _peak() - before}


def _peak() -> float:
    """Return the most memory in MB that this program has held.

    What the system counts for a process begins, on Linux, with what its parent had held.
    """
    try:
        told = Path("/proc/self/status").read_text()
        return int(told.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _size(path: Path) -> float:
    parts = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return round(sum(one.stat().st_size for one in parts) / 1e6, 2)


Opened = tuple[Callable[[Any], object], tuple[int, ...]]


def _litert(file: Path, threads: int) -> Opened:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tflite_runtime.interpreter import Interpreter
    interpreter = Interpreter(str(file), num_threads=threads)
    interpreter.allocate_tensors()
    asked = interpreter.get_input_details()[0]

    def answer(picture: Any) -> None:
        interpreter.set_tensor(asked["index"], picture.astype(asked["dtype"]))
        interpreter.invoke()

    return answer, tuple(asked["shape"][1:])


def _onnx(file: Path, threads: int) -> Opened:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    asked = session.get_inputs()[0]
    return lambda picture: session.run(None, {asked.name: picture}), tuple(asked.shape[1:])


def _keras(file: Path, threads: int) -> Opened:
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    model = keras.saving.load_model(file, compile=False)
    return model.predict_on_batch, tuple(model.input.shape[1:])


def _savedmodel(file: Path, threads: int) -> Opened:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    loaded = tf.saved_model.load(str(file))
    (asked,) = loaded.signatures["serving_default"].structured_input_signature[1].values()
    return lambda picture: loaded.serve(tf.constant(picture)), tuple(asked.shape[1:])


_OPENERS = {".tflite": _litert, ".onnx": _onnx, ".keras": _keras, "": _savedmodel}

if __name__ == "__main__":
    main()
