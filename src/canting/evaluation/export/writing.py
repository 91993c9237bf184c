"""Write what the export stage leaves: bundle, files, their table, and how quick they are here."""

from pathlib import Path

import pandas as pd

from canting.config.exports import EXPORT_FORMATS, FLOAT32
from canting.config.sections import Export
from canting.core import costs, files
from canting.core.digits import DIGITS
from canting.core.frames import records
from canting.evaluation.export import exports, measure, record
from canting.evaluation.export.exports import MODEL, Winner

THREADS = [1, 2]


def write(winner: Winner, settings: Export, build: Path, results: Path) -> None:
    """Write `build/best`, `build/export`, its seconds below `build/costs`, the table in `results`.

    Says in a line what each format is like.
    """
    names = [one for one in settings.formats if one != FLOAT32]
    with files.replacing(build / "export") as folder:
        folder.mkdir()
        table = exports.write_all(winner, exports.compared(winner, names), folder).round(DIGITS)
        name = exports.chosen(table, settings.choose)
        row = records(table[table["format"] == name])[0]
        exports.write_bundle(winner, row, folder, build / "best")
        written = table["format"][table["fault"] == ""].tolist()[1:]
        paths = [winner.bundle / MODEL, *(folder / EXPORT_FORMATS[one].file for one in written)]
        record.write_table(table, folder)
        seconds = pd.DataFrame(measure.measure(paths, THREADS), columns=measure.COLUMNS)
    record.write(table, name, results)
    files.write_text(build / costs.COSTS / "export.csv", seconds.to_csv(index=False))
    costs.note("export")
    for told in (*record.words(table), f"The bundle holds {EXPORT_FORMATS[name].title}."):
        print(told)
