"""Pictures of all kinds, sent to a server that runs."""

import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from canting.bundle.classifier import Classifier
from canting.config.formats import uploaded
from tests.service_fixtures import (
    COLOURS,
    LABELS,
    Server,
    bundle,
    encoded,
    saved,
    visited,
)

__all__ = ["bundle"]


@pytest.fixture(scope="module")
def server(usual: Server) -> Iterator[Server]:
    with visited(usual) as one:
        yield one


@pytest.fixture(autouse=True)
def _nothing_refused_is_kept(server: Server) -> Iterator[None]:
    """After every test: the server answers, and the history holds the answers and nothing else."""
    before, answered = server.entries(), server.metric("canting_predictions_total")
    yield
    assert server.answer(encoded("lime"))["label"] == "mega_mendung"
    answered = server.metric("canting_predictions_total") - answered
    assert server.entries() - before == answered


def refused(server: Server, *pictures: Any, status: int, code: str) -> None:
    response = server.post(*pictures)
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert set(body) == {"code", "message", "request_id"}
    assert body["request_id"] == response.headers["x-request-id"]
    assert response.headers["content-type"] == "application/json"
    told = body["message"]
    assert not any(word in told for word in ("Traceback", "site-packages", str(server.folder)))


def test_an_empty_file(server: Server) -> None:
    refused(server, b"", status=400, code="empty_file")


def test_no_field_or_another_one(server: Server) -> None:
    wrong = {"picture": ("a.jpg", encoded())}
    cases: list[dict[str, Any]] = [{}, {"files": wrong}, {"data": {"files": "text"}}]
    for given in cases:
        response = server.client.post("/api/classify", **given)
        assert (response.status_code, response.json()["code"]) == (400, "missing_file")
    nothing_chosen: dict[str, Any] = {"files": {"files": ("", b"", "application/octet-stream")}}
    response = server.client.post("/api/classify", **nothing_chosen)
    assert (response.status_code, response.json()["code"]) == (400, "missing_file")


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
        saved(Image.new("RGB", (40, 40)), "JPEG2000"),
        saved(Image.new("RGB", (40, 40)), "ICO"),
    ],
)
def test_what_is_no_picture_whatever_its_name(server: Server, content: bytes) -> None:
    refused(server, ("a.jpg", content, "image/jpeg"), status=415, code="unsupported_format")


@pytest.mark.parametrize("declared", ["image/heic", "image/jpeg", "text/plain", ""])
@pytest.mark.parametrize("kind", [one.pillow for one in uploaded()])
def test_every_format_is_answered_whatever_it_is_called(
    server: Server, kind: str, declared: str
) -> None:
    content = saved(Image.new("RGB", (64, 48), "blue"), kind)
    for name in ("IMG_1.HEIC", "a.jpg", "noext"):
        assert server.answer((name, content, declared))["label"] == "parang"


def test_a_jpeg_without_its_end_is_answered_with_a_warning(server: Server) -> None:
    whole = encoded("lime")
    answer = server.answer(whole[:-2])
    assert (answer["label"], answer["warnings"]) == ("mega_mendung", ["no_end"])
    refused(server, whole[: len(whole) * 2 // 3], status=422, code="corrupt_image")


@pytest.mark.parametrize("declared", ["image/jpg", "image/png", "application/octet-stream", ""])
def test_the_content_decides(server: Server, declared: str) -> None:
    assert server.answer(("a.jpg", encoded("blue"), declared))["label"] == "parang"


@pytest.mark.parametrize("kind", [one.pillow for one in uploaded()])
def test_a_truncated_picture(server: Server, kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    whole = saved(Image.fromarray(noise), kind)
    assert server.answer(whole)["label"] in LABELS
    for part in (2, 4):
        refused(server, whole[: len(whole) // part], status=422, code="corrupt_image")


def test_shapes_that_say_nothing(server: Server) -> None:
    refused(server, encoded(size=(1, 1)), status=422, code="too_small")
    refused(server, encoded(size=(15, 60)), status=422, code="too_small")
    refused(server, encoded(size=(60000, 1), kind="PNG"), status=422, code="too_small")
    refused(server, encoded(size=(20, 1600)), status=422, code="extreme_aspect")
    assert server.answer(encoded(size=(16, 16)))["warnings"] == ["small"]
    assert server.answer(encoded(size=(16, 320)))["label"] == "kawung"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame(server: Server, kind: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("lime", "red", "blue")]
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    answer = server.answer(content)
    assert (answer["label"], answer["warnings"]) == ("mega_mendung", ["animated"])


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "I;16"])
def test_modes_of_a_png(server: Server, mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((64, 64), 40_000, dtype=np.uint16))
    else:
        image = Image.new("RGB", (64, 64), "white").convert(mode)
    chances = server.answer(saved(image, "PNG"))["probabilities"]
    assert max(chances.values()) - min(chances.values()) < 1e-6


def test_a_cmyk_jpeg_and_a_transparent_palette(server: Server) -> None:
    assert server.answer(encoded("blue", mode="CMYK"))["label"] == "parang"
    image = Image.new("RGB", (64, 64), "red").convert("P")
    content = saved(image, "GIF", transparency=image.getpixel((0, 0)))
    chances = server.answer(content)["probabilities"]
    assert max(chances.values()) - min(chances.values()) < 1e-6, "it is laid over white"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_looked_at_upright(server: Server, orientation: int) -> None:
    image = Image.new("RGB", (120, 60), "red")
    image.paste("blue", (0, 0, 50, 60))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    upright = server.answer(saved(image, "PNG"), overlay=True)
    turned = server.answer(saved(image, "PNG", exif=exif), overlay=True)
    assert turned["probabilities"] == pytest.approx(upright["probabilities"], abs=2e-3)
    assert _size(turned["overlay"]) == ((120, 60) if orientation < 5 else (60, 120))


def _size(uri: str) -> tuple[int, int]:
    import base64

    head, _, content = uri.partition(",")
    assert head == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert image.mode == "RGBA"
    return image.size


def test_metadata_is_nowhere_to_be_found(server: Server) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "Nokturna-77"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSMapDatum] = "Laweyan-Solo"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = "SERI-424242"
    image = Image.new("RGB", (64, 64), "red")
    content = saved(image, "JPEG", exif=exif) + b"PK\x03\x04<script>tail</script>"
    words = (b"Nokturna-77", b"Laweyan-Solo", b"SERI-424242", b"<script>tail")
    assert all(word in content for word in words)
    answer = server.answer(content)
    told = json.dumps(answer) + server.client.get(f"/api/history/{answer['history_id']}").text
    everything = [path for path in server.folder.rglob("*") if path.is_file()]
    assert len(everything) > 2
    for word in words:
        assert word.decode() not in told
        assert not any(word in path.read_bytes() for path in everything)
    kept = server.client.get(f"/history/{answer['history_id']}/picture")
    assert kept.headers["content-type"] == "image/jpeg"
    assert kept.headers["x-content-type-options"] == "nosniff"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_damaged_and_huge_metadata(server: Server) -> None:
    jpeg, png = encoded("blue"), encoded("blue", kind="PNG")
    after = png.index(b"IDAT") - 4
    chunks = [
        _chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(600_000))),
        _chunk(b"iCCP", b"x\0\0not deflated"),
        _chunk(b"zTXt", b"k\0\0" + zlib.compress(b"a" * 3_000_000)),
        _chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(bytes(90_000_000), 9)[:900_000]),
        _chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff"),
    ]
    marks = [
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0" + b"\xff" * 60_000,
        b"ICC_PROFILE\0\1\1x",
    ]
    marked = [
        jpeg[:2] + b"\xff" + (b"\xe2" if b"ICC" in mark else b"\xe1")
        + struct.pack(">H", len(mark) + 2) + mark + jpeg[2:]
        for mark in marks
    ]  # fmt: skip
    for content in [png[:after] + chunk + png[after:] for chunk in chunks] + marked:
        response = server.post(content)
        assert response.status_code in (200, 422), response.text
        if response.status_code == 200:
            assert response.json()["results"][0]["label"] == "parang"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\evil.jpg", "evil.jpg"),
        ("<script>alert(1)<\\script>.jpg", "script>.jpg"),
        ("gpj.\u202eexe.jpg", "gpj.exe.jpg"),
        ("-rf.jpg", "rf.jpg"),
        ("=1+1.jpg", "1+1.jpg"),
        ("kain batik é蠟.jpg", "kain batik é蠟.jpg"),
    ],
)
def test_file_names_are_only_shown(server: Server, given: str, shown: str) -> None:
    before = set(server.folder.rglob("*"))
    answer = server.answer((given, encoded("red")))
    assert answer["name"] == shown
    entry = server.client.get(f"/api/history/{answer['history_id']}").json()
    assert entry["name"] == shown
    new = {path.stem for path in set(server.folder.rglob("*")) - before if path.is_file()}
    assert new == {answer["history_id"]}


def test_names_that_are_endless_or_hold_nul(server: Server) -> None:
    name = server.answer(("é" * 5000 + ".jpg", encoded("red")))["name"]
    assert len(name) == 120
    assert name.endswith("é.jpg")
    body = _form(b"files", b"a\0b.jpg", encoded("red"))
    headers = {"Content-Type": "multipart/form-data; boundary=limit"}
    response = server.client.post("/api/classify", content=body, headers=headers)
    assert response.json()["results"][0]["name"] == "ab.jpg"


def _form(field: bytes, name: bytes, content: bytes) -> bytes:
    head = b'--limit\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n'
    return head % (field, name) + content + b"\r\n--limit--\r\n"


def test_several_pictures_each_with_its_answer_or_error(server: Server) -> None:
    given = [("a.jpg", encoded("red")), ("b.jpg", b"no picture"), ("c.png", encoded("blue"))]
    response = server.post(*given)
    assert response.status_code == 200
    first, second, third = response.json()["results"]
    assert (first["name"], first["label"]) == ("a.jpg", "kawung")
    assert (third["name"], third["label"]) == ("c.png", "parang")
    assert second["error"]["code"] == "unsupported_format"
    assert second["label"] is second["history_id"] is None


def test_the_same_answer_as_without_a_server(server: Server, bundle: Path) -> None:
    classifier = Classifier.load(bundle)
    noise = np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    contents = [encoded(colour) for colour in COLOURS.values()]
    for content in [*contents, saved(Image.fromarray(noise), "JPEG")]:
        expected = classifier.classify(content)
        answer = server.answer(content)
        assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5)
        assert answer["label"] == expected.label


def test_a_picture_unlike_all_is_no_bare_label(server: Server) -> None:
    before = server.metric('canting_abstentions_total{reason="unlike_training"}')
    known, unknown = server.answer(encoded("red")), server.answer(encoded("white"))
    assert (known["abstained"], known["reason"]) == (False, None)
    assert (unknown["abstained"], unknown["reason"]) == (True, "unlike_training")
    assert known["distance"] < 1 < unknown["distance"]
    assert server.metric('canting_abstentions_total{reason="unlike_training"}') == before + 1
    entry = server.client.get(f"/api/history/{unknown['history_id']}").json()
    assert (entry["abstained"], entry["reason"]) == (True, "unlike_training")


def test_an_answer_that_is_no_number(server: Server) -> None:
    before = server.metric("canting_model_output_invalid_total")
    refused(server, encoded("black"), status=500, code="model_output_invalid")
    assert server.metric("canting_model_output_invalid_total") == before + 1


def test_what_a_picture_says_in_text_is_kept_out(server: Server) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "rahasia-dapur")
    answer = server.answer(saved(Image.new("RGB", (64, 64), "red"), "PNG", pnginfo=info))
    assert answer["label"] == "kawung"
    files = [path for path in (server.folder / "history").rglob("*") if path.is_file()]
    assert not any(b"rahasia-dapur" in path.read_bytes() for path in files)
