"""A model as a page of files alone: it runs in the visitor's browser, without a server."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files as resources
from pathlib import Path
from typing import NamedTuple

from canting.bundle.classifier import Classifier
from canting.config.languages import DEFAULT, LANGUAGES
from canting.core.errors import CantingError
from canting.core.files import replacing
from canting.serving.page import html, model, runtime
from canting.serving.service.pages.static import FOLDER as SHARED

Contents = Mapping[str, bytes]

OWN = Path(str(resources("canting.serving.page") / "static"))
WORKER, MANIFEST = "sw.js", "manifest.webmanifest"
SCRIPTS = ("sources.js", "words.js")
"""Scripts of the service's pages that this page runs as well."""

PAGES = {code: f"{'index' if code == DEFAULT else code}.html" for code in LANGUAGES}
"""The page in each language."""


class Built(NamedTuple):
    """A page that was written: where, how many files, and their bytes in all."""

    folder: Path
    files: int
    bytes: int


def build(bundle: Path, folder: Path, node_modules: Path) -> Built:
    """Write the page of a bundle into a folder that is free or holds an earlier one.

    Raises `CantingError` where LiteRT.js or the bundle is absent, or the folder holds other files.
    """
    _check(folder)
    litert = runtime.files(node_modules)
    classifier = Classifier.load(bundle)
    samples = {f"samples/{place}.jpg": one for place, one in enumerate(classifier.samples, 1)}
    taken = model.files(classifier, (bundle / "model.tflite").read_bytes())
    inside = {**dict(_static()), **litert, **taken, **samples}
    version = _digest(inside)[:12]
    loaded = sum(map(len, (litert | taken).values()))
    pages = {
        name: html.page(code, classifier, version, list(samples), loaded, PAGES).encode()
        for code, name in PAGES.items()
    }
    outside = {**pages, MANIFEST: _manifest(version)}
    site = {**outside, **{f"{version}/{name}": content for name, content in inside.items()}}
    site[WORKER] = _worker(site)
    _write(folder, site)
    return Built(folder, len(site), sum(map(len, site.values())))


def _check(folder: Path) -> None:
    """Raise where a folder holds files that are not those of a page."""
    if folder.exists() and not (folder.is_dir() and _is_ours(folder)):
        raise CantingError(
            f"`{folder}`: expected a name that is free, an empty folder, or a page that was built "
            "before. Received: other files. Choose another name."
        )


def _is_ours(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir()}
    return not names or {WORKER, MANIFEST} <= names


def _static() -> Iterator[tuple[str, bytes]]:
    """Yield our files and those that the service's pages have as well."""
    for path in (
        *SHARED.glob("*.css"),
        *SHARED.glob("*.svg"),
        *(SHARED / name for name in SCRIPTS),
    ):
        yield path.name, path.read_bytes()
    for path in OWN.iterdir():
        if path.name != WORKER:
            yield path.name, path.read_bytes()


def _digest(contents: Contents) -> str:
    """Return a SHA-256 of names and contents."""
    each = {name: sha256(content).hexdigest() for name, content in contents.items()}
    return sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()


def _manifest(version: str) -> bytes:
    """Return what a browser needs to install the page as an application."""
    words = html.words(DEFAULT)
    icons = [
        {"src": f"{version}/icon-{side}.png", "sizes": f"{side}x{side}", "type": "image/png"}
        for side in (192, 512)
    ]
    told = {
        "name": words("site.name"),
        "short_name": words("site.name"),
        "description": words("site.description"),
        "lang": DEFAULT,
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "theme_color": html.CLOTH,
        "background_color": html.CLOTH,
        "icons": [{**one, "purpose": use} for one in icons for use in ("any", "maskable")],
    }
    return json.dumps(told, indent=2).encode()


def _worker(site: Contents) -> bytes:
    """Return the service worker, with the names of what it keeps and their digest above it."""
    names = ["./", *sorted(site)]
    head = f'const DIGEST = "{_digest(site)[:12]}";\nconst FILES = {json.dumps(names, indent=2)};\n'
    return head.encode() + (OWN / WORKER).read_bytes()


def _write(folder: Path, site: Contents) -> None:
    with replacing(folder) as aside:
        for name, content in site.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
