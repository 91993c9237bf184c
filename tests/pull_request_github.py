"""A server that answers as GitHub's REST API does, for one repository."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_example"
START = "/repos/owner/name/"


class State:
    """What the repository holds, and who was shown the token."""

    def __init__(self) -> None:
        self.artifact: bytes | None = None
        self.pulls: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.shown: list[tuple[str, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    state: State

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.state.shown.append((parts.path, self.headers["Authorization"]))
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix(START)
        if parts.path == "/blob":
            self._answer(200, self.state.artifact or b"")
        elif path == "actions/artifacts/3/zip":
            self.send_response(302)
            port = self.headers["Host"].partition(":")[2]
            self.send_header("Location", f"http://localhost:{port}/blob")
            self.end_headers()
        elif path == "actions/runs/7/artifacts":
            # Of a run that was started again, in an order that nobody promises.
            found = [{"id": one, "name": "reproduced", "expired": one == 4} for one in (4, 1, 3, 2)]
            self._json({"artifacts": found if self.state.artifact is not None else []})
        elif path == "pulls":
            self._json([one for one in self.state.pulls if one["label"] == query["head"]])
        elif path == "issues/12/comments":
            page, size = int(query["page"]), int(query["per_page"])
            self._json(self.state.comments[(page - 1) * size : page * size])
        else:
            self._answer(404, b"{}")

    def do_POST(self) -> None:
        assert self.path == f"{START}issues/12/comments"
        user = {"login": "github-actions[bot]"}
        comment = {"id": 1000 + len(self.state.comments), "user": user, **self._body()}
        self.state.comments.append(comment)
        self._json(comment)

    def do_PATCH(self) -> None:
        number = int(self.path.removeprefix(f"{START}issues/comments/"))
        (comment,) = (one for one in self.state.comments if one["id"] == number)
        comment.update(self._body())
        self._json(comment)

    def _body(self) -> dict[str, Any]:
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        content: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return content

    def _json(self, content: Any) -> None:
        self._answer(200, json.dumps(content).encode())

    def _answer(self, code: int, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def github() -> Iterator[tuple[str, State]]:
    """Yield the address of the API and what the repository holds."""
    state = State()
    handler = type("Bound", (Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", state
        server.shutdown()
