"""The source of a network of one's own, known without a framework."""

from pathlib import Path

from canting.core import local_code
from canting.core.errors import CantingError


class OwnNetworkError(CantingError):
    """A network of the user's that cannot be used."""

    def __init__(self, backbone: str, expected: str, received: object) -> None:
        """Say what was expected and received."""
        super().__init__(
            f"`backbone: {backbone}`: expected {expected}. Received: {received}. See "
            "`docs/pictures.md`, section *A network of one's own*."
        )


def source(backbone: str) -> str:
    """Return a digest of the source of a network; raise `OwnNetworkError` where there is none."""
    module = backbone.partition(":")[0]
    path = Path(*module.split("."))
    if not {f"{path.as_posix()}.py", f"{path.as_posix()}/__init__.py"} & set(
        local_code.files_of(module, Path.cwd())
    ):
        expected = f"a module `{module}` in the project's folder, `{path}.py`"
        raise OwnNetworkError(backbone, expected, "no such file")
    return local_code.digest(module, Path.cwd())
