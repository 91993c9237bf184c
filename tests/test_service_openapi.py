"""Schemathesis against a server that runs: all its checks, and no finding."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.service_fixtures import Server, bundle, encoded, running

__all__ = ["bundle"]

TOKEN = "kunci"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def server(bundle: Path, tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, bundle, token=TOKEN) as one:
        yield one


def entries(server: Server, count: int) -> list[str]:
    """Return the ids of new entries."""
    with httpx.Client(base_url=server.url, headers=OPERATOR, trust_env=False, timeout=30) as client:
        files = [("files", ("a.jpg", encoded()))] * 20
        answers = [client.post("/api/classify", files=files).json() for _ in range(count // 20)]
    return [one["history_id"] for answer in answers for one in answer["results"]]


@pytest.mark.slow
def test_the_document_and_the_service_say_the_same(server: Server, tmp_path: Path) -> None:
    program = shutil.which("schemathesis")
    if program is None:
        pytest.skip("needs `schemathesis`, of the extra `dev`")
    address = f"{server.url}/api/openapi.json"
    header = f"Authorization: Bearer {TOKEN}"
    bounds = ["--checks", "all", "--max-examples", "50", "--seed", "1"]
    hooks = {
        "CANTING_TEST_IDS": " ".join(entries(server, 100)),
        "SCHEMATHESIS_HOOKS": "openapi_hooks",
        "PYTHONPATH": str(ROOT / "tests"),
    }
    done = subprocess.run(
        [program, "run", address, "-H", header, *bounds],
        env={**os.environ, **hooks},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    found = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert found is not None
    assert found[1] == found[2]
    assert int(found[1]) > 300
    assert "Selected: 6/6" in done.stdout
    faults = [line for line in server.lines() if line.get("status", 0) >= 500]
    assert faults == []
