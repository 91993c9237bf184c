#!/usr/bin/env bash
# Start the container as a user would, and send it requests.
set -euo pipefail
read -ra names <<< "$NAMES"
container=$(docker run --detach --publish 127.0.0.1:3000:3000 "${names[0]}")
trap 'docker logs "$container"; docker rm --force "$container" > /dev/null' EXIT
python3 .github/scripts/smoke.py http://127.0.0.1:3000 build/bento
