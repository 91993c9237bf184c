"""Measure the stages on growing numbers of pictures: seconds, memory, bytes, and how they grow.

    python benchmarks/scale.py 5000 50000 [--until preprocess] [--table scale.csv] [--like FOLDER]

The pictures are made: small JPEGs of noise with the colour and the texture of a class, all
different but for a share of near-duplicates; with `--like`, those of a folder, each cropped,
resized and lit in another way. The stages' own scripts run in a folder of their own, at `SIZE`
pixels, with few views and epochs. What a run has measured is added to `--table` stage by stage, and
growth is told from the next smaller number of pictures there.
"""

import argparse
import csv
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import psutil
from joblib import Parallel, delayed
from PIL import Image, ImageEnhance, ImageOps
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
STAGES = (
    "check", "fetch", "validate", "preprocess", "other", "features", "train", "elsewhere",
    "evaluate", "select_best",
)  # fmt: skip
SIDE, CLASSES, COPIES = 96, 10, 0.02
"""Pixels of a made picture, classes, and the share of pictures that are made from another one."""

SIZE = [64, 64]
"""Pixels that the stages decode to: few, so that many pictures fit here."""

CHANGES = {
    "": {"image_size": SIZE, "epochs": 3, "folds": 3},
    "fetch": {"source": "pictures"},
    "validate": {"max_duplicates": 1.0, "max_conflicts": 1.0, "max_imbalance": 1e6}
    | {"on_bad": "quarantine"},
    "features": {"views": 1},
}
"""What the stages run with in place of `params.yaml`, by section."""


@dataclass(frozen=True)
class Spent:
    """What a stage took: seconds by the clock and of all cores, bytes of memory and of files.

    `own` is the most memory that its processes held beside pages of files, `rss` with these;
    `temporary` the most bytes of unnamed files, `written` what is below `build` and `.canting`
    afterwards and was not before.
    """

    pictures: int
    stage: str
    seconds: float
    cpu_seconds: float
    own: int
    rss: int
    temporary: int
    written: int


def make(folder: Path, count: int, like: Path | None) -> None:
    """Fill a folder with so many pictures; what is there stays."""
    sources = sorted(path for path in like.rglob("*") if path.is_file()) if like else []
    for label in range(CLASSES):
        (folder / f"class_{label}").mkdir(parents=True, exist_ok=True)
    draw = partial(changed, sources) if sources else drawn
    chunks = np.array_split(np.arange(count), math.ceil(count / 1000))
    Parallel(n_jobs=-1, prefer="threads")(
        delayed(_save)(folder, draw, chunk.tolist()) for chunk in chunks
    )


def _save(folder: Path, draw: "partial[Image.Image]", numbers: Sequence[int]) -> None:
    for number in numbers:
        path = folder / f"class_{number % CLASSES}" / f"{number:07d}.jpg"
        if not path.exists():
            draw(number).save(path, quality=90)


def drawn(number: int) -> Image.Image:
    """Return noise of two sizes over a class's colour and stripes; or a copy of a picture."""
    generator = np.random.default_rng(number)
    if number >= CLASSES and generator.random() < COPIES:
        # of the picture of this class before this one, mirrored and cropped
        return ImageOps.crop(ImageOps.mirror(drawn(number - CLASSES)), 6)
    pixels = texture(number % CLASSES).copy()
    for cells, strength in ((4, 28), (14, 24)):
        noise = generator.normal(0, strength, (cells, cells, 3)).astype(np.float32)
        pixels += cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return Image.fromarray(cv2.convertScaleAbs(np.clip(pixels, 0, 255)))


@cache
def texture(label: int) -> npt.NDArray[np.float32]:
    """Return a class's colour and stripes."""
    angle = math.pi * label / CLASSES
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    along = rows * math.sin(angle) + columns * math.cos(angle)
    waves = 10 * np.sin(2 * math.pi * (3 + label / 2) * along)
    colour = 128 + 50 * np.cos(2 * math.pi * (label / CLASSES + np.array([0, 1 / 3, 2 / 3])))
    return np.asarray(waves[..., None] + colour, np.float32)


def changed(sources: Sequence[Path], number: int) -> Image.Image:
    """Return a picture of a folder, cropped, resized and lit in a way that its number decides."""
    generator = np.random.default_rng(number)
    with Image.open(sources[number * 7919 % len(sources)]) as image:
        width, height = image.size
        share = generator.uniform(0.6, 1.0)
        left, top = generator.uniform(0, 1 - share, 2)
        box = (left * width, top * height, (left + share) * width, (top + share) * height)
        small = image.convert("RGB").crop(box)
    small.thumbnail((SIDE, SIDE))
    return ImageEnhance.Brightness(small).enhance(generator.uniform(0.7, 1.3))


def prepare(folder: Path) -> None:
    """Write the parameters of the run."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    for section, values in CHANGES.items():
        (params[section] if section else params).update(values)
    yaml.dump(params, folder / "params.yaml")


def run(stage: str, folder: Path, pictures: int) -> Spent:
    """Run a stage's script in a folder, looking at all its processes ten times a second."""
    before, start = _files(folder), time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    most = (0, 0, 0)
    with subprocess.Popen(
        [sys.executable, str(ROOT / "stages" / f"{stage}.py")], cwd=folder, env=environment
    ) as process:
        while process.poll() is None:
            own, rss, temporary = map(max, most, _held(process.pid))
            most = own, rss, temporary
            time.sleep(0.1)
        seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit(f"{stage} of {pictures} pictures ended with {process.returncode}")
    noted = (folder / "build" / "costs" / "stages" / f"{stage}.json").read_text("utf-8")
    cpu = float(YAML(typ="safe").load(noted)["cpu_seconds"])
    after = _files(folder)
    written = sum(size for file, size in after.items() if file not in before)
    return Spent(pictures, stage, round(seconds, 1), cpu, *most, written)


def _held(pid: int) -> tuple[int, int, int]:
    """Return the bytes of memory and of unnamed files that a process and its children hold."""
    own = rss = 0
    unnamed: dict[int, int] = {}
    try:
        first = psutil.Process(pid)
        for one in [first, *first.children(recursive=True)]:
            told = one.memory_info()
            rss += told.rss
            own += told.rss - getattr(told, "shared", 0)
            unnamed.update(_unnamed(one.pid))
    except (psutil.Error, OSError):
        pass
    return own, rss, sum(unnamed.values())


def _unnamed(pid: int) -> Iterator[tuple[int, int]]:
    for path in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            told = path.stat()
        except OSError:
            continue
        if not told.st_nlink:
            yield told.st_ino, 512 * told.st_blocks


def _files(folder: Path) -> dict[tuple[int, int], int]:
    """Return the bytes on the disk of all files of the stages, once for all names of one."""
    found = {}
    for part in ("build", ".canting"):
        for here, _, names in os.walk(folder / part):
            for name in names:
                told = Path(here, name).lstat()
                found[told.st_ino, told.st_mtime_ns] = 512 * told.st_blocks
    return found


def read(table: Path) -> dict[tuple[str, int], Spent]:
    """Return what a table holds, the last row of each stage and number of pictures."""
    if not table.exists():
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        kinds = {field.name: field.type for field in fields(Spent)}
        rows = [Spent(**{k: kinds[k](v) for k, v in row.items()}) for row in csv.DictReader(file)]  # type: ignore[operator]
    return {(row.stage, row.pictures): row for row in rows}


def add(table: Path, spent: Spent) -> None:
    """Add a row to a table."""
    new = not table.exists()
    with table.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Spent)])
        if new:
            writer.writeheader()
        writer.writerow(asdict(spent))


def markdown(found: dict[tuple[str, int], Spent]) -> str:
    """Return a table as Markdown; growth is the exponent of the seconds of cores."""
    lines = [
        "| stage | pictures | seconds | of cores | growth | own memory, MB | with files, MB "
        "| temporary, B a picture | written, B a picture |",
        "|---" * 9 + "|",
    ]
    for stage in STAGES:
        before: Spent | None = None
        for one in sorted((row for row in found.values() if row.stage == stage), key=_pictures):
            growth = "–"
            if before:
                steps = math.log(one.pictures / before.pictures)
                growth = f"n^{math.log(one.cpu_seconds / before.cpu_seconds) / steps:.2f}"
            cells = [stage, f"{one.pictures:,}", f"{one.seconds:,.0f}", f"{one.cpu_seconds:,.0f}"]
            cells += [growth, f"{one.own / 1e6:,.0f}", f"{one.rss / 1e6:,.0f}"]
            cells += [f"{size / one.pictures:,.0f}" for size in (one.temporary, one.written)]
            lines.append(f"| {' | '.join(cells)} |")
            before = one
    return "\n".join(lines)


def _pictures(row: Spent) -> int:
    return row.pictures


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each number of pictures, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("counts", type=int, nargs="+", help="numbers of pictures")
    parser.add_argument("--since", choices=STAGES, default=STAGES[0], help="first stage to run")
    parser.add_argument("--until", choices=STAGES, default=STAGES[-1], help="last stage to run")
    parser.add_argument("--table", type=Path, help="CSV file that rows are added to")
    parser.add_argument("--like", type=Path, help="folder of pictures to make changed ones of")
    parser.add_argument("--scratch", type=Path, help="folder to work in and to leave as it is")
    given = parser.parse_args(arguments)
    stages = STAGES[STAGES.index(given.since) : STAGES.index(given.until) + 1]
    with tempfile.TemporaryDirectory() as name:
        table = given.table or Path(name) / "scale.csv"
        for count in given.counts:
            with tempfile.TemporaryDirectory(dir=name) as each:
                folder = given.scratch / str(count) if given.scratch else Path(each)
                make(folder / "pictures", count, given.like)
                prepare(folder)
                for stage in stages:
                    add(table, run(stage, folder, count))
                    print(markdown(read(table)), flush=True)
        print(markdown(read(table)))


if __name__ == "__main__":
    main()
