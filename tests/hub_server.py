"""A server on this machine that answers, and fails, as the Hub of Hugging Face does."""

import base64
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import huggingface_hub.constants
import pytest

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data.fetch.fetch import Fetched, fetch
from canting.data.fetch.retry import Retry
from canting.data.fetch.source import Means

SOURCE = "hf:owner/batik"
FIRST, SECOND = "1" * 40, "2" * 40
NAME = "owner/batik"
WRITER, READER = "hf_writer", "hf_reader"
"""Tokens: one that may write, and one that may not."""
QUICK = Retry(tries=3, delay=0.01, longest=2.0, silence=0.5)
LARGE = 1000
"""Bytes from which a file is in LFS: its SHA-256 is known, and another address holds it."""


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub(ThreadingHTTPServer):
    """Answers with `faults` in turn, one a request to the API, then with the files of a commit.

    `file_faults` are those of requests for a file's content, `upload_faults` of uploads of one, and
    `commit_faults` of commits. A fault is an answer, `cut` (no answer), or `lost` (a commit that is
    made, and no answer). Its one repository holds a data set or a model, at owner/batik.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, bytes] | None, kind: str = "dataset") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kind = kind
        self.commits: dict[str, dict[str, bytes]] = {}
        self.branches: dict[str, str] = {}
        self.objects: dict[str, bytes] = {}
        self.created: list[dict[str, Any]] = []
        self.private = False
        self.messages: list[str] = []
        self.upload_faults: list[Any] = []
        self.commit_faults: list[Any] = []
        if files is not None:
            self.commits[FIRST] = files
            self.branches["main"] = FIRST
        self.faults: list[Any] = []
        self.file_faults: list[Any] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.page = 1000
        self.resumes = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that hang up."""

    @property
    def head(self) -> dict[str, bytes]:
        return self.commits[self.branches["main"]]

    def commit(self, files: dict[str, bytes]) -> str:
        """Make a commit the main branch, and return its name."""
        text = repr((len(self.commits), sorted(files.items())))
        name = hashlib.sha1(text.encode()).hexdigest()
        self.commits[name] = files
        self.branches["main"] = name
        return name

    def asked(self, part: str) -> list[str]:
        return [path for path, _ in self.requests if part in path]


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        api = f"/api/{self.server.kind}s/{NAME}/"
        repository = f"/datasets/{NAME}/resolve/"
        if self.server.kind == "model":
            repository = f"/{NAME}/resolve/"
        path = unquote(urlsplit(self.path).path)
        if "/old/batik" in path:
            address = self.server.address + self.path.replace("/old/", "/owner/")
            return self.answer(307, {"Location": address})
        if self.path.startswith("/cdn/"):
            return self.content(*path.removeprefix("/cdn/").split("/", 1))
        faults = self.server.faults if path.startswith("/api/") else []
        if faults:
            return self.answer(*faults.pop(0))
        if not self.server.commits:
            return self.answer(404, {"X-Error-Code": "RepoNotFound"})
        if path == api.rstrip("/"):
            return self.revision("main")
        if path.startswith(api + "revision/"):
            return self.revision(path.removeprefix(api + "revision/"))
        if path.startswith(api + "tree/"):
            return self.tree(path.removeprefix(api + "tree/"))
        if path.startswith(repository):
            return self.file(*path.removeprefix(repository).split("/", 1))
        return self.answer(404, {"X-Error-Code": "RepoNotFound"})

    def revision(self, name: str) -> None:
        commit = self.server.branches.get(name, name)
        if commit not in self.server.commits:
            return self.answer(404, {"X-Error-Code": "RevisionNotFound"})
        return self.answer(200, {}, {"id": NAME, "sha": commit, "private": self.server.private})

    def tree(self, commit: str) -> None:
        commit = self.server.branches.get(commit, commit)
        if commit not in self.server.commits:
            return self.answer(404, {"X-Error-Code": "RevisionNotFound"})
        files = sorted(self.server.commits[commit].items())
        start = int(parse_qs(urlsplit(self.path).query).get("cursor", ["0"])[0])
        page = files[start : start + self.server.page]
        rows: list[dict[str, Any]] = [
            {"type": "directory", "oid": "0" * 40, "size": 0, "path": "d"}
        ]
        for path, content in page:
            row = {"type": "file", "path": path, "size": len(content), "oid": git_oid(content)}
            if len(content) >= LARGE:
                oid = hashlib.sha256(content).hexdigest()
                row["lfs"] = {"oid": oid, "size": len(content), "pointerSize": 130}
            rows.append(row)
        url = f"{self.server.address}/api/{self.server.kind}s/{NAME}/tree/{commit}?recursive=True"
        more = start + len(page) < len(files)
        next_page = f'<{url}&cursor={start + len(page)}>; rel="next"'
        return self.answer(200, {"Link": next_page} if more else {}, rows)

    def file(self, commit: str, path: str) -> None:
        content = self.server.commits.get(commit, {}).get(path)
        if content is None:
            return self.answer(404, {"X-Error-Code": "EntryNotFound"})
        if len(content) < LARGE:
            return self.content(commit, path)
        place = self.path.partition("/resolve/")[2]
        told = {"X-Repo-Commit": commit, "X-Linked-Size": str(len(content))}
        host = self.server.address.replace("127.0.0.1", "localhost")
        return self.answer(302, {**told, "Location": f"{host}/cdn/{place}"})

    def content(self, commit: str, path: str) -> None:
        fault = self.server.file_faults.pop(0) if self.server.file_faults else ""
        if isinstance(fault, tuple):
            return self.answer(*fault)
        whole = self.server.commits[commit][path]
        asked = int(self.headers.get("Range", "bytes=0-")[6:-1])
        start = asked if self.server.resumes else 0
        body = whole[start:]
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{git_oid(whole)}"')
        if fault != "endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "flip":
            body = body[:-10] + bytes(10)
        if fault == "endless":
            body *= 2
        self.wfile.write(body[: len(body) // 2] if fault in ("cut", "silent") else body)
        if fault == "silent":
            time.sleep(1.2)
        return None

    def do_POST(self) -> None:
        self.server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path, api = urlsplit(self.path).path, f"/api/models/{NAME}"
        if path == "/api/validate-yaml":
            return self.answer(200, {}, {"errors": [], "warnings": []})
        if self.server.faults:
            return self.answer(*self.server.faults.pop(0))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token != WRITER:
            return self.answer(403 if token else 401, {"X-Error-Message": "No."})
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if path == f"{api}/preupload/main":
            files = json.loads(body)["files"]
            return self.answer(200, {}, {"files": [self.mode(file) for file in files]})
        if path == f"/{NAME}.git/info/lfs/objects/batch":
            objects = [self.upload(one) for one in json.loads(body)["objects"]]
            return self.answer(200, {}, {"transfer": "basic", "objects": objects})
        if path == "/lfs/verify":
            asked = json.loads(body)
            held = self.server.objects.get(asked["oid"])
            return self.answer(200 if held and len(held) == asked["size"] else 422, {})
        if path == f"{api}/commit/main":
            return self.make([json.loads(line) for line in body.splitlines()])
        return self.answer(404, {"X-Error-Code": "RepoNotFound"})

    def create(self, asked: dict[str, Any]) -> None:
        address = {"url": f"{self.server.address}/{NAME}"}
        if self.server.commits:
            return self.answer(409, {}, {**address, "error": "You already created this model repo"})
        self.server.created.append(asked)
        self.server.private = asked.get("visibility") == "private" or bool(asked.get("private"))
        self.server.commit({".gitattributes": b"*.tflite filter=lfs"})
        return self.answer(200, {}, address)

    def mode(self, file: dict[str, Any]) -> dict[str, Any]:
        held, large = self.server.head.get(file["path"]), file["size"] >= LARGE
        oid = None
        if held is not None:
            oid = hashlib.sha256(held).hexdigest() if len(held) >= LARGE else git_oid(held)
        mode = "lfs" if large else "regular"
        return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    def upload(self, one: dict[str, Any]) -> dict[str, Any]:
        if one["oid"] in self.server.objects:
            return one
        places = {"upload": f"/lfs/{one['oid']}", "verify": "/lfs/verify"}
        actions = {name: {"href": self.server.address + path} for name, path in places.items()}
        return {**one, "actions": actions}

    def do_PUT(self) -> None:
        self.server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        fault = self.server.upload_faults.pop(0) if self.server.upload_faults else None
        if fault == "cut":
            self.rfile.read(10)
            return self.close()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if fault is not None:
            return self.answer(*fault)
        oid = self.path.rpartition("/")[2]
        if hashlib.sha256(body).hexdigest() != oid:
            return self.answer(400, {})
        self.server.objects[oid] = body
        return self.answer(200, {})

    def make(self, lines: list[dict[str, Any]]) -> None:
        fault = self.server.commit_faults.pop(0) if self.server.commit_faults else None
        if isinstance(fault, tuple):
            return self.answer(*fault)
        if fault == "cut":
            return self.close()
        header, *operations = [(line["key"], line["value"]) for line in lines]
        if header[1].get("parentCommit") != self.server.branches["main"]:
            return self.answer(412, {"X-Error-Message": "A commit has happened since."})
        files = dict(self.server.head)
        for key, value in operations:
            if key == "deletedFile":
                del files[value["path"]]
            elif key == "lfsFile":
                files[value["path"]] = self.server.objects[value["oid"]]
            else:
                files[value["path"]] = base64.b64decode(value["content"])
        name = self.server.commit(files)
        self.server.messages.append(header[1]["summary"])
        if fault == "lost":
            return self.close()
        address = f"{self.server.address}/{NAME}/commit/{name}"
        return self.answer(200, {}, {"commitUrl": address, "commitOid": name})

    def close(self) -> None:
        """Hang up."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, status: int, headers: dict[str, str], body: Any = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(files: dict[str, bytes] | None, home: Path, kind: str = "dataset") -> Iterator[Hub]:
    """Serve the files as the repository owner/batik to Hugging Face's client in this process.

    Its uploads go by LFS: the server does not speak Xet, which a binary part of the client does.
    """
    with Hub(files, kind) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr(huggingface_hub.constants, "ENDPOINT", server.address)
        template = server.address + "/{repo_id}/resolve/{revision}/{filename}"
        patch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(home / "token"))
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            patch.delenv(name, raising=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def run(here: Path, source: str = SOURCE, patience: Retry = QUICK) -> Fetched:
    """Run the stage's function on a source."""
    section = Fetch(source=source, classes=None, digest=None)
    means = Means(here / ".canting", patience)
    return fetch(section, here / "build/raw", here / "build/digests.csv", means)


def refused(here: Path, *words: str, source: str = SOURCE) -> str:
    """Check that fetching is refused with one message that holds the words, and leaves nothing."""
    with pytest.raises(CantingError) as caught:
        run(here, source)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message
    assert not list((here / "build").glob("*"))
    return message
