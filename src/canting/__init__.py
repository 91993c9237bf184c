"""A pipeline from a folder of labelled pictures to a classifier that its owner can trust."""


def __getattr__(name: str) -> object:
    """Return a name of the Python API, imported at its first use: NumPy alone takes 0.1 s.

    `__init__.pyi` has the names and types. The imports are no statements, as nothing of the
    project depends on them: `canting.core.closure` follows statements.
    """
    from importlib import import_module

    api = {
        "Answer": "canting.bundle.answer",
        "CantingError": "canting.core.errors",
        "Classifier": "canting.bundle.classifier",
    }
    if name not in api:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    return getattr(import_module(api[name]), name)
