"""The modules of canting that the service can come to import."""

import ast
from collections.abc import Iterator
from pathlib import Path

SERVICE = "service"
"""Package that is shipped whole, with its templates, texts and migrations."""


def shipped(root: Path) -> list[Path]:
    """Return every file that serving needs, below the folder that holds `canting`."""
    whole = [path for path in (root / "canting" / SERVICE).rglob("*") if _ships(path)]
    found: set[Path] = set(whole)
    waiting = [path for path in whole if path.suffix == ".py"]
    while waiting:
        new = {one for name in _imported(waiting.pop()) for one in _files(root, name)} - found
        found |= new
        waiting += new
    return sorted(found)


def _ships(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(root: Path, name: str) -> list[Path]:
    """Return the files that importing a module of canting runs, its packages' first."""
    parts = name.split(".")
    if parts[0] != "canting":
        return []
    packages = [root.joinpath(*parts[:end], "__init__.py") for end in range(1, len(parts) + 1)]
    return [one for one in (*packages, root.joinpath(*parts).with_suffix(".py")) if one.is_file()]
