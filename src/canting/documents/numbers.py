"""Number formats of the report; a missing value is a dash."""

import math

DASH = "–"


def score(value: float) -> str:
    """Return four decimals."""
    return _or_dash(value, f"{value:.4f}").replace("-", "−")


def signed(value: float) -> str:
    """Return four decimals with a sign."""
    return _or_dash(value, f"{value:+.4f}").replace("-", "−")


def interval(low: float, high: float, *, sign: bool = False) -> str:
    """Return an interval as `[low, high]`."""
    word = signed if sign else score
    return DASH if math.isnan(low) or math.isnan(high) else f"[{word(low)}, {word(high)}]"


def p_value(value: float) -> str:
    """Return a p-value; very small ones as a bound."""
    return "< 0.0001" if value < 0.0001 else score(value)


def count(value: float) -> str:
    """Return a whole number with thousands separators."""
    return DASH if math.isnan(value) else f"{round(value):,}"


def decimal(value: float) -> str:
    """Return one decimal, with thousands separators."""
    return _or_dash(value, f"{value:,.1f}")


def share(part: float, whole: float) -> str:
    """Return a part of a whole as a percentage."""
    return _or_dash(whole or math.nan, f"{100 * part / (whole or 1):.1f} %")


def millions(value: float) -> str:
    """Return a large number in millions."""
    return _or_dash(value, f"{value / 1e6:,.1f} M")


def size(value: float) -> str:
    """Return a number of bytes in megabytes (10⁶ bytes), a small one in kilobytes."""
    small = value < 950_000
    return _or_dash(value, f"{value / 1e3:,.1f} kB" if small else f"{value / 1e6:,.1f} MB")


def level(confidence: float) -> str:
    """Return the level of an interval as a percentage."""
    return f"{100 * confidence:g} %"


def seconds(value: float) -> str:
    """Return a duration in the two units that say most."""
    if math.isnan(value):
        return DASH
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def plural(number: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: list[str]) -> str:
    """Return names as an English list."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _or_dash(value: float, text: str) -> str:
    return DASH if math.isnan(value) else text
