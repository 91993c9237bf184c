"""Write the study report: one HTML page, and Markdown."""

from pathlib import Path

from canting.config.stage import BUILD, RESULTS, stage
from canting.report.assemble import assemble
from canting.report.provenance import provenance
from canting.report.run import load
from canting.report.write import write

with stage("report") as params:
    run = load(params, RESULTS, BUILD)
    write(assemble(run, provenance(Path())), run, BUILD / "report")
    print(f"report: {BUILD / 'report' / 'index.html'}")
