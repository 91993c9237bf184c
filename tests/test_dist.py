"""The wheel and the source distribution, as `make dist` builds and checks them."""

import importlib.util
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def dist() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dist", ROOT / ".ci" / "dist.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(dist: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    with pytest.MonkeyPatch.context() as patch:
        path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        patch.setenv("PATH", path)
        wheel, source = dist.build(tmp_path_factory.mktemp("dist") / "made")
        dist.check(wheel, source)
    return wheel, source


@pytest.mark.slow
def test_both_hold_every_file_that_git_tracks_and_no_other(
    dist: ModuleType, built: tuple[Path, Path]
) -> None:
    assert dist.differences(*built) == []
    with zipfile.ZipFile(built[0]) as wheel:
        names = wheel.namelist()
    assert {"canting/py.typed", "canting/__init__.pyi"} <= {*names}
    assert any(name.endswith("/LICENSE") for name in names)


@pytest.mark.slow
def test_a_file_too_many_or_too_few_is_told(
    dist: ModuleType, built: tuple[Path, Path], tmp_path: Path
) -> None:
    wheel, source = tmp_path / "a.whl", tmp_path / "a.tar.gz"
    shutil.copyfile(built[0], wheel)
    with zipfile.ZipFile(wheel, "a") as file:
        file.writestr("canting/left.py", "")
    with tarfile.open(source, "w:gz") as archive, tarfile.open(built[1]) as whole:
        for one in whole.getmembers():
            if not one.name.endswith("py.typed"):
                archive.addfile(one, whole.extractfile(one))
    assert dist.differences(wheel, source) == [
        "a.whl has src/canting/left.py, which git does not",
        "a.tar.gz lacks src/canting/py.typed",
    ]
