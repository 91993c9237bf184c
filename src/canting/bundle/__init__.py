"""The classifier of a bundle: picture in, answer out; NumPy, Pillow, LiteRT and pydantic only."""

from canting.bundle.activation import overlay
from canting.bundle.answer import Answer, ModelOutputError
from canting.bundle.card import Card
from canting.bundle.classifier import Classifier
from canting.bundle.errors import BundleError
from canting.bundle.load import load

__all__ = [
    "Answer",
    "BundleError",
    "Card",
    "Classifier",
    "ModelOutputError",
    "load",
    "overlay",
]
