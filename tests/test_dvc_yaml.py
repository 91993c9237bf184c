"""`dvc.yaml` against the code: a stage that lacks a dependency would serve stale results."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from canting.config.params import Params
from canting.config.scenario import Scenario
from canting.core.closure import SOURCE, closure, imported, is_only_described
from canting.serving.package.bento import shipped
from tests.conftest import ROOT

STAGES: dict[str, Any] = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
NAMES = sorted(STAGES)


def imports_of(script: Path) -> frozenset[Path]:
    """Return every file of the project that a script can come to import, itself included."""
    return closure([script], SOURCE, imported).files


def dependencies(stage: str) -> list[str]:
    return [dep if isinstance(dep, str) else next(iter(dep)) for dep in STAGES[stage]["deps"]]


def covered(path: Path, deps: list[str]) -> bool:
    return any(path == ROOT / dep or (ROOT / dep) in path.parents for dep in deps)


@pytest.mark.parametrize("stage", NAMES)
def test_every_import_is_a_dependency_and_every_dependency_is_imported(stage: str) -> None:
    script = ROOT / "stages" / f"{stage}.py"
    assert STAGES[stage]["cmd"] == f"python stages/{stage}.py"
    files = {path for path in imports_of(script) if not is_only_described(path)}
    if stage == "package":
        files |= {path for path in shipped(SOURCE) if path.suffix == ".py" and path.stat().st_size}
        files -= {path for path in files if is_only_described(path)}
    deps = dependencies(stage)
    missing = sorted(str(path.relative_to(ROOT)) for path in files if not covered(path, deps))
    code = [dep for dep in deps if dep.startswith(("src", "stages"))]
    idle = [dep for dep in code if not any(covered(path, [dep]) for path in files)]
    assert (missing, idle) == ([], [])


@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_runs_where_it_is_called_and_not_where_it_is_imported(stage: str) -> None:
    description, *body = ast.parse((ROOT / "stages" / f"{stage}.py").read_text()).body
    assert isinstance(description, ast.Expr)
    only_said = (ast.Import, ast.ImportFrom, ast.FunctionDef)
    others = [ast.unparse(node) for node in body if not isinstance(node, only_said)]
    assert others == ["if __name__ == '__main__':\n    main()"]


def test_a_missing_dependency_is_found() -> None:
    deps = [dep for dep in dependencies("train") if dep != "src/canting/models/train"]
    assert any(not covered(path, deps) for path in imports_of(ROOT / "stages" / "train.py"))


@pytest.mark.parametrize("stage", NAMES)
def test_every_parameter_that_a_stage_uses_is_declared(stage: str) -> None:
    fields = {name: field.alias or name for name, field in Params.model_fields.items()}
    text = "\n".join(
        path.read_text()
        for path in imports_of(ROOT / "stages" / f"{stage}.py")
        if path.name != "params.py"
    )
    used = {fields[name] for name in re.findall(r"\bparams\.(\w+)", text) if name in fields}
    if re.search(r"\bparams\.(scenarios|trunks)\(", text):
        used |= {"backbone", "fine_tune_from"}
    if "params.scenarios(" in text:
        used |= set(Scenario.model_fields)
    named = STAGES[stage].get("params", [])
    declared = {name.partition(".")[0] for name in named}
    for section in {name.partition(".")[0] for name in named if "." in name}:
        keys = set(re.findall(rf"\bparams\.{section}\b(?:\.\w+)?", text))
        keys = {f"params.{key}" for one in keys for key in READ.get(one, (one[7:],))}
        assert keys == {f"params.{name}" for name in named if name.startswith(f"{section}.")}
    assert declared >= used or "params.yaml" in dependencies(stage)
    assert declared <= set(fields.values())


READ = {"params.compute.chosen": ("compute.device", "compute.precision")}
"""Methods that stand for the keys that they read."""


def test_outputs_are_read_by_a_stage_or_a_person() -> None:
    read = {dep for stage in NAMES for dep in dependencies(stage)}
    for stage in NAMES:
        outs = STAGES[stage].get("outs", [])
        names = [out if isinstance(out, str) else next(iter(out)) for out in outs]
        for name in names:
            assert name in read or name.startswith("results/") or name in FOR_PEOPLE, name


FOR_PEOPLE = {
    "build/export",
    "build/bento/made_of.json",
    "build/tracked.json",
}
"""Outputs that are looked at or shipped."""
