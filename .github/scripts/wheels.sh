#!/usr/bin/env bash
# wheels.sh BENTO: put the packages of a Bento, by their hashes, into its folder `wheels`, from which
# its container is built without network. No package's own code runs.
set -euo pipefail
"${PYTHON:-python3}" -m pip download --quiet --quiet --disable-pip-version-check --dest "$1/wheels" \
  --require-hashes --no-deps --only-binary :all: --python-version 3.11 --ignore-requires-python \
  --requirement "$1/env/python/requirements.txt"
