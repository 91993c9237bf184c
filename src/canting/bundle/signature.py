"""Check who signed a bundle, before anything in it is read.

Signatures are those of OpenSSF Model Signing: a Sigstore bundle over the digests of all files.
"""

from pathlib import Path
from typing import Any

from canting.bundle.errors import BundleError

SIGNATURE = "model.sig"
"""File of a bundle, the name that `model_signing sign` gives it as well."""

FIX = "Take a bundle that is signed, or unset `CANTING_SIGNATURE`."


def check(folder: Path, signer: str) -> None:
    """Raise `BundleError` unless a signer signed every file of a bundle, and no other is there.

    The signer is the path of a public key, or, for a signature without keys, an identity and the
    OpenID Connect issuer that vouches for it, with a space between.
    """
    path = folder / SIGNATURE
    if not path.is_file():
        raise BundleError("signature_absent", f"There is no signature `{path}`.", FIX)
    verifier = _verifier(signer)
    try:
        verifier.verify(folder, path)
    except Exception as error:  # whatever is wrong in a file that anybody may have made
        received = " ".join(str(error).split())[:300] or type(error).__name__
        raise BundleError(
            "signature_invalid",
            f"`{path}`: expected a signature of these files by `{signer}`. Received: {received}.",
            FIX,
        ) from None


def _verifier(signer: str) -> Any:
    """Return what checks a signer's signatures; reaching for Sigstore's keys needs the network."""
    identity, _, issuer = signer.partition(" ")
    try:
        from model_signing import verifying

        config = verifying.Config()
        if issuer.startswith("https://"):
            return config.use_sigstore_verifier(identity=identity, oidc_issuer=issuer)
        return config.use_elliptic_key_verifier(public_key=Path(signer))
    except ImportError:
        reason = "no package that can: install `canting[signature]`"
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
    raise BundleError(
        "signature_unchecked",
        f"The signature of the bundle could not be checked against `{signer}`: expected a public "
        f"key, or an identity and its issuer. Received: {reason}.",
        FIX,
    )
