"""What is deployed: rules, dashboard, compose file and manifests name only what the service has."""

import asyncio
import contextlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from prometheus_client import Counter, Gauge, Histogram, start_http_server
from ruamel.yaml import YAML

from canting.serving.package import bento
from canting.serving.service import metrics
from canting.serving.service.app import create_app
from canting.serving.service.settings import from_environment
from tests.conftest import ROOT, slow
from tests.service_fixtures import COLOURS, bundle

__all__ = ["bundle"]

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yml"
MANIFESTS = sorted(
    path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.stem != "kustomization"
)
SUFFIXES: dict[Any, tuple[str, ...]] = {
    Counter: ("_total",),
    Gauge: ("",),
    Histogram: ("_bucket", "_sum", "_count"),
}
OF_PROMETHEUS = {"instance", "job"}
"""Labels that Prometheus gives every series of a target."""


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def rules() -> list[dict[str, Any]]:
    return [rule for group in load(RULES)["groups"] for rule in group["rules"]]


def shown() -> list[str]:
    """Return the expressions of the dashboard, its variables filled in as Grafana does."""
    panels = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [one.replace("$__rate_interval", "1m").replace("$instance", ".*") for one in found]


def series() -> dict[str, set[str]]:
    """Return the labels of every series that the service, Prometheus or a rule makes."""
    found: dict[str, set[str]] = {"up": set(), "canting:label:share1d": {"label"}}
    for metric in vars(metrics).values():
        for kind, suffixes in SUFFIXES.items():
            if isinstance(metric, kind):
                for suffix in suffixes:
                    more = {"le"} if suffix == "_bucket" else set()
                    found[metric._name + suffix] = {*metric._labelnames, *more}
    return {**{rule["record"]: set() for rule in rules() if "record" in rule}, **found}


def unknown(expression: str) -> set[str]:
    """Return the series and labels of an expression that nothing makes."""
    known = series()
    named = set(re.findall(r"\b(?:canting[_:][\w:]*|up\b)", re.sub(r'"[^"]*"', '""', expression)))
    wrong = {name for name in named if name not in known}
    for name, matchers in re.findall(r"\b([a-z_:]\w*)\{([^}]*)\}", expression):
        labels = set(re.findall(r"(\w+)\s*[=!]", matchers))
        wrong |= labels - known.get(name, set()) - OF_PROMETHEUS
    grouped = re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", expression)
    labels = {one.strip() for group in grouped for one in group.split(",")}
    return wrong | (labels - OF_PROMETHEUS - {one for name in named - wrong for one in known[name]})


def test_rules_and_dashboard_name_metrics_and_labels_that_the_service_has() -> None:
    for expression in [*(rule["expr"] for rule in rules()), *shown()]:
        assert unknown(expression) == set(), expression
    legends = re.findall(r"\{\{(\w+)\}\}", (DEPLOY / "grafana" / "dashboard.json").read_text())
    assert set(legends) <= {label for labels in series().values() for label in labels}


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("rate(canting_pictures_total[5m])", {"canting_pictures_total"}),
        ('canting_predictions_total{class="a"}', {"class"}),
        ("sum by (reason) (canting_predictions_total)", {"reason"}),
        ("canting_request_seconds", {"canting_request_seconds"}),
        ("canting:label:share", {"canting:label:share"}),
    ],
)
def test_a_series_or_label_that_nothing_makes_is_found(expression: str, wrong: set[str]) -> None:
    assert unknown(expression) == wrong


def test_every_metric_of_the_service_is_shown_or_watched() -> None:
    text = " ".join([*(rule["expr"] for rule in rules()), *shown()])
    families = {re.sub("_(total|bucket|sum|count)$", "", name) for name in series()}
    assert [name for name in sorted(families) if name not in text] == []


def test_routes_that_are_watched_are_routes() -> None:
    watched = [
        one
        for rule in [*(rule["expr"] for rule in rules()), *shown()]
        for one in re.findall(r'route=~?"([^"]*)"', rule)
    ]
    routes = {getattr(route, "path", "") for route in create_app(from_environment({})).routes}
    assert watched
    assert {path for one in watched for path in one.split("|")} <= routes


def promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("needs promtool, of Debian's prometheus")
    told = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.slow
def test_alerts_fire_when_they_should_and_are_silent_otherwise() -> None:
    promtool("check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))
    promtool("test", "rules", str(DEPLOY / "prometheus" / "rules_test.yml"))
    tested = (DEPLOY / "prometheus" / "rules_test.yml").read_text()
    assert [rule["alert"] for rule in rules() if rule.get("alert", "Canting") not in tested] == []


def test_every_expression_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    made = [{"record": f"shown:{number}", "expr": one} for number, one in enumerate(shown())]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "shown", "rules": made}]}))
    promtool("check", "rules", str(path))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


async def asked(bundle: Path) -> None:
    """Ask a service for answers, refusals and an abstention."""
    names = {"BUNDLE": str(bundle), "HISTORY": "off"}
    app = create_app(from_environment({f"CANTING_{name}": one for name, one in names.items()}))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
    async with app.router.lifespan_context(app), client:
        for colour in [*COLOURS.values(), "white"]:
            picture = io.BytesIO()
            Image.new("RGB", (64, 64), colour).save(picture, "PNG")
            for _ in range(3):
                await client.post("/api/classify", files={"files": picture.getvalue()})
        await client.post("/api/classify", files={"files": b"no picture"})
        await client.post("/api/classify", content=b"no form")


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    """A real Prometheus with the rules, that looks at the metrics of this process."""
    if shutil.which("prometheus") is None:
        pytest.skip("needs Debian's prometheus")
    shutil.copyfile(RULES, tmp_path / "rules.yml")
    target, port = free_port(), free_port()
    settings = load(DEPLOY / "prometheus" / "prometheus.yml")
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    settings["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{target}"]}]
    (tmp_path / "prometheus.yml").write_text(json.dumps(settings))
    files = [
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'db'}",
    ]
    command = ["prometheus", *files, f"--web.listen-address=127.0.0.1:{port}"]
    served, _ = start_http_server(target, "127.0.0.1")
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)
        served.shutdown()
        served.server_close()


def query(address: str, expression: str) -> list[Any]:
    answer = httpx.get(f"{address}/api/v1/query", params={"query": expression})
    found = answer.json()
    assert found["status"] == "success", found
    result: list[Any] = found["data"]["result"]
    return result


REFERENCE = {
    "pictures": 20,
    "abstained": 2,
    "right": 17,
    "classes": {"kawung": 6, "mega_mendung": 6, "parang": 6},
    "confidence": 0.9,
    "confidences": [0.5, 1.0],
    "distances": [0.1, 2.0],
}


@pytest.mark.slow
def test_the_dashboard_shows_what_a_service_answered(
    bundle: Path, prometheus: str, tmp_path: Path
) -> None:
    """In a real Prometheus, each expression has a value."""
    shutil.copytree(bundle, tmp_path / "best")
    card = json.loads((bundle / "card.json").read_text())
    (tmp_path / "best" / "card.json").write_text(json.dumps({**card, "reference": REFERENCE}))
    end = time.monotonic() + 60
    empty = shown()
    while empty and time.monotonic() < end:
        asyncio.run(asked(tmp_path / "best"))
        time.sleep(1)
        with contextlib.suppress(httpx.TransportError):
            empty = [one for one in shown() if not query(prometheus, one)]
    assert empty == []
    (expected,) = query(prometheus, 'canting_expected_share{label="parang"}')
    assert float(expected["value"][1]) == pytest.approx(1 / 3)
    (abstained,) = query(prometheus, "canting_expected_abstained_share")
    assert float(abstained["value"][1]) == pytest.approx(0.1)


def test_a_service_without_a_model_tells_it(tmp_path: Path) -> None:
    metrics.tell_model(None)
    assert metrics.READY._value.get() == 0
    (tmp_path / "card.json").write_text("{}")
    metrics.tell_model(tmp_path / "card.json")
    assert metrics.READY._value.get() == 1


VARIABLES = {
    "CANTING_IMAGE": "canting",
    "CANTING_SECRET": "secret",
    "GRAFANA_PASSWORD": "secret",
    "POSTGRES_PASSWORD": "secret",
    "S3_SECRET_KEY": "secret",
}


def composed(folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Read the compose file with Docker's own tool."""
    command = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
    if shutil.which(command[0]) is None or subprocess.call([*command, "version"]):
        pytest.skip("needs docker-compose")
    path = folder / "variables"
    path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    files = ["--file", str(DEPLOY / "compose.yaml"), "--env-file", str(path)]
    environment = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    return subprocess.run(
        [*command, *files, "config"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_compose_file_is_one(tmp_path: Path) -> None:
    told = composed(tmp_path, VARIABLES)
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize(
    "name", ["CANTING_SECRET", *slow(*(one for one in VARIABLES if one != "CANTING_SECRET"))]
)
def test_the_compose_file_needs_its_secrets(tmp_path: Path, name: str) -> None:
    told = composed(tmp_path, {key: value for key, value in VARIABLES.items() if key != name})
    assert told.returncode != 0
    assert name in told.stderr


def test_the_compose_file_opens_and_allows_little() -> None:
    services = load(DEPLOY / "compose.yaml")["services"]
    assert services["canting"]["read_only"] is True
    assert services["canting"]["cap_drop"] == ["ALL"]
    assert services["canting"]["tmpfs"] == ["/tmp"]
    assert all("no-new-privileges:true" in one["security_opt"] for one in services.values())
    ports = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert set(ports) == {"canting", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for found in ports.values() for port in found)


def mounted(files: list[str]) -> list[str]:
    return [one.split(":")[0] for one in files if one.startswith("./")]


def test_files_that_are_mounted_are_there() -> None:
    services = load(DEPLOY / "compose.yaml")["services"]
    found = [path for one in services.values() for path in mounted(one.get("volumes", []))]
    assert len(found) == 3
    assert all((DEPLOY / path).exists() for path in found)
    source = load(DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yaml")
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    assert {one["datasource"]["uid"] for one in dashboard["panels"]} == {
        source["datasources"][0]["uid"]
    }


def test_settings_that_are_deployed_are_settings() -> None:
    composed = load(DEPLOY / "compose.yaml")["services"]["canting"]["environment"]
    (container,) = load(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]["template"]["spec"][
        "containers"
    ]
    manifest = {one["name"]: one["value"] for one in container["env"]}
    for environment in (composed, manifest):
        ours = {name: one for name, one in environment.items() if name.startswith("CANTING_")}
        settings = from_environment(ours)
        assert {name.removeprefix("CANTING_").lower() for name in ours} <= settings.model_fields_set


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_fit_the_schemas_of_kubernetes(path: Path) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="needs `canting[dev]`")
    content = load(path)
    validate.validate(content, validate.latest_version(), strict=True)
    with pytest.raises(validate.ValidationError):
        validate.validate(
            {**content, "spec": {**content["spec"], "replica": 3}},
            validate.latest_version(),
            strict=True,
        )


def test_pods_are_those_of_the_container() -> None:
    deployment = load(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    lines = (ROOT / bento.CONTAINER).read_text().splitlines()
    user, port = 1034, 3000
    assert f"USER {user}:{user}" in lines
    assert f"EXPOSE {port}" in lines
    assert pod["securityContext"]["runAsUser"] == user
    assert container["ports"][0]["containerPort"] == port
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert deployment["replicas"] > 1
    labels = deployment["template"]["metadata"]["labels"]
    for path in MANIFESTS:
        spec = load(path)["spec"]
        selector = spec.get("selector", spec.get("podSelector"))
        assert selector.get("matchLabels", selector) == labels, path.name
    listed = load(DEPLOY / "kubernetes" / "kustomization.yaml")["resources"]
    assert sorted(listed) == [path.name for path in MANIFESTS]
