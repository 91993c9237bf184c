"""Write the study report: one HTML page, and Markdown."""

from pathlib import Path

from canting.config.stage import BUILD, RESULTS, stage
from canting.core.mark import mark
from canting.documents.provenance import provenance
from canting.documents.report.write import assemble, write
from canting.documents.run import MADE_OF, load


def main() -> None:
    with stage("report") as params:
        run = load(params, RESULTS, BUILD)
        write(assemble(run, provenance(Path())), run, BUILD / "report")
        mark(BUILD / "report", MADE_OF, params.model_dump(mode="json", exclude={"cards", "track"}))
        print(f"report: {BUILD / 'report' / 'index.html'}")


if __name__ == "__main__":
    main()
