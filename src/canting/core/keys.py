"""A digest of the project's own code, for the keys of partial results."""

from pathlib import Path

from canting.core import files


def code_digest(*names: str) -> str:
    """Return a digest of the source of packages or modules below `canting`."""
    root = Path(__file__).parents[1]
    paths = [path for name in names for path in _modules(root / name)]
    return files.digest([(str(path.relative_to(root)), files.sha256(path)) for path in paths])


def _modules(path: Path) -> list[Path]:
    return sorted(path.glob("**/*.py")) if path.is_dir() else [path.with_suffix(".py")]
