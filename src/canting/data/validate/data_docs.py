"""Make Data Docs self-contained, with an index page in plain words.

Great Expectations' pages load their styles, tables and logo from seven hosts, and its first page
is empty without them; here the little that they need travels in each page. They also show file
names unescaped: the policy in each page lets nothing of that run or load.
"""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from canting.data.validate.check import CheckOutcome
from canting.data.validate.report import received

ASSETS = "https://great-expectations-web-assets.s3.us-east-2.amazonaws.com/"
"""Where the pages look for logos, of which GX writes a copy into the docs."""

STYLE = """<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
<style>
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #212529; background: #fff }
h1, h2, h4, h5, h6 { line-height: 1.2; margin: 0 0 .5rem }
h4 { font-size: 1.4rem } h5 { font-size: 1.2rem } h6 { font-size: 1rem }
a { color: #0062b8 } code { overflow-wrap: anywhere }
.navbar { padding: .5rem 1rem } .border-bottom { border-bottom: 1px solid #dee2e6 }
.d-flex, .breadcrumb, .row { display: flex; flex-wrap: wrap; align-items: flex-start }
.align-items-center { align-items: center }
.breadcrumb { list-style: none; padding: 0 1rem; gap: 1.5rem }
.container-fluid { width: 100%; padding: .5rem 1rem }
.col-12 { width: 100% } .col-6 { width: 50% }
.col-md-2 { width: 100% } .col-md-10 { width: 100% }
@media (min-width: 768px) { .col-md-2 { width: 16% } .col-md-10 { width: 84% } }
.sticky ul { list-style: none; padding: 0 } .sticky .mb-3 { display: none }
.alert, .card-header { padding: .75rem 1rem; background: #e9ecef; border-radius: .25rem }
.card { border: 1px solid #dee2e6; border-radius: .25rem; padding: .5rem }
table { border-collapse: collapse; margin: .5rem 0 } .table { width: 100% }
th, td { padding: .4rem .6rem; border: 1px solid #dee2e6; text-align: left; vertical-align: top }
.text-danger { color: #b3261e } .text-success { color: #1b7a35 }
.fas { font-style: normal; font-weight: bold }
.fa-times::before { content: "✗" } .fa-check-circle::before { content: "✓" }
[data-toggle="collapse"], .collapse { display: none } td code { white-space: nowrap }
main { max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
</style>
"""

REMOTE = re.compile(
    r"<script\b.*?</script>"
    r"|<link\b[^>]*href=\"https?:[^>]*>"
    r"|<footer>.*?</footer>",
    re.DOTALL,
)


def offline(docs: Path, outcomes: Sequence[CheckOutcome]) -> None:
    """Make every page under `docs` stand alone, and write a first page with the last outcomes."""
    for page in docs.rglob("*.html"):
        root = "../" * (len(page.relative_to(docs).parts) - 1)
        text = REMOTE.sub("", page.read_text(encoding="utf-8"))
        text = text.replace("full_logo_dark.png", "logo-long.png")
        text = text.replace(ASSETS, f"{root}static/images/").replace("</head>", f"{STYLE}</head>")
        page.write_text(text, encoding="utf-8")
    (docs / "index.html").write_text(_first_page(docs, outcomes), encoding="utf-8")


def _first_page(docs: Path, outcomes: Sequence[CheckOutcome]) -> str:
    failed = sum(not outcome.success for outcome in outcomes)
    pages = sorted(page.relative_to(docs) for page in docs.glob("validations/*/*/*/*.html"))
    links = "".join(
        f'<li><a href="{escape(page.as_posix())}">{escape(" ".join(page.parts[1:3]))}</a></li>'
        for page in pages
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="UTF-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>The pictures, validated</title>\n{STYLE}</head><body><main>\n"
        f"<h1>{failed} of {len(outcomes)} expectations failed</h1>\n<table>"
        "<tr><th></th><th>Expectation</th><th>Expected</th><th>Received</th><th>Key</th></tr>\n"
        f"{''.join(map(_row, outcomes))}</table>\n<h2>Details, file by file</h2><ul>{links}</ul>\n"
        "</main></body></html>\n"
    )


def _row(outcome: CheckOutcome) -> str:
    mark = ("text-danger", "fa-times"), ("text-success", "fa-check-circle")
    cells = (
        f'<i class="fas {" ".join(mark[outcome.success])}"></i>',
        escape(outcome.check.name),
        escape(outcome.check.expected),
        escape(received(outcome)),
        f"<code>{escape(outcome.check.key or '')}</code>",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
