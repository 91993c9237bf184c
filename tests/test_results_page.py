"""The page with the results of the last run."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from canting.core.errors import CantingError
from canting.documents.results_page import server
from tests.conftest import ROOT


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(ROOT)
    with server(0) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{pages.server_port}"
        pages.shutdown()


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=5) as answer:
        content: bytes = answer.read()
    return content


def test_the_page_has_the_scores_and_its_pictures(address: str) -> None:
    page = get(address + "/").decode()
    assert "macro F1" in page
    assert "http" not in page
    for name in ("confusion", "learning_curves", "misclassified"):
        path = f"/results/evaluate/{name}.png"
        assert f'src="{path}"' in page
        assert get(address + path)[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "path",
    ["/params.yaml", "/.git/config", "/results/../params.yaml", "/%2e%2e/etc/passwd", "/results"],
)
def test_nothing_else_is_answered(address: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as caught:
        get(address + path)
    caught.value.close()


def test_without_results_and_with_a_taken_port(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CantingError, match="expected a free port"):
        server(int(address.rsplit(":", 1)[1]))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CantingError, match="Run `make repro`"):
        server(0)
