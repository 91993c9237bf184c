"""The results of the last run as a page for a browser."""

import html
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from canting.config.stage import BUILD, RESULTS
from canting.core.errors import CantingError
from canting.documents.show import show

HOST, PORT = "127.0.0.1", 3000

STYLE = """
:root { color-scheme: light dark; --paper: #fffdf9; --ink: #2b211a }
@media (prefers-color-scheme: dark) { :root { --paper: #1d1713; --ink: #f3ebe0 } }
body { background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
pre { white-space: pre-wrap } img { background: #fffdf9; height: auto; max-width: 100% }
"""


LINKS = {
    BUILD / "report" / "index.html": "The study report",
    BUILD / "cards" / "model_card.html": "The model card",
    BUILD / "cards" / "data_card.html": "The data card",
    BUILD / "data_docs" / "index.html": "What was checked of the pictures",
}


def page() -> str:
    """Return the page: the summary, where the report and the Data Docs are, and the plots."""
    pictures = "".join(
        f'<img src="/{path}" alt="{path.stem.replace("_", " ")}">'
        for path in sorted(RESULTS.rglob("*.png"))
    )
    links = "".join(
        f'<p><a href="/{path}">{words}</a></p>' for path, words in LINKS.items() if path.exists()
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>canting</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>The last run</h1><pre>{html.escape(show())}</pre>{links}{pictures}"
        "</body></html>"
    )


class _Handler(SimpleHTTPRequestHandler):
    """Answers the page, and files below the folders that it links to."""

    def do_GET(self) -> None:
        if self.path == "/":
            content = page().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        elif _is_public(Path(self.translate_path(self.path))):
            super().do_GET()
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing of each request."""


def server(port: int = PORT) -> ThreadingHTTPServer:
    """Return a server of the page, for this machine alone; raise `CantingError` without results."""
    page()
    try:
        return ThreadingHTTPServer((HOST, port), partial(_Handler, directory="."))
    except OSError as error:
        raise CantingError(
            f"`--port`: expected a free port. Received: {port} ({error.strerror}). Name another."
        ) from None


def _is_public(path: Path) -> bool:
    folders = [folder.resolve() for folder in (RESULTS, *(page.parent for page in LINKS))]
    return path.is_file() and any(folder in path.resolve().parents for folder in folders)
