#!/usr/bin/env bash
# wheels.sh BENTO: put the packages of a Bento, by their hashes, into its folder `wheels`, from which
# its container is built without network. No package's own code runs. The Python that asks has to be
# of the container's version, by which the lock chooses.
set -euo pipefail
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else f"expected Python 3.11, that of the container. Received: {sys.version.split()[0]}. Name one: PYTHON=…")'
"$python" -m pip download --quiet --quiet --disable-pip-version-check --dest "$1/wheels" \
  --require-hashes --no-deps --only-binary :all: --ignore-requires-python \
  --requirement "$1/env/python/requirements.txt"
