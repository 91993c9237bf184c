"""The pages without a browser: what a server that runs answers over HTTP."""

import contextlib
import csv
import io
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from canting.config.formats import offered
from canting.config.languages import LANGUAGES
from canting.core import files
from canting.serving.service.pages.texts import words
from tests.browser_fixtures import (
    HOSTILE,
    KEPT,
    bundle,
    cloth,
    fill,
    new_entry,
    site,
    site_bundle,
)
from tests.service_fixtures import Server, in_process, running

__all__ = ["bundle", "site", "site_bundle"]

INDONESIAN = {"Accept-Language": "id"}
PART = {"X-Canting-Part": "1"}
NOT_READ = b"8BPS\0\1" + bytes(100)


@pytest.fixture(scope="module")
def silent(site_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("silent")
    with in_process(folder, site_bundle, history="off") as one:
        yield one


@pytest.fixture(scope="module")
def private(site_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("private")
    with in_process(folder, site_bundle, keep_pictures=False, history_days=30) as one:
        yield one


def get(server: Server, path: str, status: int = 200, headers: dict[str, str] | None = None) -> str:
    answer = server.client.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def token(server: Server) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', get(server, "/classify"))
    assert found
    return found[1]


def ask(server: Server, *pictures: tuple[str, bytes], **headers: str) -> httpx.Response:
    sent = [("files", picture) for picture in pictures]
    fields = {"csrf": token(server)}
    return server.client.post("/classify", files=sent, data=fields, headers=headers)


def newest(server: Server) -> str:
    found: str = server.client.get("/api/history").json()["entries"][0]["id"]
    return found


@pytest.mark.parametrize("path", ["/", "/classify", "/history", "/about", "/samples/1"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_every_page_in_every_language(site: Server, path: str, code: str) -> None:
    page = get(site, path, headers={"Accept-Language": code})
    assert f'<html lang="{code}">' in page
    assert words(code)("site.footer") in page
    assert len(re.findall("<h1", page)) == 1
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=\"", page)


def test_the_first_page_knows_the_classes(site: Server) -> None:
    page = get(site, "/", headers=INDONESIAN)
    assert "Motif batik apa ini?" in page
    assert all(name in page for name in ("Kawung", "Mega Mendung", "Parang", "Cirebon"))
    assert page.count('<li><a href="/samples/') == 3


def test_an_answer_in_words_and_numbers(site: Server) -> None:
    before = site.entries()
    answer = ask(site, ("red.jpg", cloth("red")), **INDONESIAN)
    assert answer.status_code == 200
    assert "&gt; 99,9 % yakin" in answer.text
    assert "data:image/jpeg;base64," in answer.text
    assert 'class="overlay" src="data:image/png;base64,' in answer.text
    assert "Hindu-Jawa" in answer.text
    assert site.entries() == before + 1


def test_several_pictures_of_which_one_is_bad(site: Server) -> None:
    answer = ask(site, ("a.jpg", cloth("lime")), ("b.jpg", b"<html>"), ("c.jpg", cloth("blue")))
    assert answer.status_code == 200
    assert answer.text.count("data-answer") == 3
    assert words("en")("codes.unsupported_format", formats=offered()) in answer.text
    assert "<html>" not in answer.text.split("<body", 1)[1]


def test_what_is_not_read_is_explained_by_what_is(site: Server) -> None:
    for code in LANGUAGES:
        formats = offered(words(code)("site.or"))
        answer = ask(site, ("IMG_1.psd", NOT_READ), **{"Accept-Language": code})
        assert answer.status_code == 415
        assert words(code)("codes.unsupported_format", formats=formats) in answer.text


def test_bad_pictures_alone(site: Server) -> None:
    answer = ask(site, ("a.jpg", cloth("red")[:200]))
    assert answer.status_code == 422
    assert words("en")("codes.corrupt_image") in answer.text


def test_a_script_gets_the_answer_alone(site: Server) -> None:
    answer = ask(site, ("a.jpg", cloth("red")), **PART)
    assert answer.text.lstrip().startswith("<article")
    refused = ask(site, **PART)
    assert refused.status_code == 400
    assert "<html" not in refused.text


def test_a_form_that_is_empty(site: Server) -> None:
    answer = ask(site, ("", b""))
    assert answer.status_code == 400
    assert words("en")("codes.missing_file") in answer.text


def test_names_and_labels_are_escaped(site: Server) -> None:
    history = get(site, "/history?page=2")
    assert HOSTILE not in history
    assert "&lt;img src=x" in history
    answer = ask(site, ('"><script>alert(1)</script>.jpg', cloth("red")))
    assert "<script>alert" not in answer.text
    filtered = get(site, "/history?label=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in filtered


def test_an_abstention_names_nothing(site: Server) -> None:
    page = get(site, "/history?known=no")
    assert page.count("data-entry") == 1
    entry = re.findall(r'/history/([0-9a-f]{32})"', page)[0]
    shown = get(site, f"/history/{entry}")
    assert words("en")("result.unknown") in shown.replace("&#39;", "'")
    assert "<h2>Mega Mendung</h2>" not in shown
    assert "% sure" not in shown


def test_forms_need_their_token(site: Server) -> None:
    entry, before = newest(site), site.entries()
    for path in ("delete", "correct"):
        answer = site.client.post(f"/history/{entry}/{path}", data={"label": "parang"})
        assert answer.status_code == 403
        assert words("en")("codes.csrf") in answer.text
    sent = {"files": ("a.jpg", cloth("red"))}
    assert site.client.post("/classify", files=sent).status_code == 403
    assert get(site, f"/history/{entry}/delete")
    assert site.entries() == before


def test_delete_and_correct(site: Server) -> None:
    ask(site, ("a.jpg", cloth("red")))
    entry, fields = newest(site), {"csrf": token(site)}
    unknown = site.client.post(f"/history/{entry}/correct", data={**fields, "label": "teddy"})
    assert unknown.status_code == 422
    done = site.client.post(f"/history/{entry}/correct", data={**fields, "label": "parang"})
    assert (done.status_code, done.headers["location"]) == (303, f"/history/{entry}?done=saved")
    assert "Corrected to Parang" in get(site, done.headers["location"])
    site.client.post(f"/history/{entry}/correct", data={**fields, "label": ""})
    assert "Corrected to" not in get(site, f"/history/{entry}")
    gone = site.client.post(f"/history/{entry}/delete", data=fields)
    assert (gone.status_code, gone.headers["location"]) == (303, "/history?done=deleted")
    assert words("en")("codes.unknown_entry") in get(site, f"/history/{entry}", 404)


def test_the_pictures_of_an_entry(site: Server) -> None:
    ask(site, ("a.jpg", cloth("red")))
    entry = newest(site)
    for name, start in (
        ("picture", b"\xff\xd8"),
        ("thumbnail", b"\xff\xd8"),
        ("overlay", b"\x89PNG"),
    ):
        answer = site.client.get(f"/history/{entry}/{name}")
        assert answer.content.startswith(start)
        assert "private" in answer.headers["cache-control"]
    get(site, f"/history/{'0' * 32}/picture", 404)
    get(site, "/history/..%2f..%2fetc/picture", 404)


def test_the_table_has_what_the_filter_shows(site: Server) -> None:
    answer = site.client.get("/history.csv?until=2999-01-01&label=kawung")
    assert answer.headers["content-type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["label"] for row in table if not row["corrected"]} == {"kawung"}
    oldest = table[-1]
    assert oldest["name"] == HOSTILE
    assert oldest["probability"] == "0.8916"
    assert oldest["created"].endswith("+00:00")


def test_the_history_is_searched_by_file_name(site: Server) -> None:
    page = get(site, "/history?name=CLOTH+29")
    assert page.count("data-entry") == 1
    assert '<span class="tile-name small" dir="auto">cloth 29.jpg</span>' in page
    assert 'value="CLOTH 29"' in page
    assert "/history.csv?name=CLOTH+29" in page
    table = csv.DictReader(io.StringIO(site.client.get("/history.csv?name=CLOTH+29").text))
    assert [row["name"] for row in table] == ["cloth 29.jpg"]
    assert words("en")("history.empty_filter") in get(site, "/history?name=%25%25")


@pytest.mark.slow
def test_a_table_begins_before_it_is_read_and_is_cut_where_reading_fails(
    site_bundle: Path, tmp_path: Path
) -> None:
    fill(tmp_path, [new_entry(number, "0" * 64) for number in range(2, 6)])
    grow(tmp_path / "history" / "history.db", 40_000)
    with (
        running(tmp_path, site_bundle, history="public") as one,
        one.client.stream("GET", "/history.csv") as answer,
    ):
        assert answer.status_code == 200
        pieces = answer.iter_bytes()
        assert next(pieces).startswith(b"id,created")
        forget(tmp_path / "history" / "history.db")
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass
        failed = one.lines_of(answer.headers["x-request-id"])
        assert any("no such table" in str(line) for line in failed), failed
        refused = one.client.get("/history.csv")
        assert (refused.status_code, refused.headers["content-type"][:9]) == (503, "text/html")


def grow(database: Path, count: int) -> None:
    """Copy the entries of a history until there are `count` of them."""
    columns = "created, name, label, probability, probabilities, abstained, reason, distance, model"
    columns += ", picture_bytes, width, height, source, corrected"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        copy = f"INSERT INTO history_entries (id, {columns}) SELECT lower(hex(randomblob(16))), "
        copy += f"{columns} FROM history_entries LIMIT ?"
        while now := connection.execute("SELECT count(*) FROM history_entries").fetchone()[0]:
            if now >= count:
                break
            connection.execute(copy, (count - now,))
        connection.commit()


def forget(database: Path) -> None:
    """Take a history's table away while others read it."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TABLE history_entries")
        connection.commit()


@pytest.mark.parametrize("query", ["page=-1", "known=x", "since=a'--", "size=0&page=0"])
def test_a_filter_that_cannot_be_read(site: Server, query: str) -> None:
    assert words("id")("codes.bad_filter") in get(
        site, f"/history?{query}", 400, headers=INDONESIAN
    )


def test_pages_of_the_history(site: Server) -> None:
    assert site.entries() >= KEPT
    first, second = get(site, "/history"), get(site, "/history?page=2")
    assert first.count("data-entry") == 24
    assert 'rel="next" href="/history?page=2"' in first
    assert 'rel="prev"' in second


def test_the_switch_of_the_language(site: Server) -> None:
    answer = site.client.get("/language?to=id&back=/about?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/about?x=1")
    assert "canting_language=id" in answer.headers["set-cookie"]
    assert '<html lang="id">' in get(site, "/about", headers={"Cookie": "canting_language=id"})
    assert '<html lang="en">' in get(site, "/about", headers={"Cookie": "canting_language=xx"})
    away = site.client.get("/language?to=xx&back=//evil.example")
    assert away.headers["location"] == "/"
    assert "set-cookie" not in away.headers
    site.client.cookies.delete("canting_language")


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/history/x", 404), ("/static/x", 404)]
)
def test_errors_are_pages(site: Server, path: str, status: int) -> None:
    page = get(site, path, status, headers=INDONESIAN)
    assert words("id")(f"errors.{status}_title") in page
    assert "Traceback" not in page
    assert words("id")("errors.number", id="") in page


def test_methods_that_are_not_there(site: Server) -> None:
    answer = site.client.post("/about")
    assert answer.status_code == 405
    assert words("en")("errors.405_title") in answer.text


def test_our_own_files_are_kept_by_browsers(site: Server) -> None:
    found = re.search(r"/static/base\.css\?v=[0-9a-f]+", get(site, "/"))
    assert found
    assert "immutable" in site.client.get(found[0]).headers["cache-control"]
    for path in ("/static/base.css", "/static/base.css?v=0"):
        assert site.client.get(path).headers["cache-control"] == "no-cache"
    assert site.client.get("/static/..%2fpages%2fstatic.py").status_code == 404


def test_what_a_browser_has_already_is_not_sent_again(site: Server) -> None:
    ask(site, ("a.jpg", cloth("red")))
    entry = newest(site)
    kept = [f"/history/{entry}/{name}" for name in ("picture", "thumbnail", "overlay")]
    tags = set()
    for path in ("/static/base.css", "/samples/1/picture", *kept):
        first = site.client.get(path)
        tag = first.headers["etag"]
        tags.add(tag)
        for known in (tag, f'"other", W/{tag}', "*"):
            again = site.client.get(path, headers={"If-None-Match": known})
            assert (path, again.status_code, again.content) == (path, 304, b"")
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == first.headers["cache-control"]
            assert again.headers["content-security-policy"]
        other = site.client.get(path, headers={"If-None-Match": '"other", "' + tag[2:]})
        assert (path, other.status_code) == (path, 200)
        assert other.content == first.content
    assert len(tags) == 5
    site.client.post(f"/history/{entry}/delete", data={"csrf": token(site)})
    for path in kept:
        assert site.client.get(path, headers={"If-None-Match": "*"}).status_code == 404


def test_the_figures_of_the_model(site: Server) -> None:
    page = get(site, "/about", headers=INDONESIAN)
    assert all(text in page for text in ("89,2 %", "85,1 %", "92,1 %", "1.300", "0,888"))


def test_a_smaller_format_has_figures_of_its_own(site_bundle: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(site_bundle, tmp_path / "smaller")
    measured = {"macro_f1": 0.871, "agreement": 0.987, "largest_change": 0.2, "ece": 0.05}
    smaller = {"format": "litert-int8", "mean_change": 0.01, "refused": 0.06, **measured}
    card = files.read_json(folder / "card.json")
    files.write_json(folder / "card.json", {**card, "exported": smaller})
    with in_process(tmp_path / "run", folder) as one:
        for code, score, same in (("en", "0.871", "98.7 %"), ("id", "0,871", "98,7 %")):
            told = words(code)("about.exported", format="litert-int8", score=score, same=same)
            assert told in get(one, "/about", headers={"Accept-Language": code})


def test_a_model_of_painted_pictures_says_so_wherever_it_answers(site: Server) -> None:
    for code in LANGUAGES:
        language = {"Accept-Language": code}
        whole = words(code)("learned.painted", count="1,300" if code == "en" else "1.300")
        for path in ("/", "/about"):
            assert whole in get(site, path, headers=language), path
        short = words(code)("learned.painted_short")
        assert short in ask(site, ("a.jpg", cloth("red")), **language).text
        assert short in get(site, f"/history/{newest(site)}", headers=language)
        assert short in get(site, "/samples/1", headers=language)
    assert site.client.get("/api/model").json()["learned_from"]["painted"] is True


def test_a_model_of_other_pictures_names_their_source(site_bundle: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(site_bundle, tmp_path / "other")
    card = files.read_json(folder / "card.json")
    learned = {"source": "kaggle:a/<b>", "pictures": 2300}
    files.write_json(folder / "card.json", {**card, "learned_from": learned})
    with in_process(tmp_path / "run", folder) as one:
        whole = words("en")("learned.source", count="2,300", name="kaggle:a/&lt;b&gt;")
        assert whole in get(one, "/")
        assert whole in get(one, "/about")
        short = words("en")("learned.source_short", count="2,300", name="kaggle:a/&lt;b&gt;")
        assert short in ask(one, ("a.jpg", cloth("red"))).text


def test_an_answer_of_another_model_does_not_say_what_this_one_learned_from(
    site_bundle: Path, tmp_path: Path
) -> None:
    (entry,) = fill(tmp_path, [new_entry(2, "0" * 64)])
    with in_process(tmp_path, site_bundle, history="public") as one:
        assert words("en")("learned.painted_short") not in get(one, f"/history/{entry.id}")


def test_a_card_without_it_says_nothing_of_it(bundle: Path, tmp_path: Path) -> None:
    with in_process(tmp_path, bundle) as one:
        assert 'learned"' not in get(one, "/") + get(one, "/about")
        assert one.client.get("/api/model").json()["learned_from"] is None


def test_without_a_history(silent: Server) -> None:
    assert words("en")("history.off_title") in get(silent, "/history")
    assert words("en")("upload.kept_none") in get(silent, "/")
    answer = ask(silent, ("a.jpg", cloth("red")))
    assert words("en")("result.off") in answer.text
    assert "/correct" not in answer.text


def test_a_history_without_pictures(private: Server) -> None:
    entry = re.findall("/history/([0-9a-f]{32})", ask(private, ("a.jpg", cloth("red"))).text)[0]
    opened = private.client.get("/history").text
    assert words("en")("history.lead_own") in opened
    assert words("en")("history.no_pictures") in opened
    assert "30 days" in opened
    assert words("en")("result.no_picture") in private.client.get(f"/history/{entry}").text


def test_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with in_process(tmp_path, tmp_path / "nothing") as one:
        assert words("en")("upload.closed") in get(one, "/")
        assert "card_absent" in get(one, "/about")
        assert get(one, "/history")
