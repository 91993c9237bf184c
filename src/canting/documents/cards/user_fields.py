"""User fields of the cards: the keys of the section `cards`, and the text for an unset one."""

from canting.documents.cards.licences import is_embedded
from canting.documents.content import Mono, Text
from canting.documents.numbers import listed
from canting.documents.run import Run

PAINTED = (
    "Painted by the project itself (canting.painter), from a seed: they show no person, "
    "photograph or cloth. They stand in for real pictures."
)


def intended_use(run: Run) -> Text:
    """Return what the model is for."""
    if run.params.cards.intended_use:
        return (run.params.cards.intended_use,)
    if is_embedded(run):
        return (
            "To try the pipeline and the service. The pictures are painted by a program, so the "
            "model is of no use on photographs.",
        )
    return (
        f"To suggest which of {listed(run.labels)} a picture shows, to a person who can look at "
        "the picture too.",
    )


def origin(run: Run) -> Text:
    """Return who made the pictures, and how."""
    if run.params.cards.data_origin:
        return (run.params.cards.data_origin,)
    return (PAINTED,) if is_embedded(run) else not_stated("cards.data_origin")


def contact(run: Run) -> Text:
    """Return the contact."""
    return (run.params.cards.contact,) if run.params.cards.contact else not_stated("cards.contact")


def not_stated(key: str) -> Text:
    """Return the text for an unset key."""
    return ("Not stated (", Mono(key), " in params.yaml).")
