"""What an archive holds, gathered entry by entry."""

from pathlib import PurePosixPath

from canting.fetch.archive import refusal
from canting.fetch.paths import ignored, is_picture


class Listing:
    """The pictures and folders of an archive that messages call `name`."""

    def __init__(self, name: str) -> None:
        """Start with nothing."""
        self.name = name
        self.pictures: dict[PurePosixPath, int] = {}
        self.folders: set[PurePosixPath] = set()

    def add_folder(self, path: PurePosixPath) -> None:
        """Take a folder and all that it lies in, unless one of them is hidden."""
        if not any(map(ignored, path.parts)):
            self.folders.update({path, *path.parents} - {PurePosixPath()})

    def add_file(self, path: PurePosixPath, size: int) -> bool:
        """Take a file if it is a picture, and say whether it is; refuse one that is there twice."""
        self.add_folder(path.parent)
        if not is_picture(path):
            return False
        if path in self.pictures:
            raise refusal(str(path), self.name, "is there twice")
        self.pictures[path] = size
        return True
