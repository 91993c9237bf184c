from canting.bundle.answer import Answer as Answer
from canting.bundle.classifier import Classifier as Classifier
from canting.core.errors import CantingError as CantingError
