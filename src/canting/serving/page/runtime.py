"""LiteRT.js, which runs the model in a browser: the files of its npm package that a page needs."""

from importlib.metadata import distribution
from pathlib import Path

from canting.core.errors import CantingError

FOLDER = Path("web") / "node_modules"
"""Where `make page` installs it, below the project."""

_CORE, _HELPER = "@litertjs/core", "@litertjs/wasm-utils"

_FILES = {
    f"{_CORE}/dist/index.js": "litert/index.js",
    f"{_HELPER}/dist/index.js": "litert/wasm-utils.js",
    f"{_CORE}/wasm/litert_wasm_compat_internal.js": "litert/litert_wasm_compat_internal.js",
    f"{_CORE}/wasm/litert_wasm_compat_internal.wasm": "litert/litert_wasm_compat_internal.wasm",
    f"{_CORE}/package.json": "litert/package.json",
}
"""Name in the packages, name in the page.

Of the builds this one runs in every current browser: another needs relaxed SIMD, which Safari
lacks, one threads, which GitHub Pages does not allow (cross-origin isolation).
"""


def files(folder: Path) -> dict[str, bytes]:
    """Return the contents by their names in the page; raise `CantingError` where they are absent.

    `folder` is a `node_modules`. The licence is in LiteRT's package for Python alone.
    """
    absent = [name for name in _FILES if not (folder / name).is_file()]
    if absent:
        raise CantingError(
            f"`{folder}`: expected LiteRT.js, which runs the model in the browser. Received: no "
            f"`{absent[0]}`. Install it: `make page`, which also builds the page."
        )
    found = {page: (folder / name).read_bytes() for name, page in _FILES.items()}
    found["litert/index.js"] = _for_browsers(found["litert/index.js"])
    licence = distribution("ai-edge-litert").read_text("licenses/LICENSE")
    return {**found, "litert/LICENSE": (licence or "Apache-2.0").encode()}


def _for_browsers(script: bytes) -> bytes:
    """Return a module that names its helper by an address: browsers know no package names.

    The maps of the sources are not in the page.
    """
    code, *_ = script.partition(b"//# sourceMappingURL=")
    return code.replace(f'"{_HELPER}"'.encode(), b'"./wasm-utils.js"')
