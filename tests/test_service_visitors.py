"""Whose history it is: the browser's that asked, and the operator's; and who may ask at all."""

import base64
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from canting.serving.service.settings import Settings, SettingsError, from_environment
from tests.service_fixtures import Server, bundle, encoded, in_process, running

__all__ = ["bundle"]

TOKEN = "kunci-pengelola"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("own"), bundle, token=TOKEN) as one:
        yield one


@pytest.fixture(scope="module")
def public(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with in_process(
        tmp_path_factory.mktemp("public"), bundle, history="public", token=TOKEN
    ) as one:
        yield one


@pytest.fixture(scope="module")
def closed(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("closed")
    with in_process(folder, bundle, token=TOKEN, visitors="false") as one:
        yield one


def browser(server: Server, **options: Any) -> httpx.Client:
    return httpx.Client(base_url=server.url, trust_env=False, timeout=30, **options)


def ask(client: httpx.Client) -> str:
    answer = client.post("/api/classify", files={"files": ("kain.jpg", encoded())}).json()
    name: str = answer["results"][0]["history_id"]
    return name


def places(name: str) -> list[str]:
    parts = ("", "/picture", "/thumbnail", "/overlay")
    return [f"/api/history/{name}", *(f"/history/{name}{part}" for part in parts)]


def statuses(client: httpx.Client, name: str, **how: Any) -> set[int]:
    return {client.get(place, **how).status_code for place in places(name)}


def csrf(client: httpx.Client) -> dict[str, str]:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get("/classify").text)
    assert found
    return {"csrf": found[1]}


def changes(client: httpx.Client, name: str) -> list[int]:
    """Try to correct and to delete an entry, by the API and by forms; return the statuses."""
    form, label = csrf(client), {"label": "parang"}
    return [
        client.post(f"/api/history/{name}/correction", json=label).status_code,
        client.post(f"/history/{name}/correct", data={**form, **label}).status_code,
        client.post(f"/history/{name}/delete", data=form).status_code,
        client.delete(f"/api/history/{name}").status_code,
    ]


def test_an_entry_is_seen_by_who_made_it(server: Server) -> None:
    with browser(server) as one, browser(server) as other:
        name, others = ask(one), ask(other)
        assert (statuses(one, name), statuses(other, name)) == ({200}, {404})
        assert statuses(other, name, headers={"If-None-Match": "*"}) == {404}
        assert [e["id"] for e in one.get("/api/history").json()["entries"]] == [name]
        assert name in one.get("/history").text
        assert name not in other.get("/history").text
        assert name in one.get("/history.csv").text
        assert others not in one.get("/history.csv").text


def test_an_entry_is_changed_by_who_made_it(server: Server) -> None:
    with browser(server) as one, browser(server) as other:
        name = ask(one)
        assert changes(other, name) == [404] * 4
        assert statuses(one, name) == {200}
        assert changes(one, name) == [200, 303, 303, 404]
        assert statuses(one, name) == {404}


def test_the_cookie_is_signed_and_names_nobody(server: Server) -> None:
    with browser(server) as one:
        name = ask(one)
        [cookie] = one.cookies.jar
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "Lax"
        assert cookie.value is not None
        visitor, _, signature = cookie.value.partition(".")
    forged = (
        f"{visitor}.{'0' * 64}",
        visitor,
        f"{'0' * 32}.{signature}",
        "",
        "x" * 5000,
        f"{visitor}.{signature}x",
    )
    for value in forged:
        with browser(server, cookies={"canting_visitor": value}) as other:
            assert statuses(other, name) == {404}, value
    with browser(server, cookies={"canting_visitor": f"{visitor}.{signature}"}) as same:
        assert statuses(same, name) == {200}
    stored = sqlite3.connect(server.folder / "history" / "history.db")
    owners = {row[0] for row in stored.execute("SELECT owner FROM history_entries")}
    stored.close()
    assert visitor not in owners


def test_the_operator_sees_and_changes_all(server: Server) -> None:
    with browser(server) as one, browser(server, headers=OPERATOR) as operator:
        name = ask(one)
        assert statuses(operator, name) == {200}
        assert operator.get("/api/history").json()["total"] >= 1
        assert changes(operator, name) == [200, 303, 303, 404]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", "Basic ww==", "é"])
def test_a_wrong_token_is_none(server: Server, header: str) -> None:
    with browser(server) as one:
        name = ask(one)
    bad = [(b"Authorization", header.encode())]
    with browser(server) as other:
        assert statuses(other, name, headers=bad) == {404}
        for path in ("/operator", "/metrics"):
            assert other.get(f"{path}%0A", headers=bad).status_code == 404
            response = other.get(path, headers=bad)
            assert response.status_code == 401
            assert response.headers["www-authenticate"].split()[0] in ("Basic", "Bearer")


def test_a_browser_becomes_the_operators_by_a_password(server: Server) -> None:
    with browser(server) as one, browser(server, auth=("anybody", TOKEN)) as operator:
        name = ask(one)
        assert "/operator" in one.get("/history").text
        assert operator.get("/operator").headers["location"] == "/history"
        assert name in operator.get("/history").text
        assert "all visitors" in operator.get("/history", headers={"Accept-Language": "en"}).text
    basic = base64.b64encode(f"x:{TOKEN}".encode()).decode()
    with browser(server, headers={"Authorization": f"Basic {basic}"}) as prometheus:
        assert prometheus.get("/metrics").status_code == 200


def test_a_link_shows_one_entry_to_others(server: Server) -> None:
    with browser(server) as one, browser(server) as other:
        name, second = ask(one), ask(one)
        page = one.get(f"/history/{name}").text
        found = re.search(rf"/history/{name}\?key=([0-9a-f]+)", page)
        assert found
        key = {"key": found[1]}
        assert statuses(other, name, params=key) == {200}
        assert statuses(other, second, params=key) == {404}
        assert (
            f"/history/{name}/picture?key={found[1]}"
            in other.get(f"/history/{name}", params=key).text
        )
        assert other.delete(f"/api/history/{name}", params=key).status_code == 404


def test_public_shows_all_and_lets_change_ones_own(public: Server) -> None:
    with browser(public) as one, browser(public) as other:
        name = ask(one)
        assert statuses(other, name) == {200}
        assert changes(other, name) == [404] * 4
        assert changes(one, name) == [200, 303, 303, 404]


@pytest.mark.slow
def test_a_history_of_an_earlier_version_is_the_operators(bundle: Path, tmp_path: Path) -> None:
    with in_process(tmp_path, bundle, token=TOKEN) as first, browser(first) as one:
        name = ask(one)
    database = sqlite3.connect(tmp_path / "history" / "history.db")
    database.execute("UPDATE history_entries SET owner = NULL")
    database.commit()
    database.close()
    with in_process(tmp_path, bundle, token=TOKEN) as again:
        with browser(again, cookies=one.cookies) as same:
            assert statuses(same, name) == {404}
            mine = ask(same)
        with browser(again, headers=OPERATOR) as operator:
            assert statuses(operator, name) == {200}
    with in_process(tmp_path, bundle) as third, browser(third, cookies=one.cookies) as same:
        assert statuses(same, mine) == {200}


OPEN = ("/livez", "/readyz", "/api/openapi.json", "/static/base.css")
CLOSED = (
    *("/", "/about", "/classify", "/history", "/history.csv", "/samples/1", "/operator"),
    *("/metrics", "/api/model", "/api/history", f"/history/{'0' * 32}", "/nothing"),
)


def test_without_visitors_one_token_protects_everything(closed: Server) -> None:
    with browser(closed) as one:
        assert {one.get(path).status_code for path in OPEN} == {200}
        for path in CLOSED:
            assert one.get(path).status_code == 401, path
        for path in ("/classify", "/api/classify"):
            assert one.post(path, files={"files": ("a.jpg", encoded())}).status_code == 401
        odd = ("/api/model/", "//api/model", "/API/model", "/api/%6dodel", "/static/../history")
        assert {one.get(path).status_code for path in odd} == {401}
    with browser(closed, headers=OPERATOR) as operator:
        assert operator.get("/").status_code == operator.get("/metrics").status_code == 200
        assert len(ask(operator)) == 32


@pytest.mark.parametrize("host", ["a/api/openapi.json?", "a/static/x#", "/", "a:b@c/metrics?x="])
def test_a_made_up_host_opens_nothing(closed: Server, host: str) -> None:
    for path in ("/api/model", "/api/history", "/history"):
        response = closed.client.get(path, headers={"Host": host})
        assert response.status_code in (400, 401), (host, path)


def refused(**environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        from_environment({f"CANTING_{name.upper()}": text for name, text in environment.items()})
    return str(caught.value)


def test_settings_that_cannot_be_meant() -> None:
    assert "CANTING_VISITORS=false needs CANTING_TOKEN" in refused(visitors="false")
    for old in ("api_token", "history_token"):
        message = refused(**{old: "x"})
        assert f"`CANTING_{old.upper()}`: no setting any more" in message
        assert "`CANTING_TOKEN`" in message
    assert "CANTING_HISTORY=off" in refused(history_url="off")
    assert "'own', 'public' or 'off'" in refused(history="mine")
    assert "/batik" in refused(prefix="batik/")
    assert "`CANTING_PROXIES`" in refused(proxies="10.0.0.0/99")


def test_lists_are_separated_by_commas() -> None:
    given = {"CANTING_HOSTS": "a.example, *.b.example", "CANTING_PROXIES": "10.0.0.0/8,::1"}
    settings = from_environment(given)
    assert settings.hosts == ("a.example", "*.b.example")
    assert [str(one) for one in settings.proxies] == ["10.0.0.0/8", "::1/128"]
    assert Settings().history == "own"
