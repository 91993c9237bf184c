"""The sections of the model card on the model's details and its licences."""

from collections.abc import Callable

from canting.config.catalog import ALL, Licence, backbone_of, is_own
from canting.config.columns import SCENARIO
from canting.config.scenario import AND
from canting.core.frames import row_of
from canting.documents.cards import licences, user_fields
from canting.documents.content import Link, Mono, Section, Span, Table, Text, say
from canting.documents.numbers import count, decimal, listed, millions, score, size
from canting.documents.report import ensemble
from canting.documents.report.scenarios import full
from canting.documents.run import Run
from canting.evaluation.statistics import factors


def section(run: Run) -> Section:
    """Return name, kind, size, training and digests of a model."""
    return Section(
        "Model details",
        (
            Table("The model.", ("what", "value"), tuple(_rows(run)), words=2),
            *((say(run.reason),) if len(run.members) > 1 else ()),
            *ensemble.blocks(run),
            say("Questions and corrections: ", *user_fields.contact(run)),
        ),
    )


def _rows(run: Run) -> list[tuple[Span, ...]]:
    row = row_of(full(run), run.winner)
    height, width = run.params.image_size
    return [
        ("kind", "image classification by transfer learning"),
        ("network", _of_members(run, "backbone", _network)),
        ("trained part", _of_members(run, "fine_tune_from", _tail)),
        ("setting", AND.join(factors.full_names(run.trained)[name] for name in run.members)),
        ("classes", listed(run.labels)),
        ("input", f"RGB picture, {height} × {width} pixels (height × width)"),
        ("output", "logits, pooled feature, last feature map"),
        ("temperature", score(run.calibrated["temperature"])),
        ("parameters", _parameters(run)),
        ("multiply-adds a picture", millions(row["multiply_adds"])),
        ("size without the classifier", size(row["model_bytes"])),
        ("time a picture, one thread", f"{decimal(row['milliseconds'])} ms (median)"),
        ("file", Mono("model.tflite")),
        ("SHA-256", Mono(str(run.card["model_sha256"]))),
    ]


def _parameters(run: Run) -> str:
    candidates = (one for one in run.selection["candidates"] if one[SCENARIO] == run.winner)
    ours = next(candidates, None) or run.ensemble
    assert ours is not None
    return f"{count(ours['parameters'])}, of which {count(ours['trained_parameters'])} are trained"


def _of_members(run: Run, column: str, words: Callable[[str], str]) -> str:
    """Return in words what the members have in a column, what they share said once."""
    values = [str(row_of(run.trained, name)[column]) for name in run.members]
    return "; ".join(map(words, dict.fromkeys(values)))


def _network(backbone: str) -> str:
    return f"{backbone}, {_weights(backbone)}"


def _weights(backbone: str) -> str:
    if is_own(backbone):
        return "trained as a whole, from the weights that its author gives it"
    scratch = backbone_of(backbone).weights == "none"
    return "trained from scratch" if scratch else "pretrained on ImageNet"


def _tail(layer: str) -> str:
    if layer == ALL:
        return "all layers"
    return f"from layer {layer}" if layer else "the classifier; all other layers are frozen"


def licences_table(run: Run) -> Table:
    """Return a row for each part that a model is made of."""
    return Table(
        "Licences.",
        ("part", "licence", "by"),
        (
            ("code", licences.OWN, "canting"),
            *_of_weights(run),
            ("pictures", licences.of_pictures(run) or "not stated", _by(run)),
        ),
        words=3,
    )


def licences_section(run: Run) -> Section:
    """Return the licences of code, weights and pictures, and what follows."""
    return Section("Licences", (licences_table(run), say(*_advice(run))))


def _of_weights(run: Run) -> list[tuple[Span, ...]]:
    found = licences.of_weights(run)
    if not found:
        return [("initial weights", "–", "trained from scratch")]
    return [("initial weights", _named(one), one.holder) for one in found]


def _named(licence: Licence) -> Span:
    return Link(licence.name, licence.address) if licence.address else licence.name


def _by(run: Run) -> str:
    return "canting" if licences.is_embedded(run) else "see the data card"


def _advice(run: Run) -> Text:
    words = (
        "The weights were trained on ImageNet, whose pictures are for research only; whether that "
        "restricts a model is not settled.",
    )
    stated = licences.of_pictures(run)
    if stated:
        return words if licences.is_of_imagenet(run) else ("See the licence of the pictures.",)
    return (
        "The licence of the pictures is not stated (",
        Mono("cards.data_licence"),
        "): do not distribute the model before it is known. ",
        *(words if licences.is_of_imagenet(run) else ()),
    )
