"""Errors of bundles that cannot be used, with a code for each cause."""

from typing import Literal

from canting.core.errors import CantingError

Code = Literal[
    "bundle_absent",
    "card_absent",
    "card_invalid",
    "model_absent",
    "model_format",
    "model_damaged",
    "model_signature",
    "model_output",
    "classes_differ",
    "arrays_absent",
    "arrays_damaged",
    "signature_absent",
    "signature_invalid",
    "signature_unchecked",
]

FIX = "Write the bundle again: `dvc repro --force export`."


class BundleError(CantingError):
    """A bundle that is not whole, or whose parts do not belong together; `code` says which."""

    def __init__(self, code: Code, message: str, fix: str = FIX) -> None:
        """Keep the code for programs beside the message for people."""
        super().__init__(f"{message} {fix}")
        self.code = code
