"""Expectations on the pictures."""

from fractions import Fraction
from math import floor

from canting.config import formats
from canting.config.sections import Validate
from canting.data.validate.check import Check


def picture_checks(params: Validate, pictures: int) -> list[Check]:
    """Return every expectation on `pictures` pictures."""
    return [*_each_picture(params), *_measures(params), *_repeats(params, pictures)]


def mostly(limit: float, count: int) -> tuple[float, int]:
    """Return the share of `count` rows that must be good, and how many may be bad.

    Great Expectations compares (count - bad) / count with the share: 1 - limit would be off by a
    rounding error at the limit itself, so the share is made of the same whole numbers.
    """
    allowed = floor(Fraction(str(limit)) * count)
    return ((count - allowed) / count if count else 1.0), allowed


def _each_picture(params: Validate) -> list[Check]:
    return [
        Check(
            "decodable",
            "Every picture can be decoded",
            "pictures",
            "ExpectColumnValuesToBeNull",
            {"column": "error"},
            f"a whole picture of one of the formats {', '.join(formats.decoded())}",
            "cannot be decoded: {value}",
            "replace or remove the file",
        ),
        Check(
            "min_side",
            "No picture is too small",
            "pictures",
            "ExpectColumnValuesToBeBetween",
            {"column": "short_side", "min_value": params.min_side},
            f"a shorter side of at least {params.min_side} pixels",
            "the shorter side is {value} pixels",
            "replace or remove the picture, or lower the limit",
            "validate.min_side",
        ),
        Check(
            "max_side",
            "No picture is too large",
            "pictures",
            "ExpectColumnValuesToBeBetween",
            {"column": "long_side", "max_value": params.max_side},
            f"a longer side of at most {params.max_side} pixels",
            "the longer side is {value} pixels",
            "scale or remove the picture, or raise the limit",
            "validate.max_side",
        ),
        Check(
            "modes",
            "Every picture has an accepted colour mode",
            "pictures",
            "ExpectColumnValuesToBeInSet",
            {"column": "mode", "value_set": list(params.modes)},
            f"one of the modes {', '.join(params.modes)}",
            "the mode is {value}",
            "convert or remove the picture, or add its mode to the list",
            "validate.modes",
        ),
        Check(
            "unique_names",
            "File names differ by more than case",
            "pictures",
            "ExpectColumnValuesToBeNull",
            {"column": "twin_of"},
            "no two paths that differ by case alone: some systems keep only one of them",
            "the name differs only by case from {value}",
            "rename one of them",
        ),
    ]


def _measures(params: Validate) -> list[Check]:
    low, high = params.min_brightness, params.max_brightness
    return [
        Check(
            "min_brightness",
            "No picture is black or very dark",
            "pictures",
            "ExpectColumnValuesToBeBetween",
            {"column": "brightness", "min_value": low},
            f"a mean luma of at least {low}, of 255",
            "black or very dark: the mean luma is {value}",
            "replace or remove the picture, or lower the limit",
            "validate.min_brightness",
        ),
        Check(
            "max_brightness",
            "No picture is white or very bright",
            "pictures",
            "ExpectColumnValuesToBeBetween",
            {"column": "brightness", "max_value": high},
            f"a mean luma of at most {high}, of 255",
            "white or very bright: the mean luma is {value}",
            "replace or remove the picture, or raise the limit",
            "validate.max_brightness",
        ),
        Check(
            "min_contrast",
            "No picture is of one colour",
            "pictures",
            "ExpectColumnValuesToBeBetween",
            {"column": "contrast", "min_value": params.min_contrast},
            f"a standard deviation of the luma of at least {params.min_contrast}",
            "of one colour, or nearly: the standard deviation of the luma is {value}",
            "replace or remove the picture, or lower the limit",
            "validate.min_contrast",
        ),
        Check(
            "min_sharpness",
            "No picture is blurred beyond use",
            "pictures",
            "ExpectColumnValuesToBeBetween",
            {"column": "sharpness", "min_value": params.min_sharpness},
            f"a variance of the luma's Laplacian of at least {params.min_sharpness}",
            "blurred: the variance of the luma's Laplacian is {value}",
            "replace or remove the picture, or lower the limit",
            "validate.min_sharpness",
        ),
    ]


def _repeats(params: Validate, pictures: int) -> list[Check]:
    unique, copies = mostly(params.max_duplicates, pictures)
    undisputed, conflicts = mostly(params.max_conflicts, pictures)
    return [
        Check(
            "max_duplicates",
            "Few pictures repeat another, byte for byte",
            "pictures",
            "ExpectColumnValuesToBeNull",
            {"column": "copy_of", "mostly": unique},
            f"at most {copies} of {pictures} pictures (a share of {params.max_duplicates})",
            "the same bytes as {value}",
            "remove the copies, or raise the limit",
            "validate.max_duplicates",
        ),
        Check(
            "max_conflicts",
            "Few pictures have two labels",
            "pictures",
            "ExpectColumnValuesToBeNull",
            {"column": "also_under", "mostly": undisputed},
            f"at most {conflicts} of {pictures} pictures (a share of {params.max_conflicts}), "
            "near-duplicates counted as the same picture",
            "the same picture stands under another label: {value}",
            "decide on one label and remove the others, or raise the limit",
            "validate.max_conflicts",
        ),
    ]
