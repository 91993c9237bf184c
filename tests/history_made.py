"""Answers and pictures to keep."""

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from canting.imaging.pictures import jpeg
from canting.serving.service.history import NewEntry

MODEL = "5e" * 32


def new(**changes: Any) -> NewEntry:
    found = NewEntry(
        name="kain.jpg",
        label="kawung",
        probability=0.75,
        probabilities={"parang": 0.05, "kawung": 0.75, "mega mendung": 0.2},
        abstained=False,
        reason="",
        distance=0.5,
        model=MODEL,
        width=640,
        height=480,
        source="api",
    )
    return found._replace(**changes)


def picture(width: int = 64, height: int = 48, seed: int = 0) -> bytes:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return jpeg(Image.fromarray(values), max(width, height))


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def stored(folder: Path) -> list[str]:
    """List the pictures of a folder by their entry's id."""
    return sorted(path.stem for path in folder.glob("*/*.jpg"))


def python(code: str, *arguments: str, begin: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """Start another process with `new` and `picture` at hand."""
    at_hand = "import os, signal, sys\nfrom tests.history_made import new, picture\n"
    at_hand += "from canting.serving.service.history import *\n"
    return subprocess.Popen(
        [*begin, sys.executable, "-W", "error", "-c", at_hand + code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
