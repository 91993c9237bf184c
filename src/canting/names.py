"""Names that `params.yaml` may use, known without importing a framework."""

BACKBONES = (
    "efficientnet_lite0",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "resnet50",
    "vgg19",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_b0",
    "inception_v3",
    "small_cnn",
)
"""Rows of `canting.backbones.TABLE`; a test compares the two."""

OPTIMIZERS = (
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "ftrl",
    "lamb",
    "lion",
    "muon",
    "nadam",
    "rmsprop",
    "schedulefreeadamw",
    "sgd",
)
"""Every optimizer that Keras ships, by the name that `keras.optimizers.get` takes."""
