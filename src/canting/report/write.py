"""The folder of the report."""

from pathlib import Path

from canting.core import files
from canting.report import render, scenarios
from canting.report.content import Report
from canting.report.run import Run

FIGURES = "figures"


def write(report: Report, run: Run, path: Path) -> None:
    """Write the page, the Markdown with its figures, and the table of scenarios with costs."""
    table = scenarios.everything(run, "Scenarios with scores and costs; the chosen one in bold.")
    with files.replacing(path) as folder:
        (folder / FIGURES).mkdir(parents=True)
        for figure in report.figures():
            (folder / FIGURES / figure.name).write_bytes(figure.content)
        files.write_text(folder / "index.html", render.html(report))
        files.write_text(folder / "report.md", render.markdown(report, FIGURES))
        scenarios.full(run).to_csv(folder / "scenarios.csv", index=False)
        files.write_text(folder / "scenarios.md", render.markdown_table(table))
