"""Build the wheel and the source distribution of what git tracks, and check both.

usage: dist.py [FOLDER]

No network is asked: the packages that build and check are installed.
"""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
BESIDE = {"CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"}
"""What the source distribution holds beside `src`."""
MADE = ("PKG-INFO", "setup.cfg")
"""Files that the build adds to it, and those in a folder that ends in `.egg-info`."""


def build(folder: Path) -> tuple[Path, Path]:
    """Build both into a folder that holds nothing else afterwards; return wheel and source."""
    shutil.rmtree(folder, ignore_errors=True)
    command = (
        "uv",
        "build",
        "--quiet",
        "--offline",
        "--no-build-isolation",
        "--no-create-gitignore",
    )
    subprocess.run([*command, "--out-dir", str(folder), str(ROOT)], check=True)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


def check(wheel: Path, source: Path) -> None:
    """Check how both are described, and the layout of the wheel."""
    subprocess.run(
        ["twine", "--no-color", "check", "--strict", str(wheel), str(source)], check=True
    )
    subprocess.run(["check-wheel-contents", str(wheel)], check=True)


def differences(wheel: Path, source: Path) -> list[str]:
    """Return where the files of either are not those that git tracks, one line each."""
    listed = subprocess.run(
        ["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tracked = set(listed.stdout.split("\n")) - {""}
    with zipfile.ZipFile(wheel) as file:
        packed = {f"src/{name}" for name in file.namelist() if ".dist-info/" not in name}
    with tarfile.open(source) as archive:
        names = (one.name.partition("/")[2] for one in archive.getmembers() if one.isfile())
        held = {name for name in names if name not in MADE and ".egg-info/" not in name}
    return [
        *_apart(wheel.name, tracked, packed),
        *_apart(source.name, tracked | BESIDE, held),
    ]


def _apart(name: str, expected: Iterable[str], received: Iterable[str]) -> list[str]:
    wanted, found = set(expected), set(received)
    missing = [f"{name} lacks {path}" for path in sorted(wanted - found)]
    return missing + [f"{name} has {path}, which git does not" for path in sorted(found - wanted)]


def main(folder: Path) -> None:
    """Build and check; end with 1 where something is wrong."""
    wheel, source = build(folder)
    check(wheel, source)
    wrong = differences(wheel, source)
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, with every file that git tracks")


if __name__ == "__main__":
    main(Path(*sys.argv[1:]) if sys.argv[1:] else ROOT / "build" / "dist")
