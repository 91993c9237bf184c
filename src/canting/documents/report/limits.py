"""The limits of the study and the references."""

from canting.documents.content import Link, Listing, Section, Text
from canting.documents.numbers import plural
from canting.documents.run import Run


def section(run: Run) -> Section:
    """Return what to keep in mind when the figures are used."""
    return Section("Limits", (Listing(tuple((point,) for point in _points(run))),))


def references() -> Section:
    """Return the sources of the methods."""
    return Section("References", (Listing(REFERENCES),))


def _points(run: Run) -> list[str]:
    folds, repeats = run.params.folds, run.params.repeats
    times = "once" if repeats == 1 else f"{repeats} times"
    drawn = "The folds are the collections." if run.elsewhere else f"The folds were drawn {times}."
    folds *= 1 if run.elsewhere else repeats
    points = [
        f"{drawn} {plural(folds, 'fold')} leave {folds - 1} degrees of freedom, "
        "so intervals are wide and, for overlapping training parts, approximate.",
        "“Not distinguishable” does not mean equal: more pictures could show a difference.",
        elsewhere(run),
        "Near-duplicates are found by the content of the pictures. Photographs of one object "
        "from different sides count as different.",
        "Labels are taken as given; a wrong label counts as a mistake of the model. Labels that "
        "look wrong are listed, not corrected.",
    ]
    if not run.selection["hold_out"]:
        points.append(
            "Without a hold-out, the score of the chosen scenario is slightly optimistic, because "
            "it was selected by that score."
        )
    return points


def elsewhere(run: Run) -> str:
    """Return what the figures say of pictures from elsewhere, and what such a gap can be."""
    if run.elsewhere:
        return (
            "The figures hold for a further collection as far as it is like one of these: "
            f"{plural(run.params.folds, 'collection')} are few to tell by."
        )
    if run.served and run.served["pictures"]:
        known = [one for one in run.served["collections"].values() if one["pictures"]]
        return (
            f"Of pictures from elsewhere is known what {plural(run.served['pictures'], 'picture')} "
            f"of {plural(len(known), 'other collection')} show: see “Pictures of other "
            "collections”. Those of a further place are another collection again."
        )
    if len(run.collections) > 1:
        why = "no collection was left out, as `preprocess.split: collections` does"
    else:
        why = "all of these are of one collection"
    return f"Of pictures from elsewhere nothing is known: {why}. {GAP}"


GAP = (
    "In studies with canting the gap was wide: three batik motifs, macro F1 0.989 inside their "
    "collection, had 82 to 87 % of the pictures right on six others, with half of the good ones "
    "refused; garbage, accuracy 0.968 inside TrashNet, had 0.758 on another collection (58 % "
    "refused) and 0.42 on three further ones."
)
"""What was measured on collections that no training saw, whose pictures show none of its objects.

Batik: 740 pictures; the default parameters, and `studies/robust.yaml`. Garbage:
`studies/compact.yaml`.
"""


REFERENCES: tuple[Text, ...] = (
    (
        "[1] C. Nadeau, Y. Bengio: Inference for the Generalization Error. Machine Learning 52, "
        "239–281, 2003. ",
        Link("doi:10.1023/A:1024068626366", "https://doi.org/10.1023/A:1024068626366"),
    ),
    (
        "[2] S. Holm: A Simple Sequentially Rejective Multiple Test Procedure. Scandinavian "
        "Journal of Statistics 6, 65–70, 1979. ",
        Link("jstor.org/stable/4615733", "https://www.jstor.org/stable/4615733"),
    ),
    (
        "[3] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger: On Calibration of Modern Neural "
        "Networks. Proceedings of ICML, PMLR 70, 1321–1330, 2017. ",
        Link("arxiv.org/abs/1706.04599", "https://arxiv.org/abs/1706.04599"),
    ),
    (
        "[4] C. Northcutt, L. Jiang, I. Chuang: Confident Learning: Estimating Uncertainty in "
        "Dataset Labels. Journal of Artificial Intelligence Research 70, 1373–1411, 2021. ",
        Link("doi:10.1613/jair.1.12125", "https://doi.org/10.1613/jair.1.12125"),
    ),
)
