"""A source that may be listed and not read."""

import os
import tempfile
from pathlib import Path

import pytest

from canting.core.errors import CantingError
from canting.data.fetch.folder import Folder
from tests.test_fetch_folder import TWO, plant


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_names_the_file_of_a_folder_that_may_be_listed_alone() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = plant(Path(folder), *TWO)
        root.chmod(0o755)
        (root / "glass").chmod(0o744)
        os.seteuid(65534)
        try:
            with pytest.raises(CantingError, match=r"glass/a\.jpg' cannot be read: Permission"):
                Folder(root)
        finally:
            os.seteuid(0)
