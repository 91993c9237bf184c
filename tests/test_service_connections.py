"""Connections that say nothing, half of something, or do not listen."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from canting.serving.service.guard import connections
from tests.service_fixtures import bundle, environment, free_port

__all__ = ["bundle"]

HALF = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
WHOLE = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"


async def _short(_: Request) -> Response:
    return PlainTextResponse("here")


async def _long(_: Request) -> Response:
    return PlainTextResponse("x" * 20_000_000)


async def _taken(request: Request) -> Response:
    return PlainTextResponse(f"{len(await request.body())} here")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Yield the port of a server with short time-outs and few connections."""
    uploads = Route("/upload", _taken, methods=["POST"])
    app = Starlette(routes=[Route("/short", _short), Route("/long", _long), uploads])
    one = free_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HEADER_SECONDS": 0.5, "WRITE_SECONDS": 2.0, "MOST": 40}.items():
            patch.setattr(connections, name, value)
        config = uvicorn.Config(
            app, port=one, http=connections.Connection, backlog=32, log_config=None, ws="none"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield one
        server.should_exit = True
        thread.join()


def opened(port: int, content: bytes = b"") -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port), timeout=60)
    one.sendall(content)
    return one


def is_closed(one: socket.socket) -> bool:
    """Read what there is; return whether an end comes."""
    with contextlib.suppress(ConnectionError):
        while one.recv(1000):
            continue
    return True


def answer(port: int) -> bytes:
    with opened(port, WHOLE % b"short") as one:
        return read(one)


def read(one: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"here") and (part := one.recv(1000)):
        received += part
    return received


@pytest.mark.parametrize("content", [b"", b"\r\n", b"GET", HALF])
def test_what_never_becomes_a_request_is_closed(port: int, content: bytes) -> None:
    with opened(port, content) as one:
        assert is_closed(one)


def test_so_is_half_of_a_second_request(port: int) -> None:
    with opened(port, WHOLE % b"short") as one:
        assert read(one).endswith(b"here")
        one.sendall(HALF)
        assert is_closed(one)


def test_slow_headers_do_not_prolong_the_time(port: int) -> None:
    end = time.monotonic() + 60
    with opened(port, HALF) as one, pytest.raises(ConnectionError):
        while time.monotonic() < end:
            one.sendall(b"x")
            time.sleep(0.05)


@pytest.mark.slow
def test_a_client_that_does_not_read_is_left(port: int) -> None:
    with opened(port, WHOLE % b"long") as one:
        time.sleep(5)
        received = 0
        with contextlib.suppress(ConnectionError):
            while part := one.recv(2**20):
                received += len(part)
    assert 0 < received < 20_000_000


def test_one_that_reads_slowly_gets_everything(port: int) -> None:
    with opened(port, WHOLE % b"long") as one:
        received = 0
        while received < 20_000_000:
            received += len(one.recv(2**20))
            time.sleep(0.01)


def test_there_is_room_for_a_request_beside_hundreds_that_wait(port: int) -> None:
    waiting = []
    for number in range(200):
        waiting.append(opened(port, HALF))
        if number % 20 == 0:
            assert answer(port).endswith(b"here")
    assert answer(port).endswith(b"here")
    assert sum(map(is_closed, waiting[:150])) == 150
    for one in waiting:
        one.close()


@pytest.mark.slow
def test_a_request_that_is_answered_is_not_closed_for_one_that_waits(port: int) -> None:
    with opened(port, WHOLE % b"long") as one:
        first = one.recv(1000)
        waiting: list[socket.socket] = []
        received = len(first)
        while received < 20_000_000:
            if len(waiting) < 60:
                waiting.append(opened(port, HALF))
            part = one.recv(2**16)
            assert part
            received += len(part)
    assert all(map(is_closed, waiting))
    for other in waiting:
        other.close()


LEAK = """
import asyncio, gc, sys, threading, time, http.client, uvicorn
from canting.serving.service import service
config = uvicorn.Config(service.Canting.to_asgi(), port=int(sys.argv[1]), log_config=None)
server = uvicorn.Server(config)
thread = threading.Thread(target=server.run)
thread.start()
while not server.started:
    time.sleep(0.01)
client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
def held(requests):
    for _ in range(requests):
        client.request("GET", "/livez")
        client.getresponse().read()
    gc.collect()
    return len(gc.get_objects())
held(200)
before = held(100)
after = held(400)
client.close()
server.should_exit = True
thread.join()
print("found", after - before)
"""


@pytest.mark.slow
def test_bentoml_keeps_nothing_of_a_request(bundle: Path, tmp_path: Path) -> None:
    """Its timers, never cancelled, kept 30 objects of each of 300 for a minute."""
    found = subprocess.run(
        [sys.executable, "-c", LEAK, str(free_port())],
        env=environment(bundle, history="off"),
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
    )
    [line] = [one for one in found.stdout.splitlines() if one.startswith("found ")]
    assert int(line.removeprefix("found ")) < 1500


def test_half_sent_uploads_keep_nobody_out(port: int) -> None:
    head = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    with contextlib.ExitStack() as stack:
        halves = []
        for _ in range(40):
            halves.append(stack.enter_context(opened(port, head + b"ab")))
            time.sleep(0.01)
        assert answer(port).endswith(b"here")
        assert is_closed(halves[0])
        for one in halves[1:]:
            one.sendall(b"cd")
            assert read(one).endswith(b"4 here")
