"""The page of all that can be chosen, from the catalogue."""

from collections.abc import Iterable, Sequence

from canting.config import formats
from canting.config.catalog import BACKBONES, CORRUPTIONS, METHODS, OPTIMIZERS, Backbone
from canting.config.languages import LANGUAGES
from canting.data.fetch import source
from docs.reference.table import code, table

WEIGHTS = {
    "package": "installed with canting",
    "keras": "downloaded by Keras",
    "hub": "downloaded by KerasHub",
    "none": "none: trained from nothing",
}
"""Where weights come from, in words."""


def page() -> str:
    """Return a table for each kind of thing that can be chosen, as Markdown."""
    tables = (_sources, _formats, _backbones, _optimizers, _methods, _corruptions, _languages)
    return "\n\n".join(one() for one in tables)


def _sources() -> str:
    rows = [(code(kind.written) if kind.prefix else kind.words,) for kind in source.SOURCES]
    return _section("Sources", "What `fetch.source` takes", ("source",), rows)


def _formats() -> str:
    rows = [
        (
            one.name,
            ", ".join(map(code, one.suffixes)),
            ", ".join(map(code, one.types)),
            _read(one.pipeline, one.package),
            _read(one.service, one.package),
        )
        for one in formats.FORMATS
    ]
    columns = ("format", "files", "MIME type", "pipeline", "service")
    unread = ", ".join(one.name for one in formats.UNREAD)
    words = (
        "Told by content, whatever a file is named. A picture of another known format is counted "
        f"and named where it lies, and not read: {unread}"
    )
    return _section("Picture formats", words, columns, rows)


def _backbones() -> str:
    rows = [(code(name), WEIGHTS[row.weights], _licence(row)) for name, row in BACKBONES.items()]
    return _section(
        "Backbones", "What `backbone` takes", ("backbone", "ImageNet weights", "licence"), rows
    )


def _licence(row: Backbone) -> str:
    licence = row.licence
    return f"[{licence.name}]({licence.address}), {licence.holder}" if licence else ""


def _optimizers() -> str:
    rows = [(code(name),) for name in OPTIMIZERS]
    return _section(
        "Optimizers",
        "What `optimizer` and `tune.optimizer` take, by Keras's names",
        ("optimizer",),
        rows,
    )


def _methods() -> str:
    rows = [(code(name), row.sampler, row.pruner) for name, row in METHODS.items()]
    return _section(
        "Tuning methods", "What `tune.method` takes", ("method", "sampler", "pruner"), rows
    )


def _corruptions() -> str:
    rows = [
        (code(name), row.level or row.axis, ", ".join(map(row.shown.format, row.levels)))
        for name, row in CORRUPTIONS.items()
    ]
    words = "Measured unless `corruptions.leave_out` names them"
    return _section("Changes of pictures", words, ("change", "level is", "levels"), rows)


def _languages() -> str:
    rows = [(code(name), row.english, row.name) for name, row in LANGUAGES.items()]
    columns = ("code", "language", "calls itself")
    return _section("Languages of the pages", "By the browser, or the switch", columns, rows)


def _section(title: str, words: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"## {title}\n\n{words}.\n\n{table(columns, rows)}"


def _read(is_read: bool, package: str) -> str:
    if package:  # whoever makes this page may have it or not
        return f"with the package `{package}`"
    return "yes" if is_read else "no"
