"""The notebook as it is committed: short, without outputs, and of no machine's own."""

import ast
import json
import re
import subprocess
from typing import Any

import pytest

from canting.runs.study.changes import assigned, check
from canting.runs.study.yaml_text import merged
from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
CONTENT: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
CODE = [cell for cell in CONTENT["cells"] if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def test_no_output_is_committed() -> None:
    assert [(cell["outputs"], cell["execution_count"]) for cell in CODE] == [([], None)] * len(CODE)
    assert {key for cell in CODE for key in cell["metadata"]} <= {"tags"}
    assert set(CONTENT["metadata"]) == {"kernelspec", "language_info"}


def test_it_has_at_most_ten_cells_of_code() -> None:
    assert 5 < len(CODE) <= 10


def test_it_names_no_machine_and_no_address() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert not re.search(r"https?://|/(?:home|root|work|tmp)/", text)
    assert 'REPOSITORY = \\"\\"' in text


@pytest.mark.parametrize("number", range(len(CODE)))
def test_every_cell_is_understood(number: int) -> None:
    text = source(CODE[number])
    head, _, body = text.partition("\n")
    if not head.startswith("%%bash"):
        ast.parse(text)
        return
    assert body.startswith("set -euo pipefail\n")
    subprocess.run(["bash", "-n"], input=body, text=True, check=True)


def test_its_settings_are_keys_of_the_parameters() -> None:
    (first,) = [cell for cell in CODE if cell["metadata"].get("tags") == ["parameters"]]
    assert first is CODE[0]
    values: dict[str, Any] = {}
    exec(source(first), values)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    check(merged(text, assigned(values["SETTINGS"])), ROOT / "params.yaml")
    assert (values["REPOSITORY"], values["PICTURES"]) == ("", "")
