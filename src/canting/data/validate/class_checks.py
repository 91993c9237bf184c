"""Expectations on the classes."""

from canting.config.columns import UNKNOWN
from canting.config.sections import Validate
from canting.data.validate.check import Check


def class_checks(params: Validate) -> list[Check]:
    """Return every expectation on the classes."""
    return [
        *_labels(params),
        Check(
            "two_classes",
            "There are at least two classes",
            "classes",
            "ExpectTableRowCountToBeBetween",
            {"min_value": 2},
            "at least 2 classes, a folder each",
            "",
            "add a class, or set `fetch.source` to the folder that holds the class folders",
        ),
        Check(
            "unique_labels",
            "Labels differ by more than case",
            "classes",
            "ExpectColumnValuesToBeNull",
            {"column": "twin_of"},
            "no two labels that differ by case alone: some systems keep only one of them",
            "the label differs only by case from {value}",
            "rename one of them, or merge them with `fetch.classes`",
        ),
        Check(
            "min_pictures",
            "Every class has enough pictures",
            "classes",
            "ExpectColumnValuesToBeBetween",
            {"column": "pictures", "min_value": params.min_pictures},
            f"at least {params.min_pictures} decodable pictures in each class",
            "{value} pictures",
            "add pictures, leave the class out with `fetch.classes`, or lower the limit",
            "validate.min_pictures",
        ),
        Check(
            "min_groups",
            "Every class has enough different pictures",
            "classes",
            "ExpectColumnValuesToBeBetween",
            {"column": "groups", "min_value": params.min_groups},
            f"at least {params.min_groups} groups in each class, "
            "near-duplicates counted as one group",
            "{value} groups",
            "add pictures that are no copies or crops of others, or lower the limit",
            "validate.min_groups",
        ),
        Check(
            "max_imbalance",
            "No class is much smaller than the largest",
            "classes",
            "ExpectColumnValuesToBeBetween",
            {"column": "ratio", "max_value": params.max_imbalance},
            f"a largest class at most {params.max_imbalance} times any other",
            "the largest class is {value:.4g} times this one",
            "add pictures to the small class, or raise the limit",
            "validate.max_imbalance",
        ),
    ]


def _labels(params: Validate) -> list[Check]:
    if params.labels is None:
        return []
    labels = [label for label in params.labels if label != UNKNOWN]
    return [
        Check(
            "labels",
            "The labels are the ones that were asked for",
            "classes",
            "ExpectColumnDistinctValuesToEqualSet",
            {"column": "label", "value_set": labels},
            f"the labels {', '.join(labels)}",
            "",
            "rename, add or remove class folders (`fetch.classes` does), or change the list",
            "validate.labels",
        )
    ]
