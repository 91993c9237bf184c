"""Tasks that another machine can do: what they need, and what they leave, by name."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt


class Changing(str):
    """The name of a file that tasks go on with; all other names decide on the content."""

    __slots__ = ()


class Need(NamedTuple):
    """A file that a task reads.

    `name` is that in the storage; `content` is the file here, or the array that it holds; `place`
    is where the task looks for it on another machine, which keeps it for later ones if it `stays`.
    """

    name: str
    content: Path | npt.NDArray[Any]
    place: str
    stays: bool = True

    @property
    def changes(self) -> bool:
        """Whether its content is another one each time."""
        return isinstance(self.name, Changing)

    def saved(self, folder: Path) -> Path:
        """Return the file, which is written to a folder first where it is an array."""
        if isinstance(self.content, Path):
            return self.content
        path = folder / "need.npy"
        np.save(path, self.content)
        return path


@runtime_checkable
class Portable(Protocol):
    """A task whose function leaves files below the folder `cache`, and returns what is small.

    It returns nothing, and is done once, where it leaves files and none of them is `Changing`.
    """

    @property
    def cache(self) -> Path:
        """The folder of what is kept here."""
        ...

    def needs(self) -> list[Need]:
        """Return the files that it reads."""
        ...

    def makes(self) -> list[str]:
        """Return the names, below the cache and in the storage alike, of the files it leaves."""
        ...

    def moved(self) -> Self:
        """Return the task for a process whose working folder is a cache."""
        ...
