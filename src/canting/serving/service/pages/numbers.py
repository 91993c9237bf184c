"""Formats of numbers and times by language; machine formats are made elsewhere."""

from datetime import UTC, datetime

from canting.config.languages import LANGUAGES


def decimal(value: float, language: str, digits: int = 1) -> str:
    """Return a number with its decimals: 1.234,5 in Indonesian, 1,234.5 in English."""
    row = LANGUAGES[language]
    marks = str.maketrans({",": row.thousands, ".": row.decimal})
    return f"{value:,.{digits}f}".translate(marks)


def percent(share: float, language: str, digits: int = 1) -> str:
    """Return a share of 1 as a percentage; what is not quite all or nothing never looks so."""
    least = 10.0**-digits
    hundred = 100 * share
    if 0 < hundred < least:
        return f"< {decimal(least, language, digits)} %"
    if 100 - least < hundred < 100:
        return f"> {decimal(100 - least, language, digits)} %"
    return f"{decimal(hundred, language, digits)} %"


def in_hundred(share: float) -> int:
    """Return a share as a whole number of a hundred, from 1 to 99."""
    return min(max(round(100 * share), 1), 99)


def size(count: int, language: str) -> str:
    """Return bytes in the largest binary unit that fits."""
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if count >= 1024**power:
            value = count / 1024**power
            return f"{decimal(value, language, 0 if value == round(value) else 1)} {unit}"
    return f"{count} B"


def date(moment: datetime, language: str) -> str:
    """Return a day in UTC in words."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {LANGUAGES[language].months.split()[utc.month - 1]} {utc.year}"


def time(moment: datetime, language: str) -> str:
    """Return a day and its time in UTC."""
    clock = moment.astimezone(UTC).strftime(LANGUAGES[language].clock)
    return f"{date(moment, language)}, {clock} UTC"
