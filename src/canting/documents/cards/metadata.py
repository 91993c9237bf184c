"""Metadata of the cards as YAML front matter, in the form that Hugging Face's Hub reads.

https://huggingface.co/docs/hub/model-cards and https://huggingface.co/docs/hub/datasets-cards
"""

import io
from typing import Any

from ruamel.yaml import YAML

from canting.config.metrics import METRICS
from canting.core.frames import row_of
from canting.documents.cards import licences
from canting.documents.run import Run

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""Upper ends of the Hub's classes of size."""


def of_model(run: Run) -> dict[str, Any]:
    """Return the metadata of the model card."""
    return {
        **licences.metadata(_shared(run), _parts(run), "model_card.html"),
        "library_name": "litert",
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "litert", "canting"],
        "metrics": [row.hub or name for name, row in METRICS.items()],
        "model-index": [{"name": run.params.report.title, "results": [_result(run)]}],
    }


def of_data(run: Run) -> dict[str, Any]:
    """Return the metadata of the data card."""
    stated = licences.of_pictures(run)
    return {
        **licences.metadata(stated, stated or "not-stated", "data_card.html"),
        "pretty_name": run.params.report.title,
        "task_categories": ["image-classification"],
        "size_categories": [_size(len(run.manifest))],
        "tags": ["canting"],
        "dataset_info": {"features": _features(run), "splits": [_split(run)]},
    }


def text(metadata: dict[str, Any]) -> str:
    """Return metadata as the head of a Markdown file."""
    yaml, stream = YAML(), io.StringIO()
    yaml.default_flow_style = False
    yaml.width = 10_000
    yaml.dump(metadata, stream)
    return f"---\n{stream.getvalue()}---\n\n"


def _shared(run: Run) -> str | None:
    """Return the licence of weights and pictures where they have the same."""
    weights, pictures = licences.of_weights(run), licences.of_pictures(run)
    return pictures if all(one.name == pictures for one in weights) else None


def _parts(run: Run) -> str:
    weights = "-".join(dict.fromkeys(one.name for one in licences.of_weights(run)))
    pictures = licences.of_pictures(run) or "not-stated"
    return f"weights-{weights or 'none'}-pictures-{pictures}".lower()


def _evaluated(run: Run) -> str:
    folds, repeats = run.params.folds, run.params.repeats
    if run.elsewhere:
        times = "once" if repeats == 1 else f"{repeats} times"
        return f"{folds} collections, each left out {times}"
    drawn = "" if repeats == 1 else f"{repeats} draws of "
    return f"{drawn}{folds} group-disjoint folds, out of fold"


def _result(run: Run) -> dict[str, Any]:
    row = row_of(run.scored, run.winner)
    return {
        "task": {"type": "image-classification", "name": "Image classification"},
        "dataset": {
            "type": "imagefolder",
            "name": run.params.report.title,
            "split": _evaluated(run),
            "revision": run.digest,
        },
        "metrics": [
            {"type": one.hub or name, "name": f"{one.label}, pooled", "value": _value(row[name])}
            for name, one in METRICS.items()
        ],
    }


def _value(number: Any) -> float:
    return round(float(number), 4)


def _size(pictures: int) -> str:
    return next((name for end, name in SIZES if pictures < end), "1M<n<10M")


def _features(run: Run) -> list[dict[str, Any]]:
    names = {str(number): label for number, label in enumerate(run.labels)}
    return [
        {"name": "image", "dtype": "image"},
        {"name": "label", "dtype": {"class_label": {"names": names}}},
    ]


def _split(run: Run) -> dict[str, Any]:
    return {
        "name": "train",
        "num_bytes": int(run.manifest["bytes"].sum()),
        "num_examples": len(run.manifest),
    }
