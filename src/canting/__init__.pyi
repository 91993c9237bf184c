from canting.bundle.answer import Answer as Answer
from canting.bundle.classifier import Classifier as Classifier
from canting.bundle.load import load as load
from canting.core.errors import CantingError as CantingError
