"""The processes that decode for the service."""

import contextlib
import io
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from canting.imaging import pictures
from canting.serving.service.decoding.decoder import KEPT_SIDE
from canting.serving.service.decoding.decoders import MOST, Decoders
from canting.serving.service.errors import Refusal
from canting.serving.service.settings import Settings
from tests.conftest import slow
from tests.heic_grid import tiled
from tests.service_fixtures import encoded, saved

SHAPE = (64, 48)
MB = 10**6
NOISE = np.random.default_rng(5).integers(0, 256, (400, 600, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    made = Decoders(Settings())
    yield made
    made.close()


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "decoder" in " ".join(one.cmdline())]


QUICK: dict[str, dict[str, Any]] = {
    "JPEG": {},
    "PNG": {"compress_level": 1},
    "WEBP": {"method": 0},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_deflate"},
    "AVIF": {"speed": 10},
    "HEIF": {"quality": 0, "enc_params": {"preset": "ultrafast"}},
    "JXL": {"effort": 1},
}
"""Options of each kind with which a large picture is written in little time."""


FAST = ("JPEG", "PNG", "WEBP")
"""Kinds that every run of the tests takes."""


@pytest.mark.parametrize(
    "kind", [one for kind in QUICK for one in ([kind] if kind in FAST else slow(kind))]
)
def test_the_model_sees_what_it_sees_in_the_pipeline(decoders: Decoders, kind: str) -> None:
    noise = Image.fromarray(NOISE)
    noise = noise.quantize(method=Image.Quantize.FASTOCTREE) if kind == "GIF" else noise
    for image in (noise, noise.resize((2100, 2050), Image.Resampling.NEAREST)):
        content = saved(image, kind, **QUICK[kind])
        decoded = decoders.decode(content, SHAPE)
        assert np.array_equal(decoded.pixels, pictures.pixels(content, SHAPE))
        assert (decoded.size, decoded.animated) == (image.size, False)
        with Image.open(io.BytesIO(decoded.kept)) as kept:
            assert max(kept.size) == min(KEPT_SIDE, max(image.size))
            assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


LARGEST: dict[str, tuple[str, tuple[int, int], str, dict[str, Any]]] = {
    "16 bits": ("I;16", (7200, 7000), "PNG", {}),
    "colour": ("RGB", (5700, 5000), "PNG", {}),
    "alpha": ("RGBA", (5700, 5000), "PNG", {}),
    "palette": ("P", (7200, 7000), "PNG", {}),
    "webp": ("RGB", (2650, 2650), "WEBP", {"quality": 10}),
    "gif": ("P", (7200, 7000), "GIF", {}),
    "jpeg": ("RGB", (7200, 7000), "JPEG", {"quality": 5}),
    "progressive": ("RGB", (5500, 5000), "JPEG", {"quality": 5, "progressive": True}),
    "bmp": ("P", (3000, 3000), "BMP", {}),
    "tiff": ("RGB", (4500, 3600), "TIFF", {}),
    "float": ("F", (4000, 3550), "TIFF", {}),
    **{kind.lower(): ("RGB", (4032, 3024), kind, {}) for kind in ("AVIF", "HEIF", "JXL")},
}
"""Of each kind of picture the largest that is taken: mode, size, format and options.

Of those that phones write, 12 megapixels.
"""


@cache
def largest(name: str) -> bytes:
    """Return the largest picture of a kind: of one colour, so that it has few bytes."""
    if name == "tiles":
        return tiled(Image.fromarray(NOISE), (4032, 3024), quarters=3)
    mode, size, kind, options = LARGEST[name]
    return saved(Image.new(mode, size), kind, **QUICK[kind], **options)


def code_of(decoders: Decoders, content: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        decoders.decode(content, SHAPE)
    return caught.value.code


def test_a_picture_that_takes_too_long_is_ended_and_others_are_answered() -> None:
    made = Decoders(Settings(decode_timeout=0.15, concurrency=1))
    try:
        made.decode(encoded(), SHAPE)
        before = {one.pid for one in children()}
        assert code_of(made, largest("16 bits")) == "decoding_timeout"
        assert made.decode(encoded(), SHAPE).size == (96, 80)
        assert len({one.pid for one in children()} - before) == 1
    finally:
        made.close()


def test_a_decoder_that_died_while_it_waited_is_no_fault_of_a_picture(decoders: Decoders) -> None:
    for child in children():
        child.kill()
        while child.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    for _ in range(MOST):
        assert decoders.decode(encoded(), SHAPE).size == (96, 80)


@pytest.mark.slow
@pytest.mark.parametrize("content", [encoded(), bytes(10**7)])
def test_a_decoder_that_is_stopped_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr("canting.serving.service.decoding.decoders.STALLED", 1)
    before = {one.pid for one in children()}
    made = Decoders(Settings(concurrency=1))
    try:
        for child in children():
            if child.pid not in before:
                child.suspend()
        for _ in range(3):
            assert code_of(made, content) == "decoding_timeout"
        assert made.decode(encoded(), SHAPE).size == (96, 80)
    finally:
        made.close()


def test_closing_waits_for_no_decoder() -> None:
    before = {one.pid for one in children()}
    made = Decoders(Settings(concurrency=1))
    ours = [one for one in children() if one.pid not in before]
    for child in ours:
        child.suspend()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(made.decode, encoded(), SHAPE)
        time.sleep(0.2)
        made.close()
        with pytest.raises(Refusal):
            asked.result(timeout=5)
    assert not [one for one in ours if one.is_running()]


def test_a_decoder_knows_no_setting_and_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANTING_TOKEN", "SECRET")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    before = {one.pid for one in children()}
    made = Decoders(Settings())
    try:
        made.decode(encoded(), SHAPE)
        new = [one for one in children() if one.pid not in before]
        assert len(new) == MOST
        assert all("SECRET" not in one.environ().values() for one in new)
    finally:
        made.close()
    assert all(not psutil.pid_exists(one.pid) for one in new)


class Peak:
    """The most memory of all decoders while the block runs."""

    def __enter__(self) -> "Peak":
        self._children = children()
        self.bytes = self.before = self._resident()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.005):
            self.bytes = max(self.bytes, self._resident())

    def _resident(self) -> int:
        return sum(one.memory_info().rss for one in self._children)


@pytest.mark.slow
def test_the_largest_picture_of_any_kind_takes_at_most_150_mb(decoders: Decoders) -> None:
    for name in (*LARGEST, "tiles"):
        content = largest(name)
        with Peak() as peak:
            assert decoders.decode(content, SHAPE).pixels.shape == (*SHAPE, 3)
        assert peak.bytes - peak.before <= 150 * MB, name


@pytest.mark.slow
def test_many_large_pictures_at_once_wait_for_memory(decoders: Decoders) -> None:
    content = largest("alpha")
    with Peak() as peak, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: decoders.decode(content, SHAPE), range(4)))
    assert [one.size for one in found] == [(5700, 5000)] * 4
    assert peak.bytes <= (MOST * 45 + 200) * MB


@pytest.mark.parametrize("options", [{}, *slow({"lossless": True}, {"exif": b"Exif\0\0MM"})])
def test_a_webp_that_takes_too_much_is_known_before_it_is_opened(
    decoders: Decoders, options: dict[str, Any]
) -> None:
    image = Image.new("RGB", (2700, 2700))
    large = saved(image, "WEBP", method=0, **options)
    assert code_of(decoders, large) == "too_many_pixels"
    small = saved(image.resize((2600, 2600)), "WEBP", method=0, **options)
    assert decoders.decode(small, SHAPE).size == (2600, 2600)


@pytest.mark.parametrize("size", [(9000, 10000), (18000, 10000), (60000, 60000)])
def test_a_header_that_promises_too_much(decoders: Decoders, size: tuple[int, int]) -> None:
    head = struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    assert code_of(decoders, content) == "too_many_pixels"


def test_a_library_writes_nothing_to_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    whole = saved(Image.fromarray(NOISE), "TIFF", compression="tiff_lzw")
    broken = whole[:200] + bytes([255]) * 200 + whole[400:]
    with contextlib.suppress(pictures.PictureError):
        pictures.decode(broken)
    assert "tempfile" in capfd.readouterr().err  # libtiff's own words
    made = Decoders(Settings(concurrency=1))
    try:
        assert code_of(made, broken) == "corrupt_image"
    finally:
        made.close()
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_nobody_is_left_behind_where_the_service_is_killed() -> None:
    """The socket of a decoder ends with the service, and the decoder with the socket."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        made = Decoders(Settings())
        made.decode(encoded(), SHAPE)
        os.write(write, b" ".join(str(one.pid).encode() for one in children()))
        os.kill(os.getpid(), 9)
    os.waitpid(process, 0)
    pids = [int(one) for one in os.read(read, 1000).split()]
    assert len(pids) == MOST
    end = time.monotonic() + 10
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, pids))
