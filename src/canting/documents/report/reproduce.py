"""The section on reproducing the study."""

from canting.documents.content import Block, Code, Details, Listing, Mono, Section, Span, say
from canting.documents.provenance import Provenance
from canting.documents.run import Run


def section(run: Run, origin: Provenance) -> Section:
    """Return commands, revision, digests, seed, versions, machine and all parameters."""
    return Section(
        "Reproduce it",
        (
            Code("\n".join(_commands(run, origin)), "sh"),
            *_warning(origin),
            Listing(
                (
                    ("Git revision: ", _mono(origin.revision)),
                    ("Digest of the pictures (", Mono("fetch.digest"), "): ", Mono(run.digest)),
                    ("Digest of the stages in ", Mono("dvc.lock"), ": ", _mono(origin.lock)),
                    ("Seed of folds, views and trainings: ", Mono(str(run.params.seed))),
                    (f"Machine: {origin.machine}",),
                    ("Versions: " + ", ".join(origin.versions),),
                )
            ),
            Details("All parameters", (Code(origin.params.rstrip(), "yaml"),)),
        ),
    )


def _commands(run: Run, origin: Provenance) -> list[str]:
    commit = (origin.revision or "").removesuffix("-dirty")
    start = [f"git checkout {commit}"] if commit else []
    if run.params.fetch.source == "data":
        return [*start, "make repro"]
    return [*start, "# needs the pictures of `fetch.source`, see section 1", "make repro"]


def _warning(origin: Provenance) -> tuple[Block, ...]:
    if origin.revision and origin.revision.endswith("-dirty"):
        words = "The run had uncommitted changes; "
        return (say(words, "commit them, and this page names a revision that has them all."),)
    return ()


def _mono(text: str | None) -> Span:
    return Mono(text) if text else "not known"
