"""The picture formats, one row each: how it is told, what is decoded, uploaded, offered."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

NEVER = b"(?!)"
"""A pattern that nothing matches."""


@dataclass(frozen=True)
class Format:
    """A format: Pillow's name, the name for people, MIME types, file suffixes, who takes it.

    `start` is a pattern of its first bytes, `brands` those of its first box where it is one of
    ISO's base media files. `within` is Pillow's name of the format whose content it has: only the
    suffix tells them apart. `held` are the bytes that decoding takes for a pixel; 0: it depends on
    what is in the picture. `browsers`: every one decodes it. `package` decodes it and is no
    dependency: without it nothing reads it.
    """

    pillow: str
    name: str
    types: tuple[str, ...]
    suffixes: tuple[str, ...]
    pipeline: bool = True
    service: bool = True
    held: int = 0
    start: bytes = NEVER
    brands: tuple[bytes, ...] = ()
    within: str = ""
    animates: bool = False
    browsers: bool = False
    package: str = ""


_HAS_JPEG_XL = find_spec("pillow_jxl") is not None
"""Its package has another licence than ours; the extra `jpegxl` installs it."""

FORMATS = (
    Format(
        "JPEG",
        "JPEG",
        ("image/jpeg",),
        (".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo"),
        start=rb"\xff\xd8\xff",
        browsers=True,
    ),
    Format(
        "PNG",
        "PNG",
        ("image/png",),
        (".png", ".apng"),
        start=rb"\x89PNG\r\n\x1a\n",
        animates=True,
        browsers=True,
    ),
    # Two canvases of the decoder, their copy, and the image, of 4 bytes each.
    Format(
        "WEBP",
        "WebP",
        ("image/webp",),
        (".webp",),
        held=16,
        start=rb"RIFF.{4}WEBP",
        animates=True,
        browsers=True,
    ),
    Format(
        "BMP",
        "BMP",
        ("image/bmp",),
        (".bmp",),
        start=rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
        browsers=True,
    ),
    Format(
        "GIF",
        "GIF",
        ("image/gif",),
        (".gif",),
        start=rb"GIF8[79]a",
        animates=True,
        browsers=True,
    ),
    Format(
        "TIFF",
        "TIFF",
        ("image/tiff",),
        (".tif", ".tiff"),
        start=rb"II[*+]\0|MM\0[*+]|MM\*\0|II\0\*",
    ),
    # Before HEIC: its brands are more than one, and those of HEIC are the wider ones.
    Format(
        "AVIF",
        "AVIF",
        ("image/avif", "image/avif-sequence"),
        (".avif", ".avifs"),
        brands=(b"avif", b"avis"),
        animates=True,
    ),
    Format(
        "HEIF",
        "HEIC",
        ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"),
        (".heic", ".heics", ".heif", ".heifs", ".hif"),
        brands=(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
    ),
    # Up to 11 with alpha; it takes them to open a picture.
    Format(
        "JXL",
        "JPEG XL",
        ("image/jxl",),
        (".jxl",),
        _HAS_JPEG_XL,
        _HAS_JPEG_XL,
        held=9,
        start=rb"\xff\x0a|\0{3}\x0cJXL \r\n\x87\n",
        package="pillow_jxl",
    ),
)
"""What is read, in the order in which people are told of it."""


def _unread(
    name: str,
    suffixes: str,
    start: bytes = NEVER,
    brands: tuple[bytes, ...] = (),
    within: str = "",
) -> Format:
    taken = tuple(suffixes.split())
    return Format("", name, (), taken, False, False, 0, start, brands, within)


UNREAD = (
    _unread(
        "JPEG 2000",
        ".jp2 .j2k .j2c .jpc .jpf .jpx",
        rb"\0{3}\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    ),
    _unread("JPEG XR", ".jxr .wdp .hdp", rb"II\xbc"),
    _unread(
        "camera raw",
        ".dng .nef .nrw .cr2 .cr3 .crw .arw .srf .sr2 .orf .rw2 .raf .pef .srw",
        rb"FUJIFILMCCD-RAW|IIU\0|IIR[OS]",
        brands=(b"crx ",),
        within="TIFF",
    ),
    _unread("Photoshop", ".psd .psb", rb"8BPS"),
    _unread("GIMP", ".xcf", rb"gimp xcf"),
    _unread("ICO", ".ico .cur", rb"\0\0[\1\2]\0[^\0]\0.{3}\0"),
    _unread("ICNS", ".icns", rb"icns"),
    _unread("SVG", ".svg .svgz", rb"\s*<svg\b"),
    _unread("EPS", ".eps", rb"%!PS-Adobe-[\d.]+ EPSF|\xc5\xd0\xd3\xc6"),
    _unread(
        "PNM",
        ".ppm .pgm .pbm .pnm .pam .pfm",
        rb"P[1-6]\s+(#[^\n]*\n\s*)*\d+\s+\d+\s|P7\n[A-Z#]|P[Ff]\n\d",
    ),
    _unread("PCX", ".pcx"),
    _unread("TGA", ".tga"),
    _unread("DDS", ".dds", rb"DDS \x7c"),
    _unread("QOI", ".qoi", rb"qoif"),
    _unread("OpenEXR", ".exr", rb"v/1\x01"),
    _unread("Radiance HDR", ".hdr", rb"#\?R"),
    _unread("FITS", ".fits .fit .fts", rb"SIMPLE  ="),
    _unread("DICOM", ".dcm .dicom", rb".{128}DICM"),
)
"""Known pictures that nothing reads, so that they are named and not passed over."""

LEAST_START = 256
"""Bytes of a file by which its format is told; fewer are enough where it has no more."""


def recognised(start: bytes, name: str = "") -> Format | None:
    """Return the format of a file by its first `LEAST_START` bytes, and by its name.

    Content decides. A name decides where the content is of no known format (a page of HTML that is
    called `1.jpg` should have been a picture), and between a TIFF and a camera's raw file. None:
    not a picture, and not called one. See `Format.pipeline` for whether it is read.
    """
    named = _named(name)
    found = _told(start[:LEAST_START])
    if found and named and named.within and named.within == found.pillow:
        return named
    return found or named


def _told(start: bytes) -> Format | None:
    brands = _brands(start)
    for one in (*FORMATS, *UNREAD):
        if re.match(one.start, start, re.DOTALL) or not brands.isdisjoint(one.brands):
            return one
    return None


def _named(name: str) -> Format | None:
    _, dot, end = name.rstrip(". ").rpartition(".")
    suffix = (dot + end).lower()
    return next((one for one in (*FORMATS, *UNREAD) if suffix in one.suffixes), None)


def _brands(start: bytes) -> set[bytes]:
    """Return the brands that the first box names (ISO/IEC 14496-12, 4.3)."""
    if start[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(start[:4]), LEAST_START)
    return {start[8:12]} | {start[place : place + 4] for place in range(16, end, 4)}


def decoded() -> tuple[str, ...]:
    """Return Pillow's names of the formats that the pipeline decodes."""
    return tuple(one.pillow for one in FORMATS if one.pipeline)


def suffixes() -> frozenset[str]:
    """Return the suffixes, in small letters, that make a file a picture for the pipeline."""
    return frozenset(_flat(one.suffixes for one in FORMATS if one.pipeline))


def uploaded() -> tuple[Format, ...]:
    """Return the formats that the service takes."""
    return tuple(one for one in FORMATS if one.service)


def types() -> list[str]:
    """Return the MIME types of uploads."""
    return _flat(one.types for one in uploaded())


def accepted() -> str:
    """Return what the attribute `accept` of a file input lists: MIME types, and suffixes.

    Not every system knows every type.
    """
    return ",".join([*types(), *_flat(one.suffixes for one in uploaded())])


def offered(last: str = "or") -> str:
    """Return the names of the formats that the service takes, as a sentence lists them."""
    *most, end = (one.name for one in uploaded())
    return f"{', '.join(most)} {last} {end}" if most else end


def _flat(groups: Iterable[tuple[str, ...]]) -> list[str]:
    return [one for group in groups for one in group]
