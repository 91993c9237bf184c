"""Install the wheel of build/dist without an extra, and use it as a program does.

usage: small.py [BUNDLE]

The packages come by the hashes of the lock. Checked are the three lines of docs/python.md and their
types, `canting predict`, that nothing of an extra is installed, and that every other command works
or names the extra that it needs.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from canting.cli.main import parser
from canting.serving.package.requirements import needed

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
HEAVY = {"bentoml", "dvc", "great-expectations", "jinja2", "keras", "mlflow", "pandas", "ray"}
PROGRAM = re.compile(r"```python\n(.+?)```", re.DOTALL)
"""The three lines, on their page."""
MORE = """\
reveal_type(answer)
print(answer.label, round(answer.probability, 3), answer.abstained)
"""


def run(folder: Path, *command: str, **names: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, without what this process knows of the project."""
    left = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    here = {**left, "VIRTUAL_ENV": str(folder / "venv"), **names}
    return subprocess.run(
        command, cwd=folder, env=here, capture_output=True, text=True, timeout=300, check=False
    )


def expect(condition: object, words: str) -> None:
    """End where a condition does not hold."""
    if not condition:
        sys.exit(f"small: {words}")


def install(folder: Path, requirements: list[str], *wheel: Path) -> None:
    """Install pinned packages with their hashes, and then a wheel that needs no others."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    (folder / "pins.txt").write_text(needed(lock, requirements), encoding="utf-8")
    pinned = ("uv", "pip", "install", "--require-hashes", "--requirement", "pins.txt")
    own = [("uv", "pip", "install", "--offline", str(path)) for path in wheel]
    for command in (pinned, *own):
        told = run(folder, *command)
        expect(told.returncode == 0, told.stderr)


def names(requirements: list[str]) -> set[str]:
    """Return the names of the packages that requirements name."""
    return {canonicalize_name(Requirement(one).name) for one in requirements}


def check_size(folder: Path) -> None:
    """Check that nothing is installed that only an extra needs, and say how much is."""
    place = next((folder / "venv").glob("lib/python*/site-packages"))
    there = {canonicalize_name(one.name) for one in metadata.distributions(path=[str(place)])}
    pinned = {
        line.split("==")[0]
        for line in (folder / "pins.txt").read_text().splitlines()
        if "==" in line
    }
    heavy = set().union(*map(names, EXTRAS.values())) - pinned
    expect(heavy > HEAVY, f"no extra names {', '.join(HEAVY - heavy)}")
    expect(not heavy & there, f"{', '.join(sorted(heavy & there))} is installed")
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    print(f"small: {len(there)} packages, {size / 1e6:.0f} MB")


def check_program(folder: Path, bundle: Path) -> None:
    """Run the three lines, let mypy check them, and predict the same picture."""
    picture = next(bundle.glob("samples/*/*.jpg"))
    (lines,) = PROGRAM.findall((ROOT / "docs" / "python.md").read_text(encoding="utf-8"))
    lines = lines.replace("build/best", str(bundle)).replace("picture.jpg", str(picture))
    (folder / "program.py").write_text(lines + MORE.partition("\n")[2], encoding="utf-8")
    (folder / "typed.py").write_text(lines + MORE, encoding="utf-8")
    told = run(folder, "venv/bin/python", "-W", "error", "program.py")
    expect(told.returncode == 0 and not told.stderr, told.stderr)
    label = picture.parent.name
    expect(told.stdout.split()[0] == label, f"expected {label}. Received: {told.stdout}")
    typed = run(
        folder, *(sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull),
        *("--python-executable", "venv/bin/python", "typed.py"),
    )  # fmt: skip
    revealed = "tuple[str, float, dict[str, float], bool, str, float," in typed.stdout
    expect(typed.returncode == 0 and revealed, typed.stdout)
    told = run(folder, "venv/bin/canting", "predict", "--bundle", str(bundle), str(picture))
    expect(f"{picture},{label}," in told.stdout and told.returncode == 0, told.stderr)
    print(f"small: answered {label}, with types")


def commands(found: argparse.ArgumentParser, *before: str) -> Iterator[list[str]]:
    """Yield every command with what it has to be given."""
    for action in found._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                asked = [one for one in inner._actions if one.required]
                deeper = any(isinstance(one, argparse._SubParsersAction) for one in asked)
                if deeper:
                    yield from commands(inner, *before, name)
                else:
                    given = (word for one in asked for word in words_of(one))
                    yield [*before, name, *given]


def words_of(asked: argparse.Action) -> list[str]:
    """Return an argument that has to be given, with its first choice or an `x`."""
    return [*asked.option_strings[:1], str(next(iter(asked.choices or ["x"])))]


def check_commands(folder: Path, bundle: Path) -> None:
    """Check that each command works, or says in one line what is wrong or which extra it needs."""
    for name in ("dvc.yaml", "params.yaml"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    named = 0
    for words in commands(parser()):
        more = {"serve": ["--bundle", str(bundle)], "predict": ["--bundle", str(bundle)]}
        told = run(folder, "venv/bin/canting", *words, *more.get(words[0], []))
        said = f"canting {' '.join(words)}: {told.returncode}, {told.stderr or told.stdout}"
        expect("Traceback" not in said, said)
        expect(told.returncode == 0 or len(told.stderr.splitlines()) == 1, said)
        found = re.search(r"without `([\w.]+)`.*pip install 'canting\[([\w,]+)\]'", told.stderr)
        named += bool(found)
        if found:
            owners = {canonicalize_name(one) for one in metadata.packages_distributions()[found[1]]}
            asked = set().union(*(names(EXTRAS[extra]) for extra in found[2].split(",")))
            expect(owners & asked, f"{said}: the extra does not bring it")
    expect(named > 10, f"expected most commands to name an extra. Received: {named}")
    print(f"small: {named} commands name the extra that they need")


def check_hub(folder: Path) -> None:
    """Check that the extra `hub` is all that `pull` and `push` need."""
    install(folder, [*PROJECT["dependencies"], *EXTRAS["hub"]])
    told = run(folder, "venv/bin/canting", "pull", "hf:owner/name", HF_HUB_OFFLINE="1")
    expect("HF_HUB_OFFLINE" in told.stderr and told.returncode == 1, told.stderr)
    print("small: with the extra `hub`, `canting pull` asks the Hub")


def main(bundle: Path) -> None:
    """Do all of it in a folder of its own."""
    (wheel,) = (ROOT / "build" / "dist").glob("*.whl")
    with tempfile.TemporaryDirectory(prefix="canting-") as name:
        folder = Path(name)
        made = run(folder, "uv", "venv", "--python", sys.executable, "venv")
        expect(made.returncode == 0, made.stderr)
        install(folder, PROJECT["dependencies"], wheel)
        check_size(folder)
        check_program(folder, bundle.resolve())
        check_commands(folder, bundle.resolve())
        check_hub(folder)


if __name__ == "__main__":
    main(Path(*sys.argv[1:]) if sys.argv[1:] else ROOT / "build" / "best")
