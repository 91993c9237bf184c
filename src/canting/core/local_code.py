"""Modules of the user's, in the project's folder: their files, and a digest of what they import."""

import ast
from collections.abc import Iterator
from functools import partial
from importlib.util import resolve_name
from pathlib import Path

from canting.core import files
from canting.core.closure import closure, module_files


def files_of(module: str, folder: Path) -> dict[str, Path]:
    """Return the files below `folder` that importing a module runs, by their paths in it.

    Imports inside functions and relative ones are followed; what lies elsewhere is left out.
    """
    found = closure(module_files(module, folder), folder, partial(_imports, folder)).files
    return {path.relative_to(folder).as_posix(): path for path in sorted(found)}


def digest(module: str, folder: Path) -> str:
    """Return a digest of the source of a module and of all that it imports below `folder`."""
    found = files_of(module, folder)
    return files.digest({name: files.sha256(path) for name, path in found.items()})


def _imports(folder: Path, path: Path) -> Iterator[str]:
    package = ".".join(path.relative_to(folder).parent.parts)
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:  # importing it says so, with the line
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            base = resolve_name(relative, package) if node.level and package else relative
            yield from (f"{base}.{alias.name}" for alias in node.names)
