"""A process that decodes the pictures of strangers and knows nothing else.

It has a limit of memory and of time, after which the system ends it; the service starts another.
Run as `python -m canting.serving.service.decoding.decoder FD LIMITS`.
"""

import json
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from canting.config import formats
from canting.imaging import opening, pictures
from canting.imaging.pictures import Header, PictureError

KEPT_SIDE = 1024
"""Pixels of the longer side of the picture that is kept and shown."""

SLACK = 96 * 2**20
"""Bytes beside the pixels: the file, strips, the picture for the model and the kept one."""


class DecodingLimits(NamedTuple):
    """Limits of a picture."""

    max_pixels: int
    max_bytes: int
    min_side: int
    max_aspect: float
    seconds: float


def main(arguments: Sequence[str]) -> None:
    """Answer on a socket until the other side closes it."""
    for one in (signal.SIGTERM, signal.SIGINT):  # meant for the service, which still answers
        signal.signal(one, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # damaged metadata; standard error is the service's log
    _silence_libraries()
    limits = DecodingLimits(*json.loads(arguments[1]))
    for kind in formats.uploaded():  # before the limit: their libraries take memory once
        opening.register(kind)
    _limit_memory(limits.max_bytes + SLACK)
    with Connection(int(arguments[0])) as service:
        while True:
            try:
                height, width = json.loads(service.recv_bytes())
                content = service.recv_bytes()
            except EOFError:
                return
            _answer(service, content, (height, width), limits)


def _answer(
    service: Connection, content: bytes, shape: tuple[int, int], limits: DecodingLimits
) -> None:
    """Send what the picture will take, wait for the word to go on, and send what it is."""
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)
    try:
        read = pictures.header(content, taken(), limits.max_bytes)
        check(read, limits)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _send(service, {"bytes": read.bytes + len(content)})
        if not service.recv_bytes():
            return
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        picture = pictures.load(read)
        pixels = pictures.resize(picture.image, shape).tobytes()
        kept = pictures.jpeg(picture.image, KEPT_SIDE)
        word = {
            "size": picture.size,
            "animated": read.animated,
            "warnings": picture.warnings,
        }
        del read, picture  # the service counts their memory as free once it has the answer
    except PictureError as error:
        _send(service, {"code": error.code})
    else:
        _send(service, word)
        service.send_bytes(pixels)
        service.send_bytes(kept)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def check(read: Header, limits: DecodingLimits) -> None:
    """Raise `PictureError` for a picture that is too large, too small or too long."""
    width, height = read.size
    if width * height > limits.max_pixels:
        raise PictureError("too_many_pixels", f"{width} × {height}")
    if min(read.size) < limits.min_side:
        raise PictureError("too_small", f"{width} × {height}")
    if max(read.size) > limits.max_aspect * min(read.size):
        raise PictureError("extreme_aspect", f"{width} × {height}")


def _send(service: Connection, word: dict[str, Any]) -> None:
    service.send_bytes(json.dumps(word).encode())


def taken() -> tuple[str, ...]:
    """Return Pillow's names of the formats that the service takes."""
    return tuple(one.pillow for one in formats.uploaded())


def _silence_libraries() -> None:
    """Let Python alone write to standard error: libraries name there what is wrong in a picture."""
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8")
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)


def _limit_memory(more: int) -> None:
    """Let the process take so many bytes more than it has now; Linux only."""
    if sys.platform != "linux":
        return
    import resource

    statm = Path("/proc/self/statm").read_text(encoding="ascii")
    now = int(statm.split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
