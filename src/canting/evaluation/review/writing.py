"""Write the results of the review stage."""

from pathlib import Path

from canting.core import files
from canting.evaluation.plots.doubtful import doubtful
from canting.evaluation.plots.figure import save
from canting.evaluation.review.review import Reviewed


def write(found: Reviewed, most: int, raw: Path, folder: Path) -> None:
    """Write the first doubtful labels, what is like them, the counts, and the contact sheet."""
    first, told = found.table.head(most), found.metrics
    files.write_text(folder / "review.csv", first.to_csv(index=False))
    files.write_text(folder / "similar.csv", found.similar.to_csv(index=False))
    files.write_json(folder / "metrics.json", told)
    save(doubtful(first, raw, _title(found, len(first))), folder / "review.png")


def _title(found: Reviewed, shown: int) -> str:
    told, every = found.metrics, len(found.table)
    words = (
        f"{told['doubtful']} of {told['pictures']} labels look wrong; {told['conflicts']} pictures "
        f"with a near-duplicate under another label, {told['outliers']} unlike their class"
    )
    return words if shown == every else f"{words}. The first {shown} of {every}"
