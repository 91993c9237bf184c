"""The languages of the pages, one row each; their words are in `service/texts/<code>/`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """A language: its name in itself and in English, and how it writes numbers and times.

    `old` are codes that ISO 639 has withdrawn and that old phones still send.
    """

    name: str
    english: str
    decimal: str
    thousands: str
    clock: str
    months: str
    old: tuple[str, ...] = ()


LANGUAGES: dict[str, Language] = {
    "id": Language(
        "Bahasa Indonesia",
        "Indonesian",
        decimal=",",
        thousands=".",
        clock="%H.%M",
        months=(
            "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember"
        ),
        old=("in",),
    ),
    "en": Language(
        "English",
        "English",
        decimal=".",
        thousands=",",
        clock="%H:%M",
        months=(
            "January February March April May June July August September October November December"
        ),
    ),
}
"""By ISO 639-1 code, in the order of the switch."""

DEFAULT = "en"
"""For visitors who ask for none of them; the other languages have the same words as this one."""
