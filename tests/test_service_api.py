"""The API, what guards it, and what it writes down."""

import json
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest

from canting.serving.service.outage import QUIET_SECONDS
from tests.service_fixtures import LABELS, Server, bundle, encoded, in_process, visited

__all__ = ["bundle"]


@pytest.fixture(scope="module")
def server(usual: Server) -> Iterator[Server]:
    with visited(usual) as one:
        yield one


@pytest.fixture(scope="module")
def guarded(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("guarded")
    with in_process(folder, bundle, token="kunci", visitors="false") as one:
        yield one


def check(server: Server, method: str, path: str, response: httpx.Response) -> Any:
    """Check a real answer against the document that the same server gives out."""
    document = server.client.get("/api/openapi.json").json()
    operation = document["paths"][path][method]
    described = operation["responses"][str(response.status_code)]
    if "content" not in described:
        assert response.content == b""
        return None
    schema = described["content"]["application/json"]["schema"]
    whole = {**schema, "components": document["components"]}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(whole, format_checker=checker).validate(response.json())
    return response.json()


def test_the_document_is_true_of_answers(server: Server) -> None:
    answered = check(server, "post", "/api/classify", server.post(encoded("red"), overlay="true"))
    assert answered["results"][0]["overlay"].startswith("data:image/png;base64,")
    check(server, "post", "/api/classify", server.post(encoded("red"), b"none"))
    about = check(server, "get", "/api/model", server.client.get("/api/model"))
    assert about["labels"] == list(LABELS)
    assert about["digest"] == answered["model"]["digest"]
    entry = f"/api/history/{answered['results'][0]['history_id']}"
    one, fix = "/api/history/{id}", "/api/history/{id}/correction"
    check(server, "get", "/api/history", server.client.get("/api/history?size=1&page=1"))
    assert check(server, "get", one, server.client.get(entry))["corrected"] is None
    corrected = server.client.post(f"{entry}/correction", json={"label": "parang"})
    assert check(server, "post", fix, corrected)["corrected"] == "parang"
    check(server, "delete", one, server.client.delete(entry))
    check(server, "get", one, server.client.get(entry))
    check(server, "delete", one, server.client.delete(entry))


def test_the_document_is_true_of_refusals(server: Server, guarded: Server) -> None:
    classify, fix = "/api/classify", "/api/history/{id}/correction"
    for bad in (b"", b"none", encoded()[:300], encoded("black")):
        check(server, "post", classify, server.post(bad))
    check(server, "post", classify, server.post(encoded(), overlay="perhaps"))
    check(server, "post", classify, guarded.post(encoded()))
    check(server, "get", "/api/history", server.client.get("/api/history?page=0"))
    entry = f"/api/history/{server.answer(encoded())['history_id']}/correction"
    for body in ({"json": {"label": "unheard"}}, {"json": {"mark": 1}}, {"data": {"label": "x"}}):
        response = server.client.post(entry, **body)
        assert response.status_code in (400, 415, 422)
        check(server, "post", fix, response)


def test_the_document_itself(server: Server) -> None:
    document = server.client.get("/api/openapi.json").json()
    text = json.dumps(document)
    assert document["openapi"].startswith("3.1")
    for name in re.findall(r"#/components/schemas/(\w+)", text):
        jsonschema.Draft202012Validator.check_schema(document["components"]["schemas"][name])
    for path, methods in document["paths"].items():
        for method in set(methods) - {"parameters"}:
            address = path.replace("{id}", "0" * 32)
            response = server.client.request(method, address)
            assert str(response.status_code) in methods[method]["responses"], (method, path)


@pytest.mark.parametrize(
    "query",
    [
        "page=-1", "page=0", "page=1000000000", "page=1e3", "page=%C2%B2", "size=0", "size=101",
        "size=-5", "since=yesterday", "since=2026-01-01", "until=2026-13-01T00:00:00Z",
        "abstained=perhaps", "page=" + "9" * 5000, "name=" + "n" * 101,
    ],
)  # fmt: skip
def test_bad_filters(server: Server, query: str) -> None:
    response = server.client.get(f"/api/history?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "bad_parameter")
    assert query.split("=")[0] in response.json()["message"]


@pytest.mark.parametrize("label", ["' OR 1=1 --", '"; DROP TABLE entries; --', "%", "_", "\\"])
def test_words_of_sql_are_only_words(server: Server, label: str) -> None:
    server.answer(encoded())
    found = server.client.get("/api/history", params={"label": label})
    assert (found.status_code, found.json()["total"]) == (200, 0)
    assert server.client.get(f"/api/history/{label}").status_code == 404
    assert server.entries() > 0


def test_a_file_is_found_by_a_part_of_its_name(server: Server) -> None:
    server.answer(("Sarung_100%.jpg", encoded("red"), "image/jpeg"))
    for part, count in (("sarung_100%", 1), ("RUNG", 1), ("sarung 100", 0), ("%", 1), ("_", 1)):
        found = server.client.get("/api/history", params={"name": part})
        assert (part, found.json()["total"]) == (part, count)
    check(server, "get", "/api/history", found)
    assert server.client.get("/api/history?name=" + "n" * 100).json()["total"] == 0


def test_filters_find_what_is_meant(server: Server) -> None:
    now = datetime.now(UTC)
    server.answer(encoded("blue"))
    server.answer(encoded("lime"))
    since = (now - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    found = server.client.get("/api/history", params={"label": "parang", "since": since}).json()
    assert found["total"] == 1
    assert found["entries"][0]["label"] == "parang"
    created = datetime.fromisoformat(found["entries"][0]["created"])
    assert created.utcoffset() == timedelta(0)
    assert abs(created - now) < timedelta(seconds=30)
    later = {"since": (now + timedelta(hours=1)).isoformat()}
    assert server.client.get("/api/history", params=later).json()["total"] == 0


def test_an_address_in_place_of_a_picture_is_never_asked(server: Server) -> None:
    asked = []

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    with HTTPServer(("127.0.0.1", 0), Trap) as trap:
        threading.Thread(target=trap.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{trap.server_port}/a.jpg"
        answers = [
            server.client.post("/api/classify", json={"files": [url], "url": url}),
            server.client.post("/api/classify", data={"files": url}),
            server.client.post("/api/classify", params={"url": url}),
        ]
        svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>'.encode()
        refused = server.post(("a.svg", svg, "image/svg+xml"))
        trap.shutdown()
    assert {answer.status_code for answer in answers} == {400}
    assert refused.status_code == 415
    assert not asked


@pytest.mark.parametrize("kind", ["application/vnd.bentoml+pickle", "application/octet-stream"])
def test_a_pickle_is_not_read(server: Server, kind: str) -> None:
    pickle = b"cos\nsystem\n(S'touch pwned'\ntR."
    for path in ("/api/classify", "/classify", "/", "/predict", "/__classify"):
        response = server.client.post(path, content=pickle, headers={"Content-Type": kind})
        assert response.status_code in (404, 405, 415)
    assert not (server.folder / "pwned").exists()


def test_unknown_addresses_and_methods(server: Server) -> None:
    unknown, wrong = server.client.get("/api/nothing"), server.client.put("/api/classify")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    for path in (
        "/docs.json",
        "/static_content/index.css",
        "/../../etc/passwd",
        "/static/../app.py",
    ):
        assert server.client.get(path).status_code == 404


def test_headers_of_every_answer(server: Server) -> None:
    picture = server.answer(encoded())["history_id"]
    for path in ("/", "/api/model", "/nothing", "/metrics", f"/history/{picture}/picture"):
        headers = server.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "cache-control" in headers
        assert "server" not in headers or headers["server"] == "uvicorn"


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "a b c d e f", "<script>alert(1)", 'a"b-c_d.e']
)
def test_request_ids(server: Server, given: str) -> None:
    kept = server.client.get("/api/model", headers={"X-Request-ID": "order-4711.a_b"})
    assert kept.headers["x-request-id"] == "order-4711.a_b"
    new = server.client.get("/api/model", headers={"X-Request-ID": given}).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", new)


def test_one_line_a_request_without_names_and_queries(server: Server) -> None:
    name = {"X-Request-ID": "line-of-this-one"}
    files = {"files": ("rahasia.jpg", encoded())}
    server.client.post("/api/classify?overlay=true&token=sandi", files=files, headers=name)
    [line] = server.lines_of("line-of-this-one")
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/classify", 200)
    assert 0 < line["decode_ms"] + line["inference_ms"] <= line["ms"]
    text = (server.folder / "log").read_text(encoding="utf-8")
    assert "rahasia" not in text
    assert "sandi" not in text


def test_metrics(server: Server) -> None:
    names = {
        "canting_decode_seconds_count": 2,
        "canting_inference_seconds_count": 2,
        'canting_predictions_total{label="parang"}': 1,
        'canting_refusals_total{code="empty_file"}': 1,
        'canting_refused_pictures_total{code="empty_file"}': 1,
        'canting_refused_pictures_total{code="corrupt_image"}': 1,
        "canting_history_failures_total": 0,
        'canting_request_seconds_count{method="GET",route="/{path}",status="404"}': 20,
    }
    before = {name: server.metric(name) for name in names}
    server.answer(encoded("blue"))
    server.post(b"")
    server.post(encoded()[:300], encoded("red"))
    for number in range(20):
        server.client.get(f"/random/{number}")
    assert {name: server.metric(name) - before[name] for name in names} == names
    assert "/random" not in server.client.get("/metrics").text


def test_pages_of_other_sites_change_nothing(server: Server) -> None:
    entry = server.answer(encoded())["history_id"]
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for method, path in (("DELETE", f"/api/history/{entry}"), ("POST", "/api/classify")):
        response = server.client.request(method, path, headers=foreign)
        assert (response.status_code, response.json()["code"]) == (403, "cross_site")
    asked = server.client.options(f"/api/history/{entry}", headers=foreign)
    assert "access-control-allow-origin" not in asked.headers
    with httpx.Client(base_url=server.url, trust_env=False) as stranger:
        for fields in ({}, {"csrf": ""}, {"csrf": "0" * 64}):
            response = stranger.post(f"/history/{entry}/delete", data=fields)
            assert response.status_code == 403
    assert server.client.get(f"/api/history/{entry}").status_code == 200


def test_a_form_of_ours_deletes_one_entry_alone(server: Server) -> None:
    one, other = (server.answer(encoded())["history_id"] for _ in range(2))
    with httpx.Client(
        base_url=server.url, trust_env=False, cookies=server.client.cookies
    ) as visitor:
        page = visitor.get(f"/history/{one}/delete")
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
        assert found is not None
        form = {"csrf": found[1]}
        assert visitor.post(f"/history/{one}/delete", data=form).status_code in (200, 303)
        with httpx.Client(base_url=server.url, trust_env=False) as stranger:
            assert stranger.post(f"/history/{other}/delete", data=form).status_code == 403
        assert visitor.post(f"/history/{'0' * 32}/delete", data=form).status_code == 404
    assert server.client.get(f"/api/history/{one}").status_code == 404
    assert server.client.get(f"/api/history/{other}").status_code == 200
    assert not list((server.folder / "history").rglob(f"{one}*"))
    assert list((server.folder / "history").rglob(f"{other}*"))


@pytest.mark.slow
def test_a_locked_database_loses_no_answer(server: Server) -> None:
    before = server.entries()
    files = set((server.folder / "history").rglob("*.jpg"))
    database = server.folder / "history" / "history.db"
    lock = sqlite3.connect(database, isolation_level=None, timeout=10)
    lock.execute("BEGIN IMMEDIATE")
    try:
        answer = server.answer(encoded("blue"))
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert (answer["label"], answer["history_saved"], answer["history_id"]) == (
        "parang",
        False,
        None,
    )
    assert server.entries() == before
    assert set((server.folder / "history").rglob("*.jpg")) == files
    time.sleep(QUIET_SECONDS)
    assert server.answer(encoded())["history_saved"]
