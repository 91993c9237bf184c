"""What `/metrics` tells of the service, beside what BentoML counts itself.

This module must be imported after `PROMETHEUS_MULTIPROC_DIR` is set; BentoML sets it for its
workers.
"""

from prometheus_client import Counter, Histogram

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
"""Seconds."""

DECODE = Histogram("canting_decode_seconds", "Decoding of a picture", buckets=BUCKETS)
INFERENCE = Histogram("canting_inference_seconds", "Answer of the model", buckets=BUCKETS)
PREDICTIONS = Counter("canting_predictions", "Answered pictures", ["label"])
ABSTENTIONS = Counter("canting_abstentions", "Answers without a label", ["reason"])
REFUSALS = Counter("canting_refusals", "Refused requests and pictures", ["code"])
HISTORY_FAILURES = Counter("canting_history_failures", "Answers that could not be kept")
MODEL_FAILURES = Counter("canting_model_output_invalid", "Answers of the model that are no numbers")
