"""Languages, numbers and addresses of the pages."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from starlette.datastructures import QueryParams

from canting.serving.service.errors import Refusal
from canting.serving.service.history import Entry
from canting.serving.service.pages import history, language, numbers
from canting.serving.service.pages.history import csv_rows
from canting.serving.service.pages.language import accepted
from tests.browser_fixtures import new_entry


def entry_of(number: int, **changes: object) -> Entry:
    """Return an entry as the history has it."""
    return Entry(
        **new_entry(number, "0" * 64, **changes)._asdict(),
        id="a" * 32,
        created=datetime(2025, 5, 31, tzinfo=UTC),
        corrected=None,
        has_picture=True,
    )


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("id", "id"),
        ("in-ID,en;q=0.5", "id"),
        ("id-ID,id;q=0.9,en-US;q=0.8", "id"),
        ("en-GB,id;q=0.9", "en"),
        ("en;q=0.2, id;q=0.7", "id"),
        ("de-DE,de;q=0.9,id;q=0.3", "id"),
        ("id;q=0,en", "en"),
        ("id;q=nonsense", "en"),
        ("fr,*;q=0.1", "en"),
        ("," * 5000 + "id", "en"),
    ],
)
def test_the_language_that_is_liked_best(header: str, code: str) -> None:
    assert accepted(header) == code


@pytest.mark.parametrize(
    ("share", "indonesian", "english"),
    [
        (0.8916, "89,2 %", "89.2 %"),
        (0.0, "0,0 %", "0.0 %"),
        (1.0, "100,0 %", "100.0 %"),
        (0.99999, "> 99,9 %", "> 99.9 %"),
        (0.0001, "< 0,1 %", "< 0.1 %"),
    ],
)
def test_shares(share: float, indonesian: str, english: str) -> None:
    assert numbers.percent(share, "id") == indonesian
    assert numbers.percent(share, "en") == english


def test_large_numbers_and_bytes() -> None:
    assert numbers.decimal(1234567.25, "id") == "1.234.567,2"
    assert numbers.decimal(1234567.25, "en") == "1,234,567.2"
    assert numbers.size(10 * 2**20, "id") == "10 MiB"
    assert numbers.size(1536, "id") == "1,5 KiB"
    assert numbers.size(12, "en") == "12 B"
    assert [numbers.in_hundred(share) for share in (0.0, 0.5, 0.9999)] == [1, 50, 99]


def test_times_are_in_utc() -> None:
    moment = datetime(2025, 5, 31, 23, 4, tzinfo=timezone(timedelta(hours=-2)))
    assert numbers.time(moment, "id") == "1 Juni 2025, 01.04 UTC"
    assert numbers.time(moment, "en") == "1 June 2025, 01:04 UTC"


@pytest.mark.parametrize(
    "foreign",
    [
        "//evil.example/",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\r\nX: 1",
        "/\t/evil.example",
        "",
        "evil",
    ],
)
def test_no_way_leads_out(foreign: str) -> None:
    assert language.own(foreign) == "/"


def test_ways_of_our_own_are_kept() -> None:
    assert language.own("/history?label=a%20b&page=2") == "/history?label=a%20b&page=2"
    assert (
        language.with_query("/history", {"label": "a b&c", "since": ""}) == "/history?label=a+b%26c"
    )


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=0",
        "page=1e3",
        "page=1000000000",
        "page=٣",
        "known=perhaps",
        "since=yesterday",
        "until=2025-02-30",
        "since=20250101",
        "name=" + "x" * 101,
    ],
)
def test_a_query_that_cannot_be_read(query: str) -> None:
    with pytest.raises(Refusal) as caught:
        history.read(QueryParams(query))
    assert (caught.value.status, caught.value.code) == (400, "bad_filter")


def test_the_last_day_is_still_shown() -> None:
    wanted = history.read(QueryParams("since=2025-01-01&until=2025-01-31&known=no&label=a"))
    assert wanted.filter.since == datetime(2025, 1, 1, tzinfo=UTC)
    assert wanted.filter.until == datetime(2025, 2, 1, tzinfo=UTC)
    assert wanted.filter.abstained is True
    assert history.read(QueryParams("until=9999-12-31")).filter.until is None


def test_a_name_is_searched_for_without_the_spaces_around_it() -> None:
    wanted = history.read(QueryParams("name=+a b%25+"))
    assert (wanted.name, wanted.filter.name) == ("a b%", "a b%")
    assert history.read(QueryParams("name=+")).filter.name is None
    assert wanted.fields["name"] == "a b%"


def test_a_table_is_made_of_blocks_and_reads_no_entry_before_its_turn() -> None:
    taken: list[int] = []

    def entries() -> Iterator[Entry]:
        for number in range(1200):
            taken.append(number)
            yield entry_of(number)

    blocks = history.csv_blocks(entries())
    assert next(blocks).count("\r\n") == history.AT_ONCE
    assert len(taken) == history.AT_ONCE - 1, "a header and the rest"
    rest = list(blocks)
    assert [text.count("\r\n") for text in rest] == [500, 201]


def test_a_table_of_nothing_has_its_header() -> None:
    assert "".join(csv_rows([])).startswith("id,created,name,label,corrected,probability")


def test_a_table_runs_nothing_in_a_spreadsheet() -> None:
    entry = entry_of(2, name="=1+1", label="@sum")
    row = next(csv.DictReader(io.StringIO("".join(csv_rows([entry])))))
    assert (row["name"], row["label"]) == ("'=1+1", "'@sum")
    assert row["created"] == "2025-05-31T00:00:00+00:00"
    assert json.loads(row["probabilities"])["parang"] == 0.8916
    assert float(row["probability"]) == 0.8916
