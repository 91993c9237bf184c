"""Signatures of bundles: made by the tool that signs a release, with keys of this test."""

import asyncio
import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image
from starlette.applications import Starlette

from canting.bundle import signature
from canting.bundle.errors import BundleError
from canting.serving.service.app import create_app
from canting.serving.service.settings import from_environment
from canting.serving.service.state import load_model
from tests.service_fixtures import LABELS, bundle

__all__ = ["bundle"]

pytest.importorskip("model_signing", reason="needs `canting[signature]`")

IDENTITY = "https://github.com/owner/name/.github/workflows/release.yml@refs/tags/v1.0.0"
ISSUER = "https://token.actions.githubusercontent.com"


def keys(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a pair of keys and return the private and the public one."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    made = ec.generate_private_key(ec.SECP256R1())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private.write_bytes(made.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    shown = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(made.public_key().public_bytes(pem, shown))
    return private, public


def sign(folder: Path, private: Path) -> None:
    command = [sys.executable, "-m", "model_signing", "sign", "key", str(folder)]
    options = ["--signature", str(folder / signature.SIGNATURE), "--private_key", str(private)]
    subprocess.run([*command, *options], check=True, capture_output=True)


@pytest.fixture(scope="module")
def signed(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a signed bundle and the public key."""
    folder = tmp_path_factory.mktemp("signed")
    shutil.copytree(bundle, folder / "best")
    private, public = keys(folder, "ours")
    sign(folder / "best", private)
    return folder / "best", public


def refusal(folder: Path, signer: str) -> str:
    """Return the code with which the service refuses a bundle, whose text names a way out."""
    model = load_model(folder, signer)
    assert model.classifier is None
    assert "CANTING_SIGNATURE" in model.problem
    return model.code


def test_a_signed_bundle_is_served_under_any_name(
    signed: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, public = signed
    shutil.copytree(folder, tmp_path / "2026-11-26")
    for one in (folder, tmp_path / "2026-11-26"):
        classifier = load_model(one, str(public)).classifier
        assert classifier is not None
        assert classifier.labels == LABELS


async def ask(app: Starlette, picture: bytes) -> httpx.Response:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
    async with app.router.lifespan_context(app), client:
        return await client.post("/api/classify", files={"files": picture})


@pytest.mark.parametrize("others", [False, True])
def test_a_service_that_asks_for_a_signature_answers_with_that_model_alone(
    signed: tuple[Path, Path], tmp_path: Path, others: bool
) -> None:
    public = keys(tmp_path, "theirs")[1] if others else signed[1]
    names = {"BUNDLE": str(signed[0]), "SIGNATURE": str(public), "HISTORY": "off"}
    settings = from_environment({f"CANTING_{name}": value for name, value in names.items()})
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    answer = asyncio.run(ask(create_app(settings), picture.getvalue()))
    assert answer.status_code == (503 if others else 200)
    assert ("signature_invalid" in answer.text) == others


def test_what_is_not_asked_for_is_not_checked(bundle: Path) -> None:
    assert load_model(bundle).classifier is not None


def test_a_bundle_without_a_signature_is_refused(bundle: Path, signed: tuple[Path, Path]) -> None:
    assert refusal(bundle, str(signed[1])) == "signature_absent"


def appended(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + b"\n")


def added(folder: Path) -> None:
    (folder / "samples" / "parang").mkdir(parents=True)
    (folder / "samples" / "parang" / "1.jpg").write_bytes(b"\xff\xd8")


@pytest.mark.parametrize(
    "harm",
    [
        appended("card.json"),
        appended("model.tflite"),
        added,
        lambda folder: (folder / "arrays.npz").unlink(),
        lambda folder: (folder / signature.SIGNATURE).write_text("{}"),
        lambda folder: (folder / signature.SIGNATURE).write_bytes(b"\x00\xff"),
    ],
    ids=["card", "model", "more", "less", "empty", "bytes"],
)
def test_a_bundle_that_is_not_what_was_signed_is_refused(
    signed: tuple[Path, Path], tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    shutil.copytree(signed[0], tmp_path / "best")
    harm(tmp_path / "best")
    assert refusal(tmp_path / "best", str(signed[1])) == "signature_invalid"


def test_a_signature_of_somebody_else_is_refused(signed: tuple[Path, Path], tmp_path: Path) -> None:
    shutil.copytree(signed[0], tmp_path / "best")
    theirs, _ = keys(tmp_path, "theirs")
    (tmp_path / "best" / signature.SIGNATURE).unlink()
    sign(tmp_path / "best", theirs)
    assert refusal(tmp_path / "best", str(signed[1])) == "signature_invalid"


def test_a_key_that_cannot_be_read_is_named(signed: tuple[Path, Path], tmp_path: Path) -> None:
    for path in (tmp_path / "no.pub", signed[0] / "card.json"):
        with pytest.raises(BundleError, match=path.name) as raised:
            signature.check(signed[0], str(path))
        assert raised.value.code == "signature_unchecked"


def test_an_identity_is_not_met_by_a_key(signed: tuple[Path, Path]) -> None:
    """Without a network, Sigstore's keys cannot be had, and nothing is believed either."""
    code = refusal(signed[0], f"{IDENTITY} {ISSUER}")
    assert code in {"signature_invalid", "signature_unchecked"}


def test_without_the_tool_nothing_is_believed(
    signed: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "model_signing", None)
    assert refusal(signed[0], str(signed[1])) == "signature_unchecked"
