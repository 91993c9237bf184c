"""Bodies that are too large, too slow or too many, sent to a server that runs."""

import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.service_fixtures import COLOURS, Server, bundle, encoded, multipart, running, saved

__all__ = ["bundle"]

FILE = 200_000
REQUEST = 500_000
MIB = 2**20


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits: dict[str, Any] = {
        "max_upload_bytes": FILE,
        "max_request_bytes": REQUEST,
        "max_files": 3,
    }
    times: dict[str, Any] = {"idle_timeout": 1.5, "upload_timeout": 5}
    room: dict[str, Any] = {"concurrency": 2, "queue": 6, "max_waiting_bytes": 2_000_000}
    folder = tmp_path_factory.mktemp("limits")
    with running(folder, bundle, history="public", **limits, **times, **room) as one:
        one.answer(encoded())
        yield one


@pytest.fixture(autouse=True)
def _goes_on_after_it(server: Server) -> Iterator[None]:
    """After every test the server answers and has let go of everything."""
    before = server.entries()
    yield
    assert server.answer(encoded("lime"))["label"] == "mega_mendung"
    assert server.entries() >= before + 1


def head(length: int | None, *more: str) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = [
        "POST /api/classify HTTP/1.1",
        "Host: localhost",
        "Content-Type: multipart/form-data; boundary=limit",
        size,
        *more,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


def received(connection: socket.socket) -> tuple[int, str]:
    """Return status and code of the answer on a connection."""
    with connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return status, str(json.loads(stream.read(length)).get("code"))


def test_one_byte_too_many_is_refused_before_the_body(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(head(REQUEST + 1))
        assert received(connection) == (413, "too_large")
    with connected(server) as connection:
        connection.sendall(head(REQUEST + 1, "Expect: 100-continue"))
        assert received(connection) == (413, "too_large")


def test_a_file_of_one_byte_too_many(server: Server) -> None:
    just = encoded() + bytes(FILE - len(encoded()))
    assert server.answer(just)["label"] == "kawung"
    response = server.post(just + b"\0")
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_body_without_a_length_is_cut_off_and_takes_no_memory(server: Server) -> None:
    before = server.memory()
    with connected(server) as connection:
        connection.sendall(head(None))
        start = multipart(b"").split(b"\r\n--limit--")[0]
        connection.sendall(b"%x\r\n%s\r\n" % (len(start), start))
        piece = b"10000\r\n" + bytes(65536) + b"\r\n"
        for _ in range(160):
            connection.sendall(piece)
        connection.sendall(b"0\r\n\r\n")
        assert received(connection) == (413, "too_large")
    assert server.memory() - before < 5 * MIB


def test_an_endless_body_is_left(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(head(None))
        piece = b"100000\r\n" + bytes(MIB) + b"\r\n"
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            for _ in range(400):
                connection.sendall(piece)


def test_a_client_that_sends_all_of_it_reads_why(server: Server) -> None:
    response = server.post(bytes(8 * MIB))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_too_many_files_fields_and_bytes_of_a_field(server: Server) -> None:
    response = server.post(*[encoded()] * 4)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_files")
    assert len(server.post(*[encoded()] * 3).json()["results"]) == 3
    many = {str(number): "x" for number in range(60)}
    files = {"files": encoded()}
    response = server.client.post("/api/classify", data=many, files=files)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_files")
    response = server.client.post("/api/classify", data={"a": "x" * 70_000}, files=files)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        multipart(encoded())[:-6],
        multipart(encoded()).replace(b"--limit", b"--other"),
        b"--limit\r\n" + b"X-Many: 1\r\n" * 100 + b"\r\n\r\n--limit--\r\n",
    ],
)
def test_a_damaged_form(server: Server, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=limit"}
    response = server.client.post("/api/classify", content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "bad_form")
    for boundary in ("", "; boundary=" + "x" * 300):
        headers = {"Content-Type": "multipart/form-data" + boundary}
        response = server.client.post("/api/classify", content=body, headers=headers)
        assert (response.status_code, response.json()["code"]) == (400, "bad_form")


def png_header(width: int, height: int) -> bytes:
    """Return a PNG of 68 bytes that claims a size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    content = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0]) + size + bytes(200)
    return b"RIFF" + struct.pack("<I", len(content)) + content


@pytest.mark.parametrize(
    "content",
    [
        png_header(10_000, 9_000),
        png_header(15_000, 12_000),
        png_header(65_000, 65_000),
        encoded(size=(64, 64), kind="GIF")[:6] + b"\xff\xff\xff\xff" + encoded(kind="GIF")[10:],
    ],
)
def test_a_bomb_is_known_by_its_header(server: Server, content: bytes) -> None:
    before = server.memory()
    response = server.post(content)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_pixels")
    assert server.memory() - before < 50 * MIB


def test_a_webp_that_claims_to_be_huge(server: Server) -> None:
    before = server.memory()
    response = server.post(webp_header(16_383, 16_383))
    assert response.status_code in (413, 422)
    assert server.memory() - before < 50 * MIB


@pytest.mark.slow
def test_a_slow_upload_is_left_and_the_others_are_served(server: Server) -> None:
    body = multipart(encoded())
    with connected(server) as silent, connected(server) as dripping:
        silent.sendall(head(len(body)) + body[:50])
        dripping.sendall(head(len(body)))
        drops = threading.Thread(target=_drip, args=(dripping, body))
        drops.start()
        assert server.answer(encoded("blue"))["label"] == "parang"
        assert received(silent) == (408, "upload_timeout")
        assert drops.is_alive()
        assert received(dripping) == (408, "upload_timeout")
        assert silent.recv(1) == b""
        drops.join()


def _drip(connection: socket.socket, body: bytes) -> None:
    for place in range(len(body)):
        try:
            connection.sendall(body[place : place + 1])
        except OSError:
            return
        time.sleep(0.2)


def noisy(seed: int, colour: str) -> bytes:
    image = Image.new("RGB", (160, 120), colour)
    noise = np.random.default_rng(seed).integers(0, 60, (120, 160, 3), dtype=np.uint8)
    return saved(Image.fromarray(np.asarray(image) // 2 + noise), "PNG")


@pytest.mark.slow
def test_two_hundred_at_once(server: Server) -> None:
    """Some are answered, each rightly; the others are told to come again."""
    labels = list(COLOURS)
    pictures = [noisy(number, COLOURS[labels[number % 3]]) for number in range(200)]

    def send(number: int) -> tuple[int, bool, float]:
        started = time.monotonic()
        name = f"{number}.png"
        response = client.post("/api/classify", files={"files": (name, pictures[number])})
        if response.status_code != 200:
            fine = response.json()["code"] == "busy" and int(response.headers["retry-after"]) > 0
        else:
            result = response.json()["results"][0]
            fine = (result["label"], result["name"]) == (labels[number % 3], name)
        return response.status_code, fine, time.monotonic() - started

    before = server.entries()
    everybody = httpx.Limits(max_connections=200)
    with (
        httpx.Client(base_url=server.url, timeout=30, trust_env=False, limits=everybody) as client,
        ThreadPoolExecutor(100) as pool,
    ):
        answers = list(pool.map(send, range(200)))
    statuses = [status for status, _, _ in answers]
    assert set(statuses) <= {200, 429, 503}
    assert 429 in statuses
    assert statuses.count(200) >= 8
    assert all(fine for _, fine, _ in answers)
    assert max(seconds for _, _, seconds in answers) < 15
    assert server.entries() - before == statuses.count(200)


def test_the_memory_of_all_uploads_is_bounded(server: Server) -> None:
    body = multipart(encoded() + bytes(FILE - 1000))
    connections = [connected(server) for _ in range(12)]
    for connection in connections:
        connection.sendall(head(len(body)) + body[:-10])
    statuses = []
    for connection in connections:
        with connection:
            statuses.append(received(connection)[0])
    assert set(statuses) == {408, 503}


def test_clients_that_leave_free_their_places(server: Server) -> None:
    body = multipart(noisy(1, "red"))
    for _ in range(3):
        for part in (len(body), len(body) // 2):
            connections = [connected(server) for _ in range(8)]
            for connection in connections:
                connection.sendall(head(len(body)) + body[:part])
                connection.close()
    end = time.monotonic() + 5
    while time.monotonic() < end and not _all_free(server):
        time.sleep(0.05)
    assert _all_free(server)


def _all_free(server: Server) -> bool:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.post(encoded()).status_code, range(8)))
    return answers == [200] * 8
