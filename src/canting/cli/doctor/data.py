"""The pictures and the ImageNet weights."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from canting.cli.doctor.finding import Finding, fine
from canting.config.catalog import BACKBONES, backbone_of
from canting.core.errors import CantingError
from canting.models.backbones.weight_files import FOLDER, filename, locate


def pictures(root: Path) -> Iterator[Finding]:
    """Tell whether `data/` holds the files that `data.dvc` lists."""
    if not (root / "data.dvc").is_file():
        return
    listed = YAML(typ="safe").load(root / "data.dvc")["outs"][0].get("nfiles", 0)
    there = sum(path.is_file() for path in (root / "data").rglob("*"))
    if there == listed:
        yield fine("data", f"`data/` has the {listed} files of `data.dvc`")
    elif there:
        told = (
            f"`data/` has {there} files, `data.dvc` names {listed}; take yours, or lose them for "
            "those (`dvc pull --force data.dvc`)"
        )
        yield Finding("data", "note", told, "dvc add data")
    elif without := _without(root):
        told = f"the pictures in `data/` are missing, and so is what DVC takes them from: {without}"
        yield Finding("data", "fix", told, "git checkout HEAD -- .dvc/config embedded")
    else:
        yield Finding("data", "fix", "the pictures in `data/` are missing", "dvc pull data.dvc")


def _without(root: Path) -> str:
    """Return what of `.dvc/config` and `embedded/` is not there, else nothing."""
    if not (root / ".dvc" / "config").is_file():
        return "`.dvc/config`"
    stores = [root / name / "files" / "md5" for name in ("embedded", ".dvc/cache")]
    if not any(store.is_dir() for store in stores):
        return "`embedded/`"
    whole = YAML(typ="safe").load(root / "data.dvc")["outs"][0]["md5"]
    listings = [path for path in _copies(stores, whole) if path.is_file()]
    if not listings:
        return f"the list of the pictures, `embedded/files/md5/{whole[:2]}/{whole[2:]}`"
    named = {entry["md5"] for entry in json.loads(listings[0].read_text(encoding="utf-8"))}
    gone = [one for one in named if not any(path.is_file() for path in _copies(stores, one))]
    return f"{len(gone)} of {len(named)} files in `embedded/`" if gone else ""


def _copies(stores: list[Path], md5: str) -> list[Path]:
    return [store / md5[:2] / md5[2:] for store in stores]


def weights(root: Path) -> Iterator[Finding]:
    """Tell which backbones run without a download, and what the chosen ones need."""
    ready = [name for name in BACKBONES if _is_here(name)]
    yield fine("weights", f"run without a download: {', '.join(ready)}")
    for backbone in _chosen(root):
        if backbone in BACKBONES and backbone not in ready:
            told = f"`backbone: {backbone}` has no weights here; Keras will download them"
            where = f"${FOLDER}/{filename(backbone)}"
            yield Finding("weights", "note", told, f"cp {filename(backbone)} {where}")


def _is_here(backbone: str) -> bool:
    try:
        return backbone_of(backbone).weights == "none" or locate(backbone) is not None
    except CantingError:
        return False


def _chosen(root: Path) -> list[str]:
    names = chosen(root, "backbone", [])
    return [str(name) for name in names] if isinstance(names, list) else [str(names)]


def chosen(root: Path, key: str, otherwise: Any) -> Any:
    """Return what `params.yaml` has under a key, as far as it can be read."""
    try:
        return YAML(typ="safe").load(root / "params.yaml")[key]
    except (OSError, YAMLError, KeyError, TypeError):
        return otherwise
