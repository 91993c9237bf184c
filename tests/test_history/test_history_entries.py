"""What is kept of an answer, how it is found again, corrected and deleted, on each database."""

import io
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from canting.imaging.pictures import decode, jpeg
from canting.serving.service.history import (
    Entry,
    Filter,
    History,
    InvalidValue,
    UnknownEntry,
    open_history,
)
from canting.serving.service.history.database import writing
from canting.serving.service.history.tables import entries
from tests.history_made import MODEL, new, opened, picture, stored


def ids(found: tuple[Entry, ...]) -> list[str]:
    return [entry.id for entry in found]


def date(history: History, entry: Entry, created: datetime) -> None:
    """Let an entry be as old as if it had been made then."""
    with writing(history._engine) as connection:
        changed = sa.update(entries).where(entries.c.id == entry.id).values(created=created)
        connection.execute(changed)


def test_an_answer_comes_back_as_it_was_kept(history: History, folder: Path) -> None:
    before = datetime.now(UTC)
    kept = history.add(new(), picture())
    assert history.get(kept.id) == kept
    assert before <= kept.created <= datetime.now(UTC)
    assert kept.created.tzinfo == UTC
    assert list(history.get(kept.id).probabilities) == ["parang", "kawung", "mega mendung"]
    assert (kept.model, kept.corrected, kept.has_picture) == (MODEL, None, True)
    assert stored(folder) == [kept.id]
    assert opened(history.picture(kept.id)).size == (64, 48)


def test_the_name_on_the_disk_is_random_and_the_shown_one_clean(
    history: History, folder: Path
) -> None:
    kept = history.add(new(name="../../../etc/x\0<b>\u202egpj.exe"), picture())
    assert history.get(kept.id).name == "x<b>gpj.exe"
    assert [path.name for path in folder.glob("*/*.jpg")] == [f"{kept.id}.jpg"]
    assert int(kept.id, 16).bit_length() > 64


def test_figures_that_are_none_are_not_kept(history: History, folder: Path) -> None:
    for bad in (
        {"probability": float("nan")},
        {"distance": float("inf")},
        {"probabilities": {"kawung": float("nan")}},
    ):
        with pytest.raises(InvalidValue, match="finite"):
            history.add(new(**bad), picture())
    assert (history.page().total, stored(folder)) == (0, [])


def hostile(kind: str) -> bytes:
    """Return a picture with a place, a serial number, a comment and an archive behind its end."""
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SECRET maker"
    exif.get_ifd(0x8825)[2] = (7.0, 47.0, 44.0)
    exif.get_ifd(0x8769)[0xA431] = "SECRET serial"
    text = PngInfo()
    text.add_text("Comment", "SECRET text")
    options = {"pnginfo": text} if kind == "PNG" else {"comment": b"SECRET comment"}
    named = {"exif": exif, "xmp": b"SECRET xmp", "icc_profile": b"SECRET"}
    opened(picture()).save(content, kind, **named, **options)
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("SECRET.html", "<script>SECRET</script>")
    return content.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_only_pixels_are_kept(history: History, folder: Path, kind: str) -> None:
    content = hostile(kind)
    assert content.count(b"SECRET") >= 4
    kept = history.add(new(), jpeg(decode(content).image, 1024))
    for found in (history.picture(kept.id), history.thumbnail(kept.id)):
        assert b"SECRET" not in found
        assert b"PK" not in found[-64:]
        assert not opened(found).getexif()
        assert set(opened(found).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert all(b"SECRET" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_thumbnails_are_small_and_go_with_their_entry(history: History) -> None:
    kept = history.add(new(), picture(1000, 500))
    assert opened(history.thumbnail(kept.id)).size == (256, 128)
    small = history.add(new(), picture(30, 20))
    assert opened(history.thumbnail(small.id)).size == (30, 20)
    assert (small.width, small.height) == (640, 480)
    history.delete(kept.id)
    with pytest.raises(UnknownEntry):
        history.thumbnail(kept.id)


@pytest.mark.parametrize("pictures", ["folder", "file", "memory", "none"])
def test_pictures_in_a_folder_at_a_url_or_nowhere(sqlite: str, folder: Path, pictures: str) -> None:
    places = {"folder": str(folder), "file": folder.as_uri(), "memory": f"memory:/{folder}"}
    history = open_history(sqlite, places.get(pictures))
    first, second = (history.add(new(), picture(seed=seed)) for seed in (1, 2))
    assert history.get(first.id).has_picture is (pictures != "none")
    if pictures == "none":
        with pytest.raises(UnknownEntry, match="not stored"):
            history.picture(first.id)
        assert not folder.exists()
        return
    assert opened(history.picture(first.id)).format == "JPEG"
    history.delete(first.id)
    with pytest.raises(UnknownEntry):
        history.picture(first.id)
    history.close()
    history = open_history(sqlite, places[pictures])
    assert ids(history.page().entries) == [second.id]
    assert opened(history.picture(second.id)).size == (64, 48)
    history.close()


def test_pages_show_the_newest_first(history: History) -> None:
    kept = [history.add(new(name=f"{number}.jpg"), None) for number in range(7)]
    newest = ids(tuple(reversed(kept)))
    for number, found in ((1, newest[:3]), (2, newest[3:6]), (3, newest[6:])):
        page = history.page(page=number, size=3)
        assert (ids(page.entries), page.total, page.page, page.pages) == (found, 7, number, 3)
    assert ids(tuple(history.all())) == newest


def test_equal_times_keep_one_order(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("canting.serving.service.history.queries.AT_ONCE", 3)
    now = datetime.now(UTC)
    kept = [history.add(new(), None) for _ in range(8)]
    for entry in kept:
        date(history, entry, now)
    expected = sorted((entry.id for entry in kept), reverse=True)
    pages = [history.page(page=number, size=3).entries for number in (1, 2, 3)]
    assert ids(tuple(entry for page in pages for entry in page)) == expected
    assert ids(tuple(history.all())) == expected


def test_an_empty_history_has_one_page(history: History) -> None:
    assert history.page() == ((), 0, 1, 1)
    assert (history.labels(), list(history.all())) == ([], [])


@pytest.mark.parametrize(
    ("page", "size"), [(0, 24), (-1, 24), (1, 0), (1, -5), (1, 501), (1, 10**30)]
)
def test_a_page_that_there_is_not_is_one_clear_error(
    history: History, page: int, size: int
) -> None:
    history.add(new(), None)
    with pytest.raises(InvalidValue, match=r"^`(page|size)`: expected .* Received: -?\d+\."):
        history.page(page=page, size=size)


@pytest.mark.parametrize("page", [2, 10**9, 10**30])
def test_a_page_after_the_last_is_unknown(history: History, page: int) -> None:
    history.add(new(), None)
    with pytest.raises(UnknownEntry, match="the last is 1"):
        history.page(page=page)


def test_filters(history: History) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for day, label in enumerate(["kawung", "parang", "kawung", "truntum"]):
        kept = history.add(new(label=label, abstained=day == 3), None)
        date(history, kept, start + timedelta(days=day))

    def days(**which: object) -> list[int]:
        found = history.page(Filter(**which)).entries  # type: ignore[arg-type]
        assert [entry.id for entry in history.all(Filter(**which))] == ids(found)  # type: ignore[arg-type]
        return [(entry.created - start).days for entry in found]

    assert days() == [3, 2, 1, 0]
    assert days(label="kawung") == [2, 0]
    assert days(abstained=True) == [3]
    assert days(abstained=False, label="truntum") == []
    assert days(since=start + timedelta(days=1)) == [3, 2, 1]
    assert days(until=start + timedelta(days=1)) == [0]
    jakarta = timezone(timedelta(hours=7))
    assert days(since=datetime(2026, 3, 3, 7, tzinfo=jakarta), until=None) == [3, 2]
    with pytest.raises(InvalidValue, match="zone"):
        history.page(Filter(since=datetime(2026, 3, 1)))
    with pytest.raises(InvalidValue, match="UTC"):
        history.page(Filter(since=datetime(1, 1, 1, tzinfo=jakarta)))
    assert days(since=datetime(1, 1, 1, tzinfo=UTC), until=datetime(9999, 12, 31, tzinfo=UTC)) == [
        3,
        2,
        1,
        0,
    ]
    assert history.labels() == ["kawung", "parang", "truntum"]


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", '"; DROP TABLE history_entries; --', "%", "_", "kawung'", "\\", "😀"]
)
def test_sql_in_a_filter_or_an_id_is_only_text(history: History, text: str) -> None:
    kept = history.add(new(), None)
    assert history.page(Filter(label=text)).total == 0
    with pytest.raises(UnknownEntry):
        history.get(text)
    with pytest.raises(UnknownEntry):
        history.delete(text)
    assert ids(history.page(Filter(label="kawung")).entries) == [kept.id]
    odd = history.add(new(label=text, name=text), None)
    assert ids(history.page(Filter(label=text)).entries) == [odd.id]


def test_a_part_of_a_file_name_finds_it_in_any_case(history: History) -> None:
    names = ["Kain_50%.JPG", "kain 500.jpg", "Kain-5a.jpg", "back\u2215slash.png", "café.jpg"]
    for name in names:
        history.add(new(name=name), None)

    def found(part: str) -> set[str]:
        which = Filter(name=part)
        assert history.page(which).total == len(list(history.all(which)))
        return {entry.name for entry in history.all(which)}

    assert found("KAIN") == {*names[:3]}
    assert found("50%") == {"Kain_50%.JPG"}
    assert found("n_5") == {"Kain_50%.JPG"}
    assert found("/") == found("\\") == found("' OR 1=1 --") == set()
    assert found(".jpg") == {*names} - {"back\u2215slash.png"}
    assert found("cafe\u0301") == {"café.jpg"}, "composed as names are"
    assert {one.name for one in history.all(Filter(name="5", label="parang"))} == set()


def test_sqlite_finds_a_name_in_any_case_of_any_letters(sqlite: str, folder: Path) -> None:
    history = open_history(sqlite, str(folder))
    history.add(new(name="ÉTOFFE.jpg"), None)
    assert history.page(Filter(name="étoffe")).total == 1
    history.close()


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 10_000_000])
def test_text_that_no_database_takes_finds_nothing(history: History, text: str) -> None:
    history.add(new(), None)
    assert history.page(Filter(label=text)).total == 0
    assert list(history.all(Filter(label=text))) == []
    assert list(history.all(Filter(name=text))) == []


def test_a_correction_counts_and_can_be_taken_back(history: History) -> None:
    kept = history.add(new(), None)
    assert history.correct(kept.id, " parang ").corrected == "parang"
    assert history.get(kept.id)._replace(corrected=None) == kept
    assert history.labels() == ["parang"]
    assert history.page(Filter(label="parang")).total == 1
    assert history.page(Filter(label="kawung")).total == 0
    assert history.correct(kept.id, None) == kept
    for bad in ("", "..", "../up", "a/b", "a\\b", ".hidden", "a\nb", "a\0", "x" * 101, "\u202e"):
        with pytest.raises(InvalidValue, match="`label`"):
            history.correct(kept.id, bad)
    with pytest.raises(UnknownEntry):
        history.correct("0" * 32, "parang")


def test_deleting_takes_the_picture_and_leaves_the_others(history: History, folder: Path) -> None:
    kept = [history.add(new(), picture()) for _ in range(3)]
    history.delete(kept[1].id)
    assert ids(history.page().entries) == [kept[2].id, kept[0].id]
    assert stored(folder) == sorted([kept[0].id, kept[2].id])
    for unknown in (kept[1].id, "0" * 32, "", "..", kept[0].id.upper() + "x"):
        with pytest.raises(UnknownEntry):
            history.delete(unknown)
    for left in (kept[0], kept[2]):
        history.delete(left.id)
    assert (history.page().total, stored(folder)) == (0, [])
