"""`canting predict` over ever more pictures: how many a second, and does memory stay flat?

Run after `make repro`, from the repository's root: `python benchmarks/predict.py 2000 20000`. The
pictures are made, small, and hard links of a few hundred files; the processes are real ones.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

DIFFERENT = 300
"""Pictures that differ; all others are links to them."""

SIDE, A_FOLDER = 96, 1000
MAIN = "from canting.cli.main import main; main()"


def make(folder: Path, count: int) -> None:
    """Write so many pictures, by the thousand in folders."""
    random = np.random.default_rng(2026)
    first: list[Path] = []
    for number in range(count):
        path = folder / f"{number // A_FOLDER:03}" / f"{number % A_FOLDER:03}.jpg"
        path.parent.mkdir(exist_ok=True)
        if number < DIFFERENT:
            blocks = Image.fromarray(random.integers(0, 256, (6, 6, 3), np.uint8))
            blocks.resize((SIDE, SIDE)).save(path)
            first.append(path)
        else:
            os.link(first[number % DIFFERENT], path)


def peak(process: "subprocess.Popen[bytes]") -> int:
    """Return the most bytes that a process had in memory, when it has ended."""
    most, told = 0, psutil.Process(process.pid)
    while process.poll() is None:
        try:
            most = max(most, told.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.05)
    return most


def measure(count: int, bundle: Path, ending: str) -> None:
    """Print pictures a second and peak memory of a whole run."""
    with tempfile.TemporaryDirectory() as made:
        folder, out = Path(made) / "pictures", Path(made) / f"table.{ending}"
        folder.mkdir()
        make(folder, count)
        words = ["predict", folder, "--bundle", bundle.absolute(), "--out", out]
        line = [sys.executable, "-c", MAIN, *map(str, words)]
        start = time.perf_counter()
        process = subprocess.Popen(line, cwd=made)
        most = peak(process)
        seconds = time.perf_counter() - start
        if process.wait():
            sys.exit(f"`canting predict` ended with exit code {process.returncode}.")
        print(
            f"{count:>9,} pictures {seconds:8.1f} s {count / seconds:7.1f} a second "
            f"{most / 1e6:7.0f} MB at most, table {out.stat().st_size / 1e6:.1f} MB",
            flush=True,
        )


def main() -> None:
    """Measure each count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[2_000, 20_000, 200_000])
    parser.add_argument("--bundle", type=Path, default=Path("build/best"))
    parser.add_argument("--ending", default="csv", choices=["csv", "json", "parquet"])
    arguments = parser.parse_args()
    for count in arguments.counts:
        measure(count, arguments.bundle, arguments.ending)


if __name__ == "__main__":
    main()
