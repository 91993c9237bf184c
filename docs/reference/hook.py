"""MkDocs hooks: insert generated parts and pictures of results while the documentation is built."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs.reference import catalog, commands, metrics, parameters, rest, settings

PLACE = re.compile(r"^<!-- made from the code: (\w+) -->$", re.MULTILINE)
"""Where a generated part goes."""

RESULTS = "results"
SHOWN = re.compile(rf"\]\(\.\./({RESULTS}/[\w/.-]+\.png)\)")
"""A picture of a result, by its place in the repository, so that the page is whole there too."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pictures of the results."""
    root = _root(config)
    for path in sorted((root / RESULTS).rglob("*.png")):
        name = path.relative_to(root).as_posix()
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, config: MkDocsConfig, **_: Any) -> str:
    """Put the generated parts in their places."""
    shown = SHOWN.sub(r"](\1)", markdown)
    return PLACE.sub(lambda place: PARTS[place[1]](_root(config)), shown)


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent


def _settings(_: Path) -> str:
    module = _service("settings")
    return settings.page(module.Settings, module.PREFIX) if module else MISSING


def _rest(_: Path) -> str:
    module = _service("rest.openapi")
    return rest.page(module.document()) if module else MISSING


def _service(name: str) -> Any:
    """Return a module of the service; none in a version of canting without it."""
    try:
        return import_module(f"canting.serving.service.{name}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("canting.serving.service"):
            return None
        raise


MISSING = "This version has no service."

PARTS: dict[str, Callable[[Path], str]] = {
    "catalog": lambda _: catalog.page(),
    "commands": lambda _: commands.page(),
    "metrics": lambda _: metrics.page(),
    "parameters": lambda root: parameters.page(root / "params.yaml"),
    "rest": _rest,
    "settings": _settings,
}
"""Name of a generated part, and what makes it in the repository at a path."""
