"""Which files of the project a module comes to import, read from their source."""

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[2]
"""The folder that holds the package `canting`."""

Imports = Callable[[Path], Iterable[str]]
"""Takes a file; returns the names, with dots, of what it imports and of what it takes from it."""


class Closure(NamedTuple):
    """Files of the project, and the names at the top of all other packages that they import."""

    files: frozenset[Path]
    others: frozenset[str]


def closure(start: Iterable[Path], source: Path, imports: Imports) -> Closure:
    """Follow the imports of some files below `source`, those inside functions too.

    The files are part of it.
    """
    found: set[Path] = set()
    others: set[str] = set()
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in imports(path):
            ours = module_files(name, source)
            waiting.extend(ours)
            if not ours:
                others.add(name.split(".")[0])
    return Closure(frozenset(found), frozenset(others))


@cache
def module_files(name: str, source: Path) -> tuple[Path, ...]:
    """Return the files that importing a name of the project runs, its packages' first."""
    parts = name.split(".")
    places = [source.joinpath(*parts[:end]) for end in range(1, len(parts) + 1)]
    paths = (path for place in places for path in (place / "__init__.py", place.with_suffix(".py")))
    return tuple(path for path in paths if path.is_file())


def imported(path: Path) -> list[str]:
    """Return all that a file imports."""
    return [name for names in _read(path).imports.values() for name in names]


def computed_with(path: Path) -> list[str]:
    """Return what a file imports for more than annotations: those change nothing that it computes.

    The fields of a class count, as pydantic checks values by them; those of a `NamedTuple` do not.
    """
    used = _read(path)
    computing = used.imports.keys() - (used.annotations - used.code)
    return [name for binding in computing for name in used.imports[binding]]


def is_only_described(path: Path) -> bool:
    """Tell whether a file computes nothing: a docstring, and names handed on by `__getattr__`."""
    return _read(path).is_only_described


def _read(path: Path) -> "_Names":
    return _names(path.read_text(encoding="utf-8"))


@cache
def _names(text: str) -> "_Names":
    tree, found = ast.parse(text), _Names()
    found.visit(tree)
    found.is_only_described = all(map(_computes_nothing, tree.body))
    return found


def _computes_nothing(node: ast.stmt) -> bool:
    """Tell a docstring, and the function by which a module hands on names of others (PEP 562)."""
    return isinstance(node, ast.Expr) or (
        isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
    )


class _Names(ast.NodeVisitor):
    """The names that a file uses in annotations and elsewhere, and imports by the name they get."""

    def __init__(self) -> None:
        self.code: set[str] = set()
        self.annotations: set[str] = set()
        self.imports: dict[str, list[str]] = {}
        self.is_only_described = False
        self._fields_count = False

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.split(".")[0], alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name, f"{node.module}.{alias.name}")

    def _bind(self, binding: str, name: str) -> None:
        self.imports.setdefault(binding, []).append(name)

    def visit_Name(self, node: ast.Name) -> None:
        self.code.add(node.id)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        before = self._fields_count
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        self._fields_count = "NamedTuple" not in bases
        self.generic_visit(node)
        self._fields_count = before

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        before, self._fields_count = self._fields_count, False
        self._annotate(node.returns)
        for child in ast.iter_child_nodes(node):
            if child is not node.returns:
                self.visit(child)
        self._fields_count = before

    def visit_arg(self, node: ast.arg) -> None:
        self._annotate(node.annotation)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self._fields_count:
            self.visit(node.annotation)
        self._annotate(node.annotation)
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def _annotate(self, node: ast.expr | None) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        for one in ast.walk(node) if node is not None else ():
            if isinstance(one, ast.Name):
                self.annotations.add(one.id)
