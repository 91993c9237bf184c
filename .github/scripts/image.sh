#!/usr/bin/env bash
# image.sh load: build the Bento's container for this machine, under $NAMES, from its wheels alone.
# image.sh push: build it again from the cache, push it with its SBOM and provenance,
#                write the SBOM to build/sbom.spdx.json, and print the digest as an output of a step.
# The base is the newest of its name, or $BASE; its digest is a label of what is built. It is looked
# up once, so that what is pushed is what was tested.
set -euo pipefail
name=docker.io/library/python:3.11-slim-bookworm
read -ra names <<< "$NAMES"
docker buildx inspect canting > /dev/null 2>&1 || docker buildx create --name canting > /dev/null
if [ ! -f build/base ]; then
  digest=$(docker buildx imagetools inspect "$name" --format '{{ json .Manifest }}' | jq --raw-output --exit-status .digest)
  echo "${BASE:-$name@$digest}" > build/base
fi
base=$(cat build/base)
[[ $base =~ ^[^@]+@sha256:[0-9a-f]{64}$ ]] || { echo "expected NAME@sha256:… Received: $base" >&2; exit 1; }
options=(
  --builder canting --file build/bento/env/docker/Dockerfile --network none
  --build-arg "BASE=$base" --build-arg PIP_NO_INDEX=1
  --label "org.opencontainers.image.base.name=${base%@*}"
  --label "org.opencontainers.image.base.digest=${base#*@}"
  --label "org.opencontainers.image.revision=${GITHUB_SHA:-}"
)
for one in "${names[@]}"; do options+=(--tag "$one"); done
case "$1" in
  load) docker buildx build --load "${options[@]}" build/bento ;;
  push)
    docker buildx build --push --sbom=true --provenance=mode=max \
      --metadata-file build/image.json "${options[@]}" build/bento >&2
    digest=$(jq --raw-output '."containerimage.digest"' build/image.json)
    docker buildx imagetools inspect "${names[0]%:*}@$digest" \
      --format '{{ json .SBOM.SPDX }}' > build/sbom.spdx.json
    jq --exit-status '.spdxVersion' build/sbom.spdx.json >&2
    echo "digest=$digest"
    echo "base=$base"
    ;;
esac
