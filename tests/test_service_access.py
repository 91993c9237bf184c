"""Hosts, origins, proxies, a prefix, rates, and what the log says of a client."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from html import unescape
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest

from canting.serving.service.errors import Refusal
from canting.serving.service.guard import proxies, rates
from canting.serving.service.settings import Settings
from tests.conftest import slow
from tests.service_fixtures import Server, bundle, encoded, free_port, running

__all__ = ["bundle"]

SITE = "https://app.example"


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("access")
    with running(folder, bundle, hosts="127.0.0.1,[::1],*.batik.example", origins=SITE) as one:
        yield one


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:9", 200),
        ("[::1]:3000", 200),
        ("toko.batik.example", 200),
        ("TOKO.Batik.Example:443", 200),
        ("batik.example", 400),
        ("evilbatik.example", 400),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("127.0.0.1:evil.example", 400),
        ("127.0.0.1:80:80", 400),
        ("[::1].evil.example", 400),
        ("[", 400),
        ("", 400),
        ("[::2]", 400),
        ("localhost", 400),
    ],
)
def test_only_known_hosts_are_answered(server: Server, host: str, status: int) -> None:
    """A page of a stranger, whose name leads to this machine, learns nothing (DNS rebinding)."""
    for path in ("/", "/api/model", "/history"):
        response = server.client.get(path, headers={"Host": host})
        assert response.status_code == status, path
        assert status == 200 or "CANTING_HOSTS" in response.text
    for path in ("/livez", "/readyz", "/metrics"):
        assert server.client.get(path, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("own", 200),
        (SITE, 200),
        ("https://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        ("http://127.0.0.1", 403),
        ("https://app.example.evil.example", 403),
    ],
)
def test_only_known_origins_may_write(server: Server, origin: str | None, status: int) -> None:
    headers = {} if origin is None else {"Origin": server.url if origin == "own" else origin}
    files = {"files": ("a.jpg", encoded())}
    response = server.client.post("/api/classify", files=files, headers=headers)
    assert response.status_code == status
    allowed = response.headers.get("access-control-allow-origin")
    assert allowed == (SITE if origin == SITE else None)


def test_a_browser_asks_first_and_is_told(server: Server) -> None:
    asked = {
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization",
    }
    path = f"/api/history/{'0' * 32}"
    for origin, status in ((SITE, 200), ("https://evil.example", 400)):
        response = server.client.options(path, headers={"Origin": origin, **asked})
        assert response.status_code == status
        allowed = response.headers.get("access-control-allow-origin")
        assert allowed == (SITE if status == 200 else None)
        assert "access-control-allow-credentials" not in response.headers


def scope(peer: str, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {"type": "http", "client": (peer, 1), "scheme": "http", "path": "/about", "headers": raw}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "made up, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "198.51.100.7:5678", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::1]:5678", "2001:db8::1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_a_client_is_named_by_proxies_of_ours_alone(peer: str, forwarded: str, client: str) -> None:
    settings = Settings.model_validate({"proxies": "10.0.0.0/8"})
    asked = scope(peer, x_forwarded_for=forwarded, x_forwarded_proto="https")
    proxies.apply(asked, settings)
    assert proxies.client_of(asked) == ip_address(client)
    assert asked["scheme"] == ("https" if "10.0.0" in peer else "http")


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("/batik", "/batik"),
        ("/a/b", "/a/b"),
        ("//evil", ""),
        ("/a?b", ""),
        ("batik", ""),
        ("/", ""),
    ],
)
def test_a_prefix_comes_from_proxies_of_ours_alone(given: str, root: str) -> None:
    settings = Settings.model_validate({"proxies": "10.0.0.1"})
    for peer, expected in (("10.0.0.1", root), ("10.0.0.2", "")):
        asked = scope(peer, x_forwarded_prefix=given)
        proxies.apply(asked, settings)
        assert asked.get("root_path", "") == expected
        assert proxies.path_of(asked) == "/about"


@pytest.mark.slow
def test_no_proxy_is_trusted_unasked_and_none_hides_another(bundle: Path, tmp_path: Path) -> None:
    """Uvicorn would believe whoever is on this machine, and take a proxy for its client."""
    headers = {
        "X-Forwarded-For": "198.51.100.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/batik",
    }
    for proxy, bento in (("", False), ("127.0.0.1", False), ("", True), ("127.0.0.1", True)):
        folder = tmp_path / f"{bool(proxy)}-{bento}"
        with running(folder, bundle, bento=bento, proxies=proxy, log_clients="true") as server:
            response = server.client.get("/classify", headers=headers)
            client = "198.51.100.7" if proxy else "127.0.0.1"
            assert server.lines_of(response.headers["x-request-id"])[0]["client"] == client
            assert ("; Secure" in response.headers["set-cookie"]) == bool(proxy)
            assert ("/batik/static/" in response.text) == bool(proxy)


def test_a_bucket_is_emptied_and_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(rates, "monotonic", lambda: now[0])
    limits = rates.Rates(60)
    one, other = ip_address("198.51.100.7"), ip_address("198.51.100.8")
    for _ in range(20):
        limits.take(one, 1)
    with pytest.raises(Refusal) as caught:
        limits.take(one, 1)
    assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "1"})
    limits.take(other, 1)
    now[0] += 5
    for _ in range(5):
        limits.take(one, 1)
    with pytest.raises(Refusal):
        limits.take(one, 1)
    now[0] += 3600
    limits.take(one, 200)
    with pytest.raises(Refusal) as caught:
        limits.take(one, 1)
    assert int(caught.value.headers["Retry-After"]) == 181


def test_a_network_of_addresses_is_one_client_and_this_machine_none() -> None:
    limits = rates.Rates(3)
    limits.take(ip_address("2001:db8::1"), 1)
    with pytest.raises(Refusal):
        limits.take(ip_address("2001:db8::ffff:2"), 1)
    limits.take(ip_address("2001:db8:0:1::1"), 1)
    for _ in range(50):
        limits.take(ip_address("127.0.0.1"), 1)
        rates.Rates(None).take(ip_address("198.51.100.7"), 1000)


def test_few_clients_are_remembered() -> None:
    limits = rates.Rates(60)
    for number in range(rates.CLIENTS + 500):
        limits.take(ip_address(number + 2**24), 1)
    assert len(limits._left) == rates.CLIENTS


@pytest.mark.slow
def test_a_client_behind_a_proxy_has_a_rate_and_may_be_in_the_log(
    bundle: Path, tmp_path: Path
) -> None:
    named: dict[str, Any] = {"proxies": "127.0.0.1", "client_rate": 30, "log_clients": "true"}
    with running(tmp_path, bundle, **named) as server:
        one, other = ({"X-Forwarded-For": f"198.51.100.{number}"} for number in (7, 8))
        files = {"files": ("a.jpg", encoded())}
        answers = [server.client.post("/api/classify", files=files, headers=one) for _ in range(15)]
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(200) in (8, 9, 10)
        assert set(statuses) == {200, 429}
        last = server.client.post("/api/classify", files=files, headers=other)
        assert last.status_code == 200
        for answer, client in ((answers[0], "198.51.100.7"), (last, "198.51.100.8")):
            assert server.lines_of(answer.headers["x-request-id"])[0]["client"] == client


def test_no_client_is_in_the_log_unless_asked_for(server: Server) -> None:
    answer = server.client.post("/api/classify", files={"files": ("a.jpg", encoded())})
    assert server.lines_of(answer.headers["x-request-id"])
    assert not [line for line in server.lines() if "client" in line]


NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error; events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  client_max_body_size 50m;
  server {{
    listen 127.0.0.1:{port};
    location /batik/ {{
      proxy_pass http://127.0.0.1:{behind}{cut};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      {header}
    }}
  }}
}}
"""


@pytest.fixture(params=["cut and named", *slow("cut and set", "kept and set")])
def behind_nginx(
    bundle: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[httpx.Client]:
    """Yield a client of nginx, which hands on what is below a prefix, cut off or not."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])
    if program is None:
        pytest.skip("needs `nginx`")
    port, how = free_port(), request.param
    prefix: dict[str, Any] = {} if "named" in how else {"prefix": "/batik"}
    with running(tmp_path, bundle, proxies="127.0.0.1", client_rate="none", **prefix) as server:
        text = NGINX.format(
            folder=tmp_path,
            port=port,
            behind=server.port,
            cut="/" if "cut" in how else "",
            header="proxy_set_header X-Forwarded-Prefix /batik;" if "named" in how else "",
        )
        (tmp_path / "nginx.conf").write_text(text)
        command = [program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as nginx:
            wait_for(port)
            url = f"http://127.0.0.1:{port}/batik"
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
                yield client
            nginx.terminate()


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


def links(page: str) -> set[str]:
    found = re.findall(r'(?:href|src|action)="([^"#]+)"', page)
    return {unescape(one) for one in found if not one.startswith("data:")}


@pytest.mark.slow
def test_every_address_works_below_a_prefix_through_nginx(behind_nginx: httpx.Client) -> None:
    client = behind_nginx
    page = client.get("/classify").text
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert token
    files = {"files": ("kain.jpg", encoded())}
    answered = client.post("/classify", files=files, data={"csrf": token[1]})
    assert answered.status_code == 200
    entry = re.findall("/batik(/history/[0-9a-f]{32})", answered.text)[0]
    pages = [client.get(path).text for path in ("/", "/classify", "/history", "/about", entry)]
    found = set().union(*map(links, [*pages, answered.text]))
    assert len(found) > 20
    for address in sorted(found):
        assert address.startswith("/batik/"), address
        status = client.get(address.removeprefix("/batik")).status_code
        assert status in ((405,) if address.endswith("/correct") else (200, 303)), address
    assert client.get(entry).status_code == 200
    switched = client.get("/language?to=id&back=/about")
    assert switched.headers["location"] == "/batik/about"
    assert all("Path=/batik" in one for one in switched.headers.get_list("set-cookie"))
    gone = client.post(f"{entry}/delete", data={"csrf": token[1]})
    assert gone.headers["location"] == "/batik/history?done=deleted"
    assert client.get(f"/api{entry}").json()["code"] == "unknown_entry"
    assert client.get("/nothing").status_code == 404
