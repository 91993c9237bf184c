"""Measure `fetch` and `validate` on growing numbers of pictures: seconds, memory, growth.

Usage: python -m benchmarks.fetch_validate FOLDER [--counts 2527 50000] [--scratch DIRECTORY]

FOLDER holds one folder a class. More pictures than it has are made of them: cropped, resized and
changed in light, each in another way. Nothing is made twice in the same scratch folder.
"""

import argparse
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from PIL import Image, ImageEnhance
from ruamel.yaml import YAML
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
SIDE = 160
"""Longer side of a picture that is made, in pixels."""

STRIDE = 7919
"""A prime: the first pictures that are taken are of all classes."""

STAGES = ("fetch", "validate")


class Spent(NamedTuple):
    """Seconds, seconds of all cores, and the largest sum of memory of all processes, in MB."""

    seconds: float
    cpu_seconds: float
    megabytes: float


def make(folder: Path, target: Path, count: int) -> None:
    """Fill `target` with `count` pictures: those of `folder`, then changed ones."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for number in tqdm(range(count), desc=f"make {count}"):
        source = paths[number * STRIDE % len(paths)]
        path = target / source.parent.name / f"{number:06d}.jpg"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as image:
            changed(image.convert("RGB"), number).save(path, quality=90)


def changed(image: Image.Image, number: int) -> Image.Image:
    """Return a picture cropped, resized and lit in a way that its number decides."""
    draw = np.random.default_rng(number)
    width, height = image.size
    share = draw.uniform(0.6, 1.0)
    left, top = draw.uniform(0, 1 - share, 2)
    box = (left * width, top * height, (left + share) * width, (top + share) * height)
    small = image.crop(box)
    small.thumbnail((SIDE, SIDE))
    return ImageEnhance.Brightness(small).enhance(draw.uniform(0.7, 1.3))


def run(stage: str, folder: Path) -> Spent:
    """Run a stage's script in a folder, looking at the memory of all its processes."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    start, most, before = time.perf_counter(), 0.0, cpu_seconds()
    script = [sys.executable, str(ROOT / "stages" / f"{stage}.py")]
    with subprocess.Popen(script, cwd=folder, env=environment) as process:
        while process.poll() is None:
            try:
                tree = [psutil.Process(process.pid)]
                tree += tree[0].children(recursive=True)
                most = max(most, sum(one.memory_full_info().pss for one in tree) / 1e6)
            except psutil.Error:
                pass
            time.sleep(0.5)
    if process.returncode:
        sys.exit(f"{stage} ended with {process.returncode}")
    return Spent(time.perf_counter() - start, cpu_seconds() - before, most)


def cpu_seconds() -> float:
    """Return the seconds of cores of all programs that this one has started, and that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(folder: Path, count: int, scratch: Path) -> dict[str, Spent]:
    """Return what each stage took on `count` pictures."""
    place = scratch / str(count)
    make(folder, place / "pictures", count)
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["fetch"]["source"] = "pictures"
    limits = {"max_duplicates": 1.0, "max_conflicts": 1.0, "max_imbalance": 1e6}
    params["validate"].update(limits | {"on_bad": "quarantine"})
    yaml.dump(params, place / "params.yaml")
    return {stage: run(stage, place) for stage in STAGES}


def table(found: dict[int, dict[str, Spent]]) -> str:
    """Return what was measured as Markdown; cores are what the exponent of growth is of."""
    lines = [
        "| stage | pictures | seconds | seconds of cores | peak MB | growth |",
        "|---" * 6 + "|",
    ]
    for stage in STAGES:
        before: tuple[int, Spent] | None = None
        for count, stages in found.items():
            spent = stages[stage]
            growth = "—"
            if before:
                steps = math.log(count / before[0])
                growth = f"n^{math.log(spent.cpu_seconds / before[1].cpu_seconds) / steps:.2f}"
            lines.append(
                f"| {stage} | {count:,} | {spent.seconds:.0f} | {spent.cpu_seconds:.0f} | "
                f"{spent.megabytes:.0f} | {growth} |"
            )
            before = count, spent
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each count, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[2527, 50_000])
    parser.add_argument("--scratch", type=Path)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        scratch = given.scratch or Path(folder)
        found = {count: measured(given.folder.resolve(), count, scratch) for count in given.counts}
    print(table(found))


if __name__ == "__main__":
    main()
