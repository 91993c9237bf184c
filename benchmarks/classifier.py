"""Seconds of one answer, decoding included, against the floor: the model alone, pixels at hand.

Run from the repository's root: `python -m benchmarks.classifier PICTURES… [--bundle build/best]`.
Both sides take turns in one process; the ratio holds also where the machine is shared.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from canting.bundle.classifier import Classifier
from canting.bundle.engine import Engine
from canting.imaging import pictures

ROUNDS = 60


def main() -> None:
    """Print milliseconds and ratios for each picture, and for two threads a picture."""
    arguments = _arguments()
    classifier = Classifier.load(arguments.bundle)
    engines = {n: Engine(arguments.bundle / "model.tflite", n) for n in (1, 2)}
    for path in arguments.pictures:
        content = path.read_bytes()
        ready = pictures.pixels(content, classifier.card.image_size)
        floor, whole, two = _medians(
            partial(engines[1].answer, ready),
            partial(classifier.classify, content),
            partial(engines[2].answer, ready),
        )
        print(
            f"{path.name}: {len(content) / 1024:.0f} KiB; model {1e3 * floor:.1f} ms, whole answer "
            f"{1e3 * whole:.1f} ms ({whole / floor:.2f} times), model on two threads "
            f"{1e3 * two:.1f} ms ({two / floor:.2f} times)"
        )


def _medians(*calls: Callable[[], Any]) -> list[float]:
    """Return the median seconds of each call; they take turns, so that all meet the same load."""
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for place, call in enumerate(calls):
            start = time.perf_counter()
            call()
            seconds[place].append(time.perf_counter() - start)
    return [statistics.median(each) for each in seconds]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--bundle", type=Path, default=Path("build/best"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
