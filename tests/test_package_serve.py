"""The Bento, built offline, served from an environment that holds its requirements alone."""

import os
import runpy
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from canting.core import files
from canting.core.revision import revision
from canting.serving.package import bento
from tests.conftest import ROOT
from tests.service_fixtures import COLOURS, bundle
from tests.test_package_parts import PIPELINE

__all__ = ["bundle"]

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def packed(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with samples."""
    folder = tmp_path_factory.mktemp("bundle") / "best"
    shutil.copytree(bundle, folder)
    for label, colour in COLOURS.items():
        (folder / "samples" / label).mkdir(parents=True)
        Image.new("RGB", (64, 64), colour).save(folder / "samples" / label / "1.jpg")
    return folder


@pytest.fixture(scope="module")
def cards(packed: Path) -> Path:
    """Cards beside it."""
    folder = packed.parent / "cards"
    folder.mkdir()
    (folder / "model_card.html").write_text("<h1>Colours</h1>")
    return folder


@pytest.fixture(scope="module")
def built(packed: Path, cards: Path) -> Path:
    """Its Bento, built where no package index and no other server can be reached."""
    folder = packed.parent / "bento"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "UV_INDEX_URL"):
            patch.setenv(name, NOWHERE)
        tag = bento.build(ROOT, packed, cards, folder)
    assert tag == f"canting:{files.sha256(packed / 'model.tflite')[:12]}"
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.slow
def test_the_same_content_is_the_same_bytes(built: Path, packed: Path, cards: Path) -> None:
    bento.build(ROOT, packed, cards, packed.parent / "again")
    assert contents(packed.parent / "again") == contents(built)


def test_it_holds_the_bundle_the_service_and_a_container_file(built: Path, packed: Path) -> None:
    found = contents(built)
    for name, content in contents(packed).items():
        if name != "card.json":
            assert found[f"src/bundle/{name}"] == content
    card = files.read_json(packed / "card.json")
    shipped = files.read_json(built / "src" / "bundle" / "card.json")
    assert shipped == {**card, "git_revision": revision(ROOT)}
    assert found["src/bundle/cards/model_card.html"] == b"<h1>Colours</h1>"
    assert "src/canting/serving/service/service.py" in found
    assert found["env/docker/Dockerfile"] == (ROOT / bento.CONTAINER).read_bytes()
    assert [name for name in found if name.startswith("env/docker/")] == ["env/docker/Dockerfile"]
    listed = found["env/python/requirements.txt"].decode()
    assert not any(f"\n{name}==" in listed for name in PIPELINE)


@pytest.fixture(scope="module")
def interpreter(built: Path) -> Path:
    """Python with the Bento's requirements and nothing else, out of uv's cache."""
    folder = built.parent / "venv"
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    made = ["--python", sys.executable, str(folder)]
    subprocess.run([uv, "venv", "--quiet", "--offline", *made], check=True)
    listed = str(built / "env" / "python" / "requirements.txt")
    install = [uv, "pip", "install", "--quiet", "--offline", "--require-hashes", "-r", listed]
    environment = {**os.environ, "VIRTUAL_ENV": str(folder)}
    told = subprocess.run(install, env=environment, capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip("needs the service's packages in uv's cache")
    return folder / "bin" / "python"


def test_the_container_has_two_stages_no_root_one_port_and_a_health_check() -> None:
    """What `make container` builds and runs; here, what a change must not take out of it."""
    lines = (ROOT / bento.CONTAINER).read_text().splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    said = {word: [line[1:] for line in words if line[0] == word] for word, *_ in words}
    assert said["FROM"] == [["${BASE}", "AS", "build"], ["${BASE}"]]
    assert said["USER"] == [["1034:1034"]]
    assert said["EXPOSE"] == [["3000"]]
    assert said["VOLUME"] == [["/history"]]
    assert len(said["HEALTHCHECK"]) == 1
    assert not {"apt-get", "apk", "curl", "git", "uv"} & {one for line in words for one in line}


def test_wheels_are_asked_for_by_the_python_of_the_container_alone(tmp_path: Path) -> None:
    """The lock chooses by the version of the one who asks."""
    other = tmp_path / "python"
    code = "import sys; sys.version_info, sys.version = (3, 12, 1), '3.12.1'; exec(sys.argv[2])"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    other.chmod(0o755)
    script = str(ROOT / ".github" / "scripts" / "wheels.sh")
    command = ["bash", script, str(tmp_path)]
    environment = {**os.environ, "PYTHON": str(other)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "expected Python 3.11" in told.stderr
    assert "3.12.1" in told.stderr


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_an_environment_of_its_requirements_is_small_and_serves(
    built: Path, interpreter: Path, tmp_path: Path
) -> None:
    assert size(interpreter.parents[1]) < 300 * 2**20
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"BENTOML_HOME": str(tmp_path / "home"), "BENTOML_DO_NOT_TRACK": "True"}
    command = [str(interpreter), "-m", "bentoml", "serve", str(built), "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        told = smoke(port, built)
    finally:
        server.terminate()
        server.wait(30)
    assert told.returncode == 0, told.stderr + (tmp_path / "log").read_text()
    answers = [line.split() for line in told.stdout.splitlines()]
    assert [answer[1] for answer in answers] == sorted(COLOURS)
    assert len({answer[-1] for answer in answers}) == len(COLOURS)


def smoke(port: int, built: Path) -> subprocess.CompletedProcess[str]:
    """Ask it what the workflow asks the running container."""
    script = str(ROOT / ".github" / "scripts" / "smoke.py")
    command = [sys.executable, script, f"http://127.0.0.1:{port}", str(built)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_smoke_test_fails_where_nothing_answers_rightly(built: Path) -> None:
    """A server of files answers some addresses, and none as the service does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    other = subprocess.Popen(command, cwd=built.parent, stderr=subprocess.DEVNULL)
    (built.parent / "readyz").touch()
    try:
        assert smoke(port, built).returncode != 0
    finally:
        other.terminate()
        other.wait()


def test_what_the_container_is_asked_about_itself_can_be_answered_wrongly(tmp_path: Path) -> None:
    """`confined.py` sees a port that is open to others, and a folder that can be written."""
    confined = runpy.run_path(str(ROOT / ".github" / "scripts" / "confined.py"))
    with (
        socket.create_server(("0.0.0.0", 0)) as wide,
        socket.create_server(("127.0.0.1", 0)) as own,
    ):
        ports = confined["reachable"]()
        assert wide.getsockname()[1] in ports
        assert own.getsockname()[1] not in ports
    with pytest.raises(SystemExit, match="could be written"):
        confined["unwritable"](tmp_path / "written")
    confined["unwritable"](tmp_path / "absent" / "written")
