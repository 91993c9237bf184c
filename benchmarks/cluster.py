"""What the Ray engine costs beside the local one, and how long a killed node is missed.

usage: python benchmarks/cluster.py [PICTURES]; needs `make cluster`. Nodes of one core each are
started on this machine, for 1, 2 and 4 workers, and features and trainings run on them and, on as
many cores, without Ray. With fewer cores than workers, only the cost of the engine is seen.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import numpy as np
import pandas as pd
import psutil

from canting.config.params import load
from canting.core import files, parallel, runtime
from canting.core.cluster import engine
from canting.core.cluster.engine import Cluster
from canting.core.cluster.storage import Storage
from canting.models.features import compute, trunk
from canting.models.train import grid
from tests.conftest import ROOT
from tests.ray_nodes import cluster

SIZE, CLASSES, FOLDS = (224, 224), 3, 4


def work(folder: Path, pictures: int, address: str) -> None:
    """Print the seconds of features and of trainings, by Ray where there is an address."""
    runtime.prepare()
    base = load(ROOT / "params.yaml")
    features = base.features.model_copy(update={"views": 3})
    scenarios = {"optimizer": ("adam", "sgd", "nadam"), "epochs": (60,), "folds": FOLDS}
    params = base.model_copy(update={"features": features, "image_size": SIZE, **scenarios})
    numbers = np.arange(pictures)
    array = np.random.default_rng(1).integers(0, 256, (pictures, 28, 28, 3), dtype=np.uint8)
    drawn = compute.Pictures(
        array.repeat(8, axis=1).repeat(8, axis=2), [files.digest(int(one)) for one in numbers]
    )
    columns = {"fold": numbers // CLASSES % FOLDS, "group": numbers}
    labels = np.asarray(["a", "b", "c"])[numbers % CLASSES]
    table = pd.DataFrame({"path": numbers.astype(str), "label": labels, **columns})
    (backbone, cut), cache = params.trunks()[0], folder / "cache"
    trunk.converted(backbone, cut, SIZE, cache, features.levels)
    there = Cluster(address, Storage(str(folder / "storage"))) if address else None
    with parallel.on(there):
        if there:
            engine.connected(there)
        start = time.perf_counter()
        target = folder / "features" / backbone
        compute.compute(backbone, cut, drawn, features, 1, cache=cache, target=target)
        middle = time.perf_counter()
        grid.train(params, table, folder / "features", cache)
        end = time.perf_counter()
    print(json.dumps({"features": middle - start, "train": end - middle}))


def started(folder: Path, pictures: int, cores: int, address: str) -> "subprocess.Popen[str]":
    """Start the work in a process that sees so many cores."""
    command = [sys.executable, __file__, "--work", str(folder), str(pictures), address]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    psutil.Process(run.pid).cpu_affinity(sorted(os.sched_getaffinity(0))[:cores])
    return run


def measured(pictures: int, cores: int, address: str = "") -> dict[str, float]:
    """Return the seconds of features and of trainings."""
    with TemporaryDirectory() as folder:
        out, _ = started(Path(folder), pictures, cores, address).communicate()
    found: dict[str, float] = json.loads(out.splitlines()[-1])
    return found


def missed(pictures: int) -> float:
    """Kill one of two nodes amid the features; return the seconds until another has its work."""
    with TemporaryDirectory() as folder, cluster(2) as nodes:
        parts = Path(folder, "storage", "parts")
        run = started(Path(folder), pictures, 2, nodes.address)
        while len(list(parts.glob("*"))) < 8:
            time.sleep(0.05)
        before = _scratch()
        start = time.perf_counter()
        nodes.kill(-1)
        nodes.start()
        while not any(any(one.glob("pictures/*")) for one in _scratch() - before):
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        run.communicate()
    return seconds


def _scratch() -> set[Path]:
    return set(Path(gettempdir()).glob("canting-*"))


def main(pictures: int) -> None:
    """Print a table."""
    print("| workers | engine | features, s | train, s | features, ratio | train, ratio |")
    print("|---:|---|---:|---:|---:|---:|")
    for workers in (1, 2, 4):
        alone = measured(pictures, workers)
        with cluster(workers) as nodes:
            there = measured(pictures, workers, nodes.address)
        for name, one in (("local", alone), ("ray", there)):
            ratios = [one[key] / alone[key] for key in ("features", "train")]
            print(
                f"| {workers} | {name} | {one['features']:.1f} | {one['train']:.1f} "
                f"| {ratios[0]:.2f} | {ratios[1]:.2f} |",
                flush=True,
            )
    seconds = missed(pictures)
    print(f"From the kill of one of two nodes to the work of its successor: {seconds:.1f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 1000)
