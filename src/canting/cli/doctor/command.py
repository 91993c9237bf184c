"""`canting doctor`: checks of the installation, each with its fix."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("doctor", help="look for what is broken, and say how to fix it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("subjects", nargs="*", help="only these, such as git and data")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from canting.cli.doctor import examination

    findings = examination.examine(Path(), arguments.subjects)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(one) for one in findings], indent=2))
    else:
        print(examination.as_text(findings))
    sys.exit(any(finding.level == "fix" for finding in findings))
