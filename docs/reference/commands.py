"""The page of all commands, from what each says of itself."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from canting.cli import main
from docs.reference.table import code, table

WIDTH = 90


def page() -> str:
    """Return what every command is for, and its help, as Markdown."""
    with _width():
        found = list(_commands(main.parser()))
        listed = table(
            ("command", "does"),
            [(f"[{code(name)}](#{_anchor(name)})", told) for name, told, _ in found],
        )
        return "\n\n".join([listed, *(_help(name, parser) for name, _, parser in found)])


def _commands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told: dict[str, Any] = {one.dest: one.help or "" for one in action._choices_actions}
            for name, command in sorted(action.choices.items()):
                yield f"{parser.prog} {name}", told.get(name, ""), command
                yield from _commands(command)


def _help(name: str, parser: argparse.ArgumentParser) -> str:
    return f"## {name}\n\n```text\n{parser.format_help().rstrip()}\n```"


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


@contextmanager
def _width() -> Iterator[None]:
    """Let help be as wide on every machine."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH)
    try:
        yield
    finally:
        os.environ.pop("COLUMNS") if before is None else os.environ.update(COLUMNS=before)
