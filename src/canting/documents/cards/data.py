"""The data card, after T. Gebru et al., "Datasheets for Datasets" (CACM 64, 2021)."""

from canting.config.columns import LABEL
from canting.documents.cards import details, licences, user_fields
from canting.documents.content import Block, Document, Listing, Mono, Section, Strong, Text, say
from canting.documents.numbers import count, listed, plural, share
from canting.documents.provenance import Provenance
from canting.documents.report import data, reproduce, review, source
from canting.documents.run import Run


def data_card(run: Run, origin: Provenance) -> Document:
    """Return the content of the data card."""
    return Document(
        f"Data card: {run.params.report.title}",
        ("pictures ", Mono(run.digest[:12])),
        _short(run),
        (
            _motivation(run),
            Section("Composition", data.pictures_section(run).blocks),
            _collection(run),
            _cleaning(run),
            Section("Near-duplicates, conflicts and folds", _folds(run)),
            _uses(run),
            _distribution(run),
            _maintenance(run),
            reproduce.section(run, origin),
        ),
        "In short",
    )


def conflicts(run: Run) -> int:
    """Return how many pictures have a near-duplicate under another label."""
    labels = run.manifest.groupby("near_duplicate")[LABEL].transform("nunique")
    return int((labels > 1).sum())


def _short(run: Run) -> tuple[Text, ...]:
    leak = run.leakage
    random, total = leak["leaked_by_a_random_split"], leak["pictures"]
    return (
        (
            f"{plural(len(run.manifest), 'picture')} of "
            f"{plural(len(run.labels), 'class', 'classes')}: {listed(run.labels)}.",
        ),
        (
            f"{plural(run.manifest['group'].nunique(), 'group')} of near-duplicates; ",
            Strong(f"{count(conflicts(run))} pictures"),
            " have a near-duplicate under another label; ",
            Strong(f"{count(len(run.quarantine))} files"),
            " were set aside.",
        ),
        review.sentence(run),
        (
            f"A random split would have leaked {count(random)} pictures ({share(random, total)}); "
            f"the folds leak {count(leak['leaked'])}.",
        ),
        ("Licence: ", Strong(licences.of_pictures(run) or "not stated"), "."),
    )


def _motivation(run: Run) -> Section:
    return Section(
        "Motivation",
        (
            say(f"To train and measure a model that recognises {listed(run.labels)}."),
            say("Use of that model: ", *user_fields.intended_use(run)),
        ),
    )


def _collection(run: Run) -> Section:
    return Section(
        "Collection",
        (
            say("Who made the pictures, how, and with whose consent: ", *user_fields.origin(run)),
            say(
                "They were fetched from ",
                Mono(source.names(run)),
                ". Labels were compared between near-duplicates, and with out-of-fold predictions; "
                "the report lists those that look wrong.",
            ),
        ),
    )


def _cleaning(run: Run) -> Section:
    height, width = run.params.image_size
    return Section(
        "Checks, cleaning and preprocessing",
        (
            *data.validation_section(run).blocks,
            say(
                "Pictures are rotated by their EXIF orientation, converted to RGB (on "
                f"white where transparent) and scaled to {height} × {width} pixels. The files "
                "themselves are not changed."
            ),
        ),
    )


def _folds(run: Run) -> tuple[Block, ...]:
    found = conflicts(run)
    words = (
        f"{plural(found, 'picture')} ({share(found, len(run.manifest))}) with a near-duplicate "
        "under another label stayed in: at least one label of each pair is wrong."
        if found
        else "No picture has a near-duplicate under another label."
    )
    return (*data.folds_section(run).blocks, say("Conflicts: ", words))


def _uses(run: Run) -> Section:
    smallest, largest = _sizes(run)
    points: list[Text] = [
        ("Suitable for: training a model that distinguishes these classes, and measuring it.",),
        ("Not suitable for: estimating how common a class is; the shares are those of the "
         "collection.",),
        ("Not suitable for: estimating accuracy on pictures of another origin.",),
        (f"The classes have {smallest} to {largest} pictures; macro scores weight them equally.",),
    ]  # fmt: skip
    if licences.is_embedded(run):
        points.append(("Not suitable for: any statement about photographs of batik.",))
    return Section("Uses", (Listing(tuple(points)),))


def _sizes(run: Run) -> tuple[str, str]:
    sizes = run.manifest[LABEL].value_counts()
    return count(sizes.min()), count(sizes.max())


def _distribution(run: Run) -> Section:
    stated = licences.of_pictures(run)
    text: Text = (
        ("Licence of the pictures: ", Strong(stated), ".")
        if stated
        else ("Licence of the pictures: ", *user_fields.not_stated("cards.data_licence"))
    )
    return Section("Distribution", (say(*text), details.licences_table(run)))


def _maintenance(run: Run) -> Section:
    return Section(
        "Maintenance",
        (
            say("Contact for questions and wrong labels: ", *user_fields.contact(run)),
            say(
                "A version of the pictures is identified by the digest (SHA-256) of the list of "
                "all files: ",
                Mono(run.digest),
                ". With it as ",
                Mono("fetch.digest"),
                " a run stops if the pictures differ.",
            ),
        ),
    )
