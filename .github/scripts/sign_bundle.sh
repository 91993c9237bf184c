#!/usr/bin/env bash
# sign_bundle.sh BUNDLE: sign a bundle as this workflow on this branch or tag, without any key, check
# the signature as the service does, and print what a service has to ask for.
set -euo pipefail
signer="https://github.com/$GITHUB_WORKFLOW_REF https://token.actions.githubusercontent.com"
.venv/bin/python -m model_signing sign sigstore "$1" --signature "$1/model.sig" --use_ambient_credentials
.venv/bin/python - "$1" "$signer" <<'END'
import sys
from pathlib import Path

from canting.bundle.signature import check

check(Path(sys.argv[1]), sys.argv[2])
END
echo "The bundle is signed. Demand it: \`CANTING_SIGNATURE='$signer'\`."
