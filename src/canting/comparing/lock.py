"""What `dvc.lock` notes of a run's outputs."""

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from canting.comparing.source import Source
from canting.core.errors import CantingError


def digests(source: Source) -> dict[str, str]:
    """Return the MD5 of every file that a stage of a run wrote, by its path."""
    stages = mapping(source, "dvc.lock").get("stages")
    outs = [
        out
        for stage in (stages.values() if isinstance(stages, dict) else ())
        if isinstance(stage, dict)
        for out in stage.get("outs", ())
    ]
    return {str(out.get("path")): md5 for out in outs if (md5 := _md5(out))}


def mapping(source: Source, path: str) -> dict[str, Any]:
    """Return what a YAML file of a run holds; nothing where it is not there.

    Repeated parts (aliases) are refused: a few lines of them can stand for gigabytes.
    """
    content = source.read(path)
    if content is None:
        return {}
    try:
        found = _parsed(content.decode("utf-8"))
    except (YAMLError, ValueError, RecursionError) as error:
        raise damaged(source, path, error) from None
    return found if isinstance(found, dict) else {}


def damaged(source: Source, path: str, error: Exception) -> CantingError:
    """Return the error for a file of a run that cannot be understood."""
    told = " ".join(f"{type(error).__name__} {error}".split())[:200]
    return CantingError(
        f"`{path}` of `{source.name}`: expected what a stage writes. Received: {told}. "
        "Run `dvc repro` there, or name another run."
    )


def _parsed(text: str) -> Any:
    if any(isinstance(one, AliasEvent) for one in YAML(typ="safe", pure=True).parse(text)):
        raise ValueError("it has aliases")
    return YAML(typ="safe", pure=True).load(text)


def _md5(out: Any) -> str | None:
    md5 = out.get("md5") if isinstance(out, dict) else None
    return md5 if isinstance(md5, str) and re.fullmatch("[0-9a-f]{32}", md5) else None
