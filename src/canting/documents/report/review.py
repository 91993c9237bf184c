"""The section on labels that look wrong."""

from canting.config.columns import LABEL, PATH
from canting.core.frames import records
from canting.documents.content import Block, Mono, Section, Span, Strong, Table, Text, figure, say
from canting.documents.numbers import count, plural, score, share
from canting.documents.run import Run

LISTED = 20
"""Doubtful labels in the table; the contact sheet and the file have all that were asked for."""


def section(run: Run) -> Section:
    """Return how many labels look wrong, the contact sheet, and the most doubtful ones."""
    return Section(
        "Doubtful labels",
        (
            say(
                *sentence(run),
                " Confident learning estimates from the out-of-fold probabilities of the chosen "
                "scenario how many labels are wrong, and takes those with the least probability "
                "for them (Northcutt and others, 2021).",
            ),
            say(*_others(run)),
            *_shown(run),
            say(
                "A doubt is no proof: the model may be wrong where the label is right, and what "
                "it has learned from wrong labels it does not doubt. A person decides: ",
                Mono("canting review"),
                " shows these pictures, and writes a table of corrected labels.",
            ),
        ),
    )


def sentence(run: Run) -> Text:
    """Return the number of labels that look wrong."""
    told = run.review_metrics
    number, total = told["doubtful"], told["pictures"]
    if not number:
        return (f"None of the {count(total)} labels looks wrong.",)
    return (
        Strong(f"{count(number)} of {count(total)} labels ({share(number, total)})"),
        " look wrong." if number > 1 else " looks wrong.",
    )


def _others(run: Run) -> Text:
    told = run.review_metrics
    parts = [
        f"{plural(told['conflicts'], 'picture')} with a near-duplicate under another label",
        f"{told['outliers']:,} unlike the other pictures of the class",
    ]
    text = f"Beside the probabilities: {'; '.join(parts)}."
    if confirmed := told["confirmed"]:
        text += f" A person gave or confirmed {plural(confirmed, 'label')}, which are not doubted."
    if unseen := told["pictures"] - told["judged"]:
        text += f" {plural(unseen, 'picture')} of the hold-out have no out-of-fold probability."
    return (text,)


def _shown(run: Run) -> tuple[Block, ...]:
    if run.review.empty:
        return ()
    sheet = figure(
        run.results / "review" / "review.png",
        f"The {count(len(run.review))} most doubtful pictures: given → proposed label, and why.",
        "Doubtful pictures, the most doubtful first; the first ones are in the table after it",
    )
    return (*sheet, _table(run))


def _table(run: Run) -> Table:
    rows: tuple[tuple[Span, ...], ...] = tuple(
        (
            str(number),
            row[PATH],
            row[LABEL],
            row["proposed"],
            score(row["probability"]),
            score(row["probability_proposed"]),
            row["reason"],
        )
        for number, row in enumerate(records(run.review.head(LISTED)), 1)
    )
    rest = len(run.review) - len(rows)
    more = f"; {count(rest)} more are in results/review/review.csv" if rest else ""
    columns = ("no.", "picture", "label", "proposed", "p(label)", "p(proposed)", "reason")
    return Table(f"The most doubtful labels{more}.", columns, rows, words=4)
