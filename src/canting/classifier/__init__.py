"""The one way from a picture to an answer; NumPy, Pillow, LiteRT and pydantic are all it needs."""

from canting.classifier.answer import Answer, ModelOutputError
from canting.classifier.card import Card
from canting.classifier.classifier import Classifier
from canting.classifier.errors import BundleError
from canting.classifier.load import load
from canting.classifier.overlay import overlay

__all__ = [
    "Answer",
    "BundleError",
    "Card",
    "Classifier",
    "ModelOutputError",
    "load",
    "overlay",
]
