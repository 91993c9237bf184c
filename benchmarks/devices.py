"""Networks by format and threads: milliseconds, pictures a second, memory, size.

Run from the repository's root: `python benchmarks/devices.py [network …] [--classes 6]
[--out build/devices]`. The files of all formats are written below `--out`, with the table, for
`measure.py` on another machine. What the classifier answers has no influence on the time, so its
weights are drawn at random.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from canting.config.exports import EXPORT_FORMATS
from canting.config.params import load
from canting.core import files, runtime
from canting.evaluation.export import measure

SIZE, CALIBRATION = (224, 224), 50
FORMATS = [name for name, one in EXPORT_FORMATS.items() if name not in ("keras", "savedmodel")]


def main() -> None:
    """Write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=["efficientnet_lite0"])
    parser.add_argument("--classes", type=int, default=6)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--out", type=Path, default=Path("build/devices"))
    asked = parser.parse_args()
    runtime.prepare()
    runtime.import_keras()
    paths = [
        path for name in asked.networks for path in written(name, asked.classes, asked.out / name)
    ]
    table = pd.DataFrame(measure.measure(paths, asked.threads), columns=measure.COLUMNS)
    table.insert(0, "network", [path.parent.name for path in paths for _ in asked.threads])
    files.write_text(asked.out / "table.csv", table.to_csv(index=False))
    print(table.to_string(index=False))


def written(network: str, classes: int, folder: Path) -> list[Path]:
    """Write a network in every format; return the files."""
    from canting.config.scenario import Scenario
    from canting.evaluation.export.convert import ExportSource, write
    from canting.evaluation.select_best.compose import compose
    from canting.models.backbones.cut import split
    from canting.models.export import export
    from canting.models.train import tail

    params = load(Path("params.yaml"))
    keys = params.scenarios()[0].model_dump()
    scenario = Scenario(**{**keys, "backbone": network, "fine_tune_from": None})
    trunk = split(*scenario.trunk, SIZE).trunk
    shape = trunk.output.shape[1:] if trunk is not None else (*SIZE, 3)
    model = compose(scenario, SIZE, tail.build(scenario, SIZE, shape, classes, params.train))
    pictures = np.random.default_rng(0).integers(0, 256, (CALIBRATION, *SIZE, 3), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    export(model, folder / "float32.tflite")
    content = (folder / "float32.tflite").read_bytes()
    (folder / "float32.tflite").unlink()
    source = ExportSource(content, lambda: model, lambda: list(pictures))
    paths = [folder / EXPORT_FORMATS[name].file for name in FORMATS]
    for name, path in zip(FORMATS, paths, strict=True):
        write(name, source, path)
    return paths


if __name__ == "__main__":
    main()
