"""The processes that decode uploaded pictures, and their refusals."""

import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import canting
from canting.config import formats
from canting.imaging.pictures import Pixels
from canting.serving.service.decoding.decoder import DecodingLimits
from canting.serving.service.errors import Refusal, busy
from canting.serving.service.settings import Settings

STATUS = {
    "empty_file": 400,
    "too_many_pixels": 413,
    "unsupported_format": 415,
    "corrupt_image": 422,
    "too_small": 422,
    "extreme_aspect": 422,
    "decoding_timeout": 422,
}
"""Of each refusal of a picture."""

MOST = 4
"""Processes: each takes 48 MB even where it waits, of which 21 are its own."""

STALLED = 60
"""Seconds of the clock after which a process that neither reads nor writes is ended: it was
stopped, or waits for the disk. One at work has the seconds of a processor of `decode_timeout`."""

PASSED = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""Environment variables that a decoder gets: no address and no password of the service."""


class Decoded(NamedTuple):
    """A picture as the model sees it, as it is kept (JPEG), and its (width, height)."""

    pixels: Pixels
    kept: bytes
    size: tuple[int, int]
    animated: bool
    warnings: tuple[str, ...]


TRIES = 2
"""A decoder may have died while it waited, which is no fault of the picture."""


class Decoders:
    """Decodes in processes of its own, from many threads at once.

    One that dies, of a limit or of a fault in a library, is replaced, and its picture refused if
    it ends another one too.
    """

    def __init__(self, settings: Settings) -> None:
        """Start the processes."""
        self._limits = DecodingLimits(
            settings.max_pixels,
            settings.max_picture_bytes,
            settings.min_side,
            settings.max_aspect,
            settings.decode_timeout,
        )
        self._max_bytes = settings.max_upload_bytes
        self._memory = _Memory(max(settings.max_decoding_bytes, settings.max_picture_bytes))
        self._free: queue.Queue[_Decoder] = queue.Queue()
        self._all: weakref.WeakSet[_Decoder] = weakref.WeakSet()
        self._is_closed = False
        for _ in range(min(MOST, settings.concurrency + 2)):
            self._free.put(self._started())

    def decode(self, content: bytes, shape: tuple[int, int]) -> Decoded:
        """Return the picture for a model that sees (height, width); raise `Refusal`."""
        if not content:
            raise self._refusal("empty_file")
        decoder = self._free.get()
        try:
            is_late, tries = False, TRIES
            while tries and not is_late:
                try:
                    return self._decoded(decoder, content, shape)
                except (EOFError, OSError, ValueError) as error:
                    is_late = decoder.end() or isinstance(error, BlockingIOError)
                    tries = 0 if self._is_closed else tries - 1
                    decoder = decoder if self._is_closed else self._started()
            raise self._refusal("decoding_timeout" if is_late else "corrupt_image")
        finally:
            self._free.put(decoder)

    def close(self) -> None:
        """End the processes, also those at work: nobody waits for them any more."""
        self._is_closed = True
        for one in list(self._all):
            one.kill()

    def _started(self) -> "_Decoder":
        one = _Decoder(self._limits)
        self._all.add(one)
        return one

    def _decoded(self, decoder: "_Decoder", content: bytes, shape: tuple[int, int]) -> Decoded:
        decoder.send(json.dumps(shape).encode())
        decoder.send(content)
        with self._memory.hold(self._word(decoder)["bytes"]) as is_held:
            decoder.send(b"go" if is_held else b"")
            if not is_held:
                raise busy("Too many large pictures at once. Try again in a moment.", status=503)
            word = self._word(decoder)
            pixels = decoder.receive(shape[0] * shape[1] * 3)
            kept = decoder.receive(self._max_bytes)
        array = np.frombuffer(pixels, np.uint8).reshape(*shape, 3)
        size, warnings = (word["size"][0], word["size"][1]), tuple(word["warnings"])
        return Decoded(array, kept, size, word["animated"], warnings)

    def _word(self, decoder: "_Decoder") -> dict[str, Any]:
        word: dict[str, Any] = json.loads(decoder.receive(1000))
        if "code" in word:
            raise self._refusal(word["code"])
        return word

    def _refusal(self, code: str) -> Refusal:
        return Refusal(STATUS[code], code, self._message(code))

    def _message(self, code: str) -> str:
        limits = self._limits
        return {
            "empty_file": "The file is empty.",
            "too_many_pixels": "The picture has too many pixels. Send it smaller, or as JPEG.",
            "unsupported_format": f"Send a picture as {formats.offered()}.",
            "corrupt_image": "The picture is damaged or cut off.",
            "too_small": f"Send a picture of at least {limits.min_side} pixels on each side.",
            "extreme_aspect": f"One side is over {limits.max_aspect:g} times the other. "
            "Crop the picture.",
            "decoding_timeout": f"The picture took over {limits.seconds:g} seconds to decode.",
        }[code]


class _Decoder:
    """One process and the socket to it."""

    def __init__(self, limits: DecodingLimits) -> None:
        ours, its = socket.socketpair()
        for one in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, one, struct.pack("ll", STALLED, 0))
        command = [sys.executable, "-m", "canting.serving.service.decoding.decoder"]
        with its:
            self._process = subprocess.Popen(
                [*command, str(its.fileno()), json.dumps(limits)],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
            )
        self._socket = Connection(ours.detach())
        weakref.finalize(self, self._process.kill)

    def send(self, content: bytes) -> None:
        self._socket.send_bytes(content)

    def receive(self, most: int) -> bytes:
        return self._socket.recv_bytes(most)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> bool:
        """End the process; return whether it had run out of time."""
        self._socket.close()
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return code == -signal.SIGPROF


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    # Else glibc keeps the memory of a large picture after it was decoded, and takes addresses,
    # which are limited, for each thread of a decoder.
    freed = {"MALLOC_MMAP_THRESHOLD_": str(2**20), "MALLOC_ARENA_MAX": "1"}
    return {**passed, **freed, "PYTHONPATH": str(Path(canting.__file__).parents[1])}


class _Memory:
    """Bytes that may be taken by decoding at once; who needs more waits."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, count: int) -> Iterator[bool]:
        """Yield whether there was room in the seconds of `PATIENCE`."""
        with self._changed:
            is_held = self._changed.wait_for(lambda: self._left >= count, PATIENCE)
            self._left -= count if is_held else 0
        try:
            yield is_held
        finally:
            with self._changed:
                self._left += count if is_held else 0
                self._changed.notify_all()


PATIENCE = 30.0
"""Seconds that a picture waits for memory."""
