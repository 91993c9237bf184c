"""The wings of `src/canting`: each imports from those before it, and nothing goes in a circle."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from canting.core.closure import SOURCE, imported

WINGS = (
    "core",
    "config",
    "imaging",
    "painter",
    "data",
    "bundle",
    "models",
    "evaluation",
    "documents",
    "runs",
    "serving",
    "cli",
)
STARTED = (
    "canting.cli.main",
    "canting.runs.pull_request.__main__",
    "canting.runs.tracking.worker",
    "canting.serving.service.service",
)
"""Modules that nothing imports: a command or a framework starts them."""

MIGRATIONS = "canting.serving.service.history.migrations"
MOST_ENTRIES, MOST_LINES = 14, 300

Graph = dict[str, set[str]]


def modules(source: Path) -> dict[str, Path]:
    """Return all modules by name; a package is its `__init__.py`."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def module_of(name: str, known: Iterable[str]) -> str | None:
    """Return the module that an imported name is, or is part of."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def graph(source: Path) -> Graph:
    """Return what each module imports of the project, inside functions too."""
    known = modules(source)
    return {
        name: {one for text in imported(path) if (one := module_of(text, known))} - {name}
        for name, path in known.items()
    }


def circle(imports: Graph) -> list[str]:
    """Return the names of one circle, none where there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def packages(imports: Graph) -> Graph:
    """Return what each package or module directly inside a wing imports of its wing's others."""
    found: Graph = {}
    for name, targets in imports.items():
        for target in targets:
            one, other = name.split(".")[:3], target.split(".")[:3]
            if len(one) == len(other) == 3 and one[:2] == other[:2] and one != other:
                found.setdefault(".".join(one), set()).add(".".join(other))
    return found


def upward(imports: Graph) -> list[str]:
    """Return the imports of a wing from a later one."""
    return [
        f"{name} imports {target}"
        for name, targets in imports.items()
        for target in sorted(targets)
        if name.count(".") and target.count(".")
        if WINGS.index(target.split(".")[1]) > WINGS.index(name.split(".")[1])
    ]


def doubled(source: Path) -> list[str]:
    """Return the names of public classes that are defined more than once."""
    names = Counter(name for path in modules(source).values() for name in _classes(path))
    return sorted(name for name, count in names.items() if count > 1)


def _classes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def unused(source: Path, scripts: Iterable[Path]) -> list[str]:
    """Return the modules that neither another one nor a script imports."""
    known = modules(source)
    used = {target for targets in graph(source).values() for target in targets}
    used |= {one for path in scripts for text in imported(path) if (one := module_of(text, known))}
    names = [name for name, path in known.items() if path.name != "__init__.py"]
    return [name for name in names if name not in used]


def test_the_wings_are_there_and_nothing_else() -> None:
    top = [path for path in (SOURCE / "canting").iterdir() if not path.name.startswith("__")]
    folders = {path.name for path in top if path.is_dir()}
    assert folders == set(WINGS)
    assert len(top) <= MOST_ENTRIES


def test_no_wing_imports_from_a_later_one() -> None:
    assert upward(graph(SOURCE)) == []


def test_neither_files_nor_packages_import_in_a_circle() -> None:
    imports = graph(SOURCE)
    assert circle(imports) == []
    assert circle(packages(imports)) == []


def test_no_file_is_long() -> None:
    lengths = {
        str(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(SOURCE).values()
    }
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_a_class_name_means_one_thing() -> None:
    assert doubled(SOURCE) == []


def test_every_module_is_used() -> None:
    left = unused(SOURCE, (SOURCE.parent / "stages").glob("*.py"))
    assert [n for n in left if n not in STARTED and not n.startswith(MIGRATIONS)] == []


def made(source: Path, files: dict[str, str]) -> Path:
    """Write modules of a small project."""
    for name, text in files.items():
        path = source / "canting" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return source


def test_an_upward_import_inside_a_function_is_found(tmp_path: Path) -> None:
    late = "def work() -> None:\n    from canting.cli import main\n\n    main.run()\n"
    source = made(tmp_path, {"core/a.py": late, "cli/main.py": ""})
    assert upward(graph(source)) == ["canting.core.a imports canting.cli.main"]


def test_an_upward_import_for_types_only_is_found(tmp_path: Path) -> None:
    typed = "import typing\n\nif typing.TYPE_CHECKING:\n    from canting.cli.main import X\n"
    source = made(tmp_path, {"core/a.py": typed, "cli/main.py": "class X: ...\n"})
    assert upward(graph(source)) == ["canting.core.a imports canting.cli.main"]


def test_a_circle_of_files_is_found(tmp_path: Path) -> None:
    files = {
        "core/a.py": "from canting.core import b\n",
        "core/b.py": "def f() -> None:\n    import canting.core.a\n",
    }
    assert set(circle(graph(made(tmp_path, files)))) == {"canting.core.a", "canting.core.b"}


def test_a_circle_of_packages_without_one_of_files_is_found(tmp_path: Path) -> None:
    files = {
        "data/one/a.py": "from canting.data.two import a\n",
        "data/one/b.py": "",
        "data/two/a.py": "",
        "data/two/b.py": "from canting.data.one import b\n",
    }
    imports = graph(made(tmp_path, files))
    assert circle(imports) == []
    assert set(circle(packages(imports))) == {"canting.data.one", "canting.data.two"}


def test_a_doubled_class_and_an_unused_module_are_found(tmp_path: Path) -> None:
    source = made(tmp_path, {"core/a.py": "class A: ...\n", "data/a.py": "class A: ...\n"})
    script = tmp_path / "script.py"
    script.write_text("from canting.core.a import A\n", encoding="utf-8")
    assert doubled(source / "canting") == ["A"]
    made_of = tmp_path / "other"
    made(made_of, {"core/a.py": "", "data/a.py": ""})
    assert unused(made_of, [script]) == ["canting.data.a"]
