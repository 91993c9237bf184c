"""The model card, after M. Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019)."""

from canting.config.metrics import METRICS, directions, mean_of
from canting.core.frames import row_of
from canting.documents.cards import analyses, cost, details, user_fields
from canting.documents.content import Document, Listing, Mono, Section, Strong, Text, say
from canting.documents.numbers import count, level, listed, plural, score, share
from canting.documents.provenance import Provenance
from canting.documents.report import elsewhere, exports, limits, reproduce, source
from canting.documents.report.scenarios import mean_with_interval
from canting.documents.run import Run


def model_card(run: Run, origin: Provenance) -> Document:
    """Return the content of the model card."""
    return Document(
        f"Model card: {run.params.report.title}",
        ("model ", Mono(str(run.card["model_sha256"])[:12]), *_revision(run)),
        _short(run),
        (
            details.section(run),
            _use(run),
            _factors(run),
            _metrics(run),
            _data(run),
            *analyses.sections(run),
            *exports.sections(run),
            _ethics(),
            cost.section(run, origin),
            details.licences_section(run),
            reproduce.section(run, origin),
        ),
        "In short",
    )


def _revision(run: Run) -> Text:
    revision = run.card.get("git_revision")
    return (" · revision ", Mono(str(revision)[:12])) if revision else ()


def _short(run: Run) -> tuple[Text, ...]:
    row = row_of(run.scored, run.winner)
    changed = run.corruption_metrics
    return (
        (f"It tells which of {plural(len(run.labels), 'class', 'classes')} a picture shows: ",
         f"{listed(run.labels)}."),
        (
            f"Macro F1 on pictures that it was not trained with, mean over the {run.blocks}: ",
            Strong(mean_with_interval(row, "macro_f1")),
            f" ({level(run.params.evaluate.confidence)} interval), accuracy "
            f"{score(row[mean_of('accuracy')])}; pooled: macro F1 {score(row['macro_f1'])}, "
            f"accuracy {score(row['accuracy'])}.",
        ),
        *((found,) if (found := elsewhere.finding(run)) else ()),
        (
            "On the same pictures with drawn changes, such as blur, light and scale: accuracy ",
            Strong(score(changed["corrupted_accuracy"])),
            f"; the worst change is {changed['worst']}, {score(changed['worst_accuracy'])}.",
        ),
        (limits.elsewhere(run),),
        user_fields.intended_use(run),
    )  # fmt: skip


def _use(run: Run) -> Section:
    abstains = bool(run.card.get("abstention"))
    strangers = (
        "Pictures of anything else. Many of them are refused, not all: see “Abstention”."
        if abstains
        else "Pictures of anything else: it always answers with one of its classes."
    )
    return Section(
        "Intended use",
        (
            say(*user_fields.intended_use(run)),
            say("It must not be used for:"),
            Listing(
                (
                    (strangers,),
                    ("Decisions about people, and anything where a mistake does harm that no "
                     "person can notice and correct.",),
                    ("Judging age, value, maker or authenticity of what is shown: the model "
                     "learned only the classes.",),
                    ("Pictures of another origin (camera, scale, place) before its accuracy was "
                     "measured on some of them.",),
                )
            ),
        ),
    )  # fmt: skip


def _factors(run: Run) -> Section:
    return Section(
        "Factors",
        (
            say(
                f"Figures are given by class ({listed(run.labels)}), by {run.blocks[:-1]}, and by "
                "kind and "
                f"strength of change ({listed(list(run.corruption_metrics['kinds']))}). The "
                "people, places and cameras behind the pictures are not known, so there are no "
                "figures for such groups."
            ),
        ),
    )


def _metrics(run: Run) -> Section:
    return Section(
        "Metrics",
        (
            say(
                f"{listed([row.label for row in METRICS.values()])}, each as the mean over the "
                f"{run.blocks} and pooled, from the predictions of all {run.blocks} together; "
                "precision, recall "
                "and F1 of each class; log-loss in nats; expected calibration error. Macro means "
                f"count a rare class as much as a common one. {directions()}"
            ),
            say(
                f"Intervals are at {level(run.params.evaluate.confidence)}: of the means over "
                f"{run.blocks} with the corrected variance of Nadeau and Bengio (2003), of shares "
                "with "
                "Wilson’s "
                "score. The answer is the most probable class; probabilities are calibrated with "
                "one temperature."
            ),
        ),
    )


def _data(run: Run) -> Section:
    leak, total = run.leakage, run.leakage["pictures"]
    held = run.selection["hold_out"]
    scored = (
        f"; a hold-out of {plural(int(held['pictures']), 'picture')} was scored once"
        if held
        else ""
    )
    return Section(
        "Training and evaluation data",
        (
            say(
                f"{plural(total, 'picture')} in {plural(leak['groups'], 'group')} of "
                f"near-duplicates, from ",
                Mono(source.names(run)),
                "; see the data card beside this one.",
            ),
            say(
                f"Evaluation {run.evaluated}. Each picture is predicted by the network "
                f"that has seen neither it nor a near-duplicate of it{scored}. A random split "
                f"would have leaked {count(leak['leaked_by_a_random_split'])} pictures "
                f"({share(leak['leaked_by_a_random_split'], total)}), these folds leak "
                f"{count(leak['leaked'])}. The model itself was then trained on all folds."
            ),
        ),
    )


def _ethics() -> Section:
    points = tuple((point,) for point in CAVEATS)
    return Section("Ethical considerations, caveats and advice", (Listing(points),))


CAVEATS = (
    "A wrong label among the training pictures is learned, and counted as correct.",
    "A probability of 0.9 is right in about nine of ten pictures like these; on others it can be "
    "wrong every time.",
    "ImageNet, on which most networks were pretrained, was gathered from the web and shows some "
    "parts of the world far more than others.",
    "Watch what people correct, and train again where the pictures change.",
)
