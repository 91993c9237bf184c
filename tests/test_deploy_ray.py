"""Files that start clusters: what Ray and KubeRay read in them, and what agrees with the lock."""

import copy
import json
import re
import shlex
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT

FOLDER = ROOT / "deploy" / "ray"
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: make cluster")


def launcher() -> Any:
    return YAML(typ="safe").load(FOLDER / "cluster.yaml")


def manifests() -> list[Any]:
    return list(YAML(typ="safe").load_all(FOLDER / "kuberay.yaml"))


def groups(cluster: Any) -> list[Any]:
    spec = cluster["spec"]
    return [spec["headGroupSpec"], *spec["workerGroupSpecs"]]


def container(group: Any) -> Any:
    (one,) = group["template"]["spec"]["containers"]
    return one


def pinned() -> str:
    (found,) = re.findall(
        r"^ray==(\S+) ", (ROOT / "requirements-cluster.txt").read_text(), re.MULTILINE
    )
    return str(found)


def bootstrapped(config: Any) -> Any:
    """Return a launcher's file as Ray completes it; raise what it finds wrong in it."""
    import ray.autoscaler
    from ray.autoscaler import sdk

    schema = Path(ray.autoscaler.__file__).with_name("ray-schema.json")
    validator = pytest.importorskip("jsonschema", reason="needs `canting[dev]`")
    validator.validate(config, json.loads(schema.read_text()))
    return sdk.bootstrap_config(copy.deepcopy(config), no_config_cache=True)


@needs_ray
def test_the_launcher_takes_its_file() -> None:
    made = bootstrapped(launcher())
    assert made["max_workers"] == 2
    (kind,) = made["available_node_types"].values()
    assert (kind["min_workers"], kind["max_workers"]) == (2, 2)


@needs_ray
@pytest.mark.parametrize(
    "changes",
    [
        {"worker_setup_command": ["true"]},
        {"setup_commands": "make cluster"},
        {"provider": {"type": "local", "head_ip": "10.0.0.1"}},
        {"provider": {"head_ip": "10.0.0.1", "worker_ips": []}},
    ],
    ids=["unknown key", "no list", "no workers", "no type"],
)
def test_the_launcher_refuses_a_fault(changes: dict[str, Any]) -> None:
    import click

    validator = pytest.importorskip("jsonschema", reason="needs `canting[dev]`")
    with pytest.raises((validator.ValidationError, click.ClickException)):
        bootstrapped({**launcher(), **changes})


def started(command: str) -> list[str]:
    """Return the words of a command behind `ray start`."""
    return shlex.split(command.partition("ray start ")[2])


def test_commands_of_the_launcher_agree() -> None:
    config = launcher()
    head, worker = (
        started(config[f"{name}_start_ray_commands"][-1]) for name in ("head", "worker")
    )
    assert "--head" in head
    assert "--port=6379" in head
    assert "--address=$RAY_HEAD_IP:6379" in worker
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in head
    for name in ("head", "worker"):
        assert "RAY_AUTH_MODE=token" in config[f"{name}_start_ray_commands"][-1]
    assert config["setup_commands"][-1].split()[0] == "make"
    assert re.search(r"^cluster:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert config["setup_commands"][-1].endswith(" cluster")


@needs_ray
def test_options_of_ray_start_are_its_options() -> None:
    from ray.scripts.scripts import start

    known = {name for option in start.params for name in option.opts}
    config = launcher()
    used = [
        word.partition("=")[0]
        for name in ("head", "worker")
        for word in started(config[f"{name}_start_ray_commands"][-1])
    ]
    used += [f"--{name}" for group in groups(manifests()[0]) for name in group["rayStartParams"]]
    assert len(used) > 10
    assert [one for one in used if one not in known] == []


def wrong(cluster: Any) -> Iterator[str]:
    """Yield what KubeRay's API (ray.io/v1) or Kubernetes would refuse."""
    validate = pytest.importorskip("kubernetes_validate", reason="needs `canting[dev]`")
    if (cluster.get("apiVersion"), cluster.get("kind")) != ("ray.io/v1", "RayCluster"):
        yield "it is no RayCluster of ray.io/v1"
    spec = cluster["spec"]
    yield from (f"spec has no {key}" for key in SPEC - spec.keys())
    named = [("headGroupSpec", spec["headGroupSpec"], HEAD)]
    named += [(f"workers {place}", one, WORKERS) for place, one in enumerate(groups(cluster)[1:])]
    for name, group, needed in named:
        yield from (f"{name} has no {key}" for key in sorted(needed - group.keys()))
        params = group.get("rayStartParams", {})
        yield from (f"{name}: {key} is no text" for key in params if type(params[key]) is not str)
        pod = {"apiVersion": "v1", "kind": "Pod", **group.get("template", {})}
        try:
            validate.validate(pod, validate.latest_version(), strict=True)
        except validate.ValidationError as error:
            yield f"{name}: {error.message}"
    for one in spec["workerGroupSpecs"]:
        few, now, many = (one.get(key, 0) for key in ("minReplicas", "replicas", "maxReplicas"))
        if not few <= now <= many:
            yield f"{one['groupName']}: {now} replicas are not within {few} and {many}"


SPEC = {"headGroupSpec", "workerGroupSpecs", "rayVersion"}
HEAD = {"rayStartParams", "template"}
WORKERS = {*HEAD, "groupName", "replicas", "minReplicas", "maxReplicas"}
"""Keys of the groups; KubeRay fills some in, and none is left to it here."""


def test_the_manifest_fits_kuberay_and_kubernetes() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="needs `canting[dev]`")
    cluster, policy = manifests()
    assert list(wrong(cluster)) == []
    validate.validate(policy, validate.latest_version(), strict=True)


FAULTS: dict[str, tuple[Callable[[Any], object], str]] = {
    "template": (lambda one: one["spec"]["headGroupSpec"].pop("template"), "has no template"),
    "replicas": (
        lambda one: one["spec"]["workerGroupSpecs"][0].pop("maxReplicas"),
        "workers 0 has no maxReplicas",
    ),
    "range": (
        lambda one: one["spec"]["workerGroupSpecs"][0].update(replicas=9),
        "9 replicas are not within 2 and 2",
    ),
    "number": (
        lambda one: one["spec"]["headGroupSpec"]["rayStartParams"].update(port=6379),
        "headGroupSpec: port is no text",
    ),
    "pod": (
        lambda one: container(groups(one)[1]).update(imagePolicy="Always"),
        "workers 0: ",
    ),
    "version": (lambda one: one.update(apiVersion="ray.io/v2"), "it is no RayCluster"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_manifest_is_found(fault: str) -> None:
    cluster = copy.deepcopy(manifests()[0])
    plant, told = FAULTS[fault]
    plant(cluster)
    found = list(wrong(cluster))
    assert any(told in one for one in found), found


@needs_ray
def test_ray_reads_the_cores_of_the_manifest() -> None:
    """The reader is that of Ray's autoscaler beside KubeRay."""
    from ray.autoscaler._private.kuberay import autoscaling_config

    cluster = copy.deepcopy(manifests()[0])
    cluster["metadata"]["namespace"] = "default"
    made = autoscaling_config._derive_autoscaling_config_from_ray_cr(cluster)
    head, workers = made["available_node_types"].values()
    assert head["resources"]["CPU"] == 0
    assert workers["resources"]["CPU"] == 4
    assert workers["max_workers"] == 2


def test_versions_are_those_of_the_lock() -> None:
    cluster = manifests()[0]
    assert cluster["spec"]["rayVersion"] == pinned()
    for group in groups(cluster):
        assert container(group)["image"].endswith(f":{pinned()}")
    assert f":{pinned()} " in (FOLDER / "Dockerfile").read_text()


def test_ports_that_are_probed_are_open_and_those_of_ray() -> None:
    for group in groups(manifests()[0]):
        one, given = container(group), group["rayStartParams"]
        ports = {port["name"]: str(port["containerPort"]) for port in one["ports"]}
        assert ports["node-manager"] == given["node-manager-port"]
        assert ports.get("gcs") == given.get("port")
        for probe in ("readinessProbe", "livenessProbe"):
            assert one[probe]["tcpSocket"]["port"] in ports


def test_secrets_come_from_secrets_and_pods_are_those_of_the_image() -> None:
    cluster, policy = manifests()
    image = (FOLDER / "Dockerfile").read_text()
    for group in groups(cluster):
        pod, one = group["template"]["spec"], container(group)
        given = {entry["name"]: entry for entry in one["env"]}
        for name in ("RAY_AUTH_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            assert set(given[name]) == {"name", "valueFrom"}
            assert set(given[name]["valueFrom"]) == {"secretKeyRef"}
        assert given["RAY_AUTH_MODE"]["value"] == "token"
        user = pod["securityContext"]["runAsUser"]
        assert f"USER {user}:{user}" in image
        mounts = {mount["mountPath"]: mount["name"] for mount in one["volumeMounts"]}
        assert mounts[given["CANTING_SCRATCH"]["value"]] in {
            volume["name"] for volume in pod["volumes"]
        }
        labels = group["template"]["metadata"]["labels"]
        assert policy["spec"]["podSelector"]["matchLabels"] == labels
    for lock in re.findall(r"requirements[\w-]*\.txt", image):
        assert (ROOT / lock).is_file()
