"""Archives: every kind, and every way in which one can be hostile or broken."""

import gzip
import io
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from canting.config.fetch import Fetch
from canting.core.errors import CantingError
from canting.data.fetch.fetch import fetch
from canting.data.fetch.limits import UnpackLimits
from canting.data.fetch.source import Means

GOOD = {"Öl set/glass/ä 1.jpg": b"one", "Öl set/glass/2.png": b"two", "Öl set/metal/3.jpg": b"3"}
TARS = ("w:", "w:gz", "w:bz2", "w:xz")


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """Return a folder in an empty one: what is unpacked beside it is seen in little time."""
    inner = tmp_path / "inner"
    inner.mkdir()
    return inner


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, entries: dict[str, bytes], mode: str = "w:") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


PACKERS = pytest.mark.parametrize("pack", [zipped, tarred])
Pack = Callable[[Path, dict[str, bytes]], Path]


def fetched(path: Path, limits: UnpackLimits | None = None) -> dict[str, bytes]:
    before = path.read_bytes()
    target = path.parent / "build/raw"
    means = Means(path.parent / "cache", limits=limits or UnpackLimits())
    try:
        section = Fetch(source=str(path), classes=None, digest=None)
        fetch(section, target, target.parent / "digests.csv", means)
    finally:
        assert path.read_bytes() == before
    files = (file for file in target.rglob("*") if file.is_file())
    return {str(file.relative_to(target)): file.read_bytes() for file in files}


def refused(path: Path, *words: str, limits: UnpackLimits | None = None) -> None:
    there = sorted(path.parent.parent.rglob("*"))
    with pytest.raises(CantingError) as caught:
        fetched(path, limits)
    for word in words:
        assert word in str(caught.value)
    left = set(path.parent.parent.rglob("*")) - set(there)
    assert left <= {path.parent / "build"}


@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz", "set"])
def test_reads_zip_by_content(tmp_path: Path, name: str) -> None:
    got = fetched(zipped(tmp_path / name, GOOD | {"read.txt": b"x", "__MACOSX/glass/4.jpg": b"x"}))
    assert got == {"glass/ä 1.jpg": b"one", "glass/2.png": b"two", "metal/3.jpg": b"3"}


@pytest.mark.parametrize("mode", TARS)
@pytest.mark.parametrize("name", ["set.tar", "set.zip"])
def test_reads_tar_by_content(tmp_path: Path, mode: str, name: str) -> None:
    got = fetched(tarred(tmp_path / name, GOOD | {"./.hidden/4.jpg": b"x"}, mode))
    assert got == {"glass/ä 1.jpg": b"one", "glass/2.png": b"two", "metal/3.jpg": b"3"}


def test_a_tar_that_ends_in_a_zip_is_a_tar(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"a.jpg": b"x"}).read_bytes()
    assert len(fetched(tarred(tmp_path / "set.tar", GOOD | {"inner.zip": inner}))) == 3


@PACKERS
def test_all_kinds_give_the_same_list(tmp_path: Path, pack: Pack) -> None:
    fetched(zipped(tmp_path / "first", GOOD))
    first = (tmp_path / "build/digests.csv").read_bytes()
    fetched(pack(tmp_path / "second", dict(reversed(GOOD.items()))))
    assert (tmp_path / "build/digests.csv").read_bytes() == first


def test_reads_names_of_packers_that_do_not_say_utf8(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"glass/ae.jpg": b"1", "metal/b.jpg": b"2"})
    path.write_bytes(path.read_bytes().replace(b"ae.jpg", "ä.jpg".encode()))
    assert sorted(fetched(path)) == ["glass/ä.jpg", "metal/b.jpg"]


def test_reads_backslashes_of_old_windows_packers(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"x\\glass\\1.jpg": b"1", "x\\metal\\2.jpg": b"2"})
    assert sorted(fetched(path)) == ["glass/1.jpg", "metal/2.jpg"]


@PACKERS
def test_names_an_empty_class_folder(tmp_path: Path, pack: Pack) -> None:
    refused(pack(tmp_path / "set", GOOD | {"Öl set/paper/read.txt": b"x"}), "'paper'")


@PACKERS
@pytest.mark.parametrize(
    "name",
    [
        "../../evil.jpg",
        "glass/../../evil.jpg",
        "..\\evil.jpg",
        "/etc/evil.jpg",
        "C:/evil.jpg",
        "C:\\evil.jpg",
        "\\\\host\\evil.jpg",
        "../evil.txt",
    ],
)
def test_refuses_paths_that_leave(tmp_path: Path, pack: Pack, name: str) -> None:
    (tmp_path / "in").mkdir()
    refused(pack(tmp_path / "in/set", GOOD | {name: b"x"}), "evil", "leaves its folder")


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"],
)
def test_refuses_links_and_devices_in_tar(tmp_path: Path, kind: bytes) -> None:
    path = tarred(tmp_path / "set.tar", GOOD)
    with tarfile.open(path, "a") as archive:
        entry = tarfile.TarInfo("glass/odd.jpg")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    refused(path, "'glass/odd.jpg'", "link", "device")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_refuses_links_and_devices_in_zip(tmp_path: Path, kind: int) -> None:
    path = zipped(tmp_path / "set.zip", GOOD)
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("glass/odd.jpg")
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    refused(path, "'glass/odd.jpg'", "link or a device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@PACKERS
def test_refuses_an_entry_that_is_there_twice(tmp_path: Path, pack: Pack) -> None:
    refused(pack(tmp_path / "set", GOOD | {"glass/1.jpg": b"1", "glass/./1.jpg": b"2"}), "twice")


@pytest.mark.parametrize(
    "pack",
    [zipped, *(lambda path, entries, mode=mode: tarred(path, entries, mode) for mode in TARS[1:])],
)
def test_refuses_a_bomb_by_ratio(tmp_path: Path, pack: Pack) -> None:
    bomb = pack(tmp_path / "bomb", GOOD | {"glass/zeros.bmp": bytes(2**23)})
    refused(bomb, "bomb", "bytes", "unpack it yourself")


@pytest.mark.parametrize("packing", [zipped, tarred])
def test_refuses_a_bomb_by_bytes_and_by_entries(tmp_path: Path, packing: Pack) -> None:
    path = packing(tmp_path / "set", GOOD | {"read.txt": b"x" * 1000})
    refused(path, "more than 1,000 bytes", limits=UnpackLimits(bytes=1000))
    refused(path, "more than 3 entries", limits=UnpackLimits(entries=3))
    assert len(fetched(path, UnpackLimits(entries=4))) == 3


def test_an_entry_that_lies_about_its_size_is_cut_short(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD | {"Öl set/glass/zeros.bmp": bytes(2**24)})
    true, lie = struct.pack("<L", 2**24), struct.pack("<L", 100)
    path.write_bytes(path.read_bytes().replace(true, lie))
    refused(path, "not a complete .zip", "CRC")


def test_a_huge_header_takes_no_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("glass/1.jpg")
    header.type, header.size = tarfile.XHDTYPE, 2**28
    path = tmp_path / "set.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf())
        file.writelines(bytes(2**20) for _ in range(64))
    tracemalloc.start()
    refused(path, "header is too large")
    assert tracemalloc.get_traced_memory()[1] < 2**25
    tracemalloc.stop()


def test_memory_stays_flat_over_a_large_picture(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("glass/1.bmp", bytes(2**26))
        archive.writestr("metal/2.jpg", b"2")
    tracemalloc.start()
    section = Fetch(source=str(path), classes=None, digest=None)
    fetch(section, tmp_path / "raw", tmp_path / "digests.csv", Means(tmp_path / "cache"))
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_refuses_an_encrypted_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", GOOD)
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    path.write_bytes(content)
    refused(path, "is encrypted")


def test_refuses_a_compression_that_nobody_knows(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"glass/1.jpg": b"1", "metal/2.jpg": b"2"})
    content = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(magic) + offset] = 97
    path.write_bytes(content)
    refused(path, "cannot be unpacked", "compression")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["zip", *TARS])
def test_refuses_an_archive_that_is_cut_off(tmp_path: Path, kind: str, share: float) -> None:
    many = {f"{label}/{n}.jpg": bytes(700) for label in ("glass", "metal") for n in range(20)}
    whole = tmp_path / "whole"
    _ = zipped(whole, many) if kind == "zip" else tarred(whole, many, kind)
    content = whole.read_bytes()
    whole.unlink()
    if kind == "w:" and share == 0.9:
        content = content[: 40 * 1536]
        share = 1.0
    path = tmp_path / "set"
    path.write_bytes(content[: int(len(content) * share)])
    refused(path, "not a complete .zip or .tar archive", "Download it again")


@pytest.mark.parametrize("kind", ["zip", *TARS])
def test_refuses_an_archive_with_a_flipped_byte(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "set"
    noise = {"glass/1.jpg": b"first" * 9, "metal/2.jpg": b"second" * 9}
    _ = zipped(path, noise) if kind == "zip" else tarred(path, noise, kind)
    content = bytearray(path.read_bytes())
    place = 1024 + 20 if kind == "w:" else content.index(b"metal") if kind == "zip" else 60
    content[place - (3 if kind == "zip" else 0)] ^= 0xFF
    path.write_bytes(content)
    refused(path, "not a complete .zip or .tar archive")


def test_refuses_a_wrong_checksum_behind_the_last_entry(tmp_path: Path) -> None:
    path = tarred(tmp_path / "set.tar.gz", GOOD | {"read.txt": bytes(2**16)}, "w:gz")
    content = bytearray(path.read_bytes())
    content[-8] ^= 0xFF
    path.write_bytes(content)
    refused(path, "CRC check failed")


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"Rar!\x1a\x07", b"PK\x03\x04", b"\x1f\x8b"]
)
def test_refuses_a_file_that_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "set.zip").write_bytes(content)
    refused(tmp_path / "set.zip", "set.zip", "not a complete .zip or .tar archive")


@PACKERS
def test_the_old_pictures_survive_a_broken_archive(tmp_path: Path, pack: Pack) -> None:
    before = fetched(pack(tmp_path / "good", GOOD))
    path = pack(tmp_path / "bad", {"glass/1.jpg": b"1", "metal/2.jpg": b"x", "../3.jpg": b"3"})
    with pytest.raises(CantingError):
        fetched(path)
    assert {name: (tmp_path / "build/raw" / name).read_bytes() for name in before} == before
