#!/usr/bin/env bash
# image.sh load: build the Bento's container for this machine, under $NAMES.
# image.sh push: build it again from the cache, push it with its SBOM and provenance,
#                write the SBOM to build/sbom.spdx.json, and print the digest as an output of a step.
set -euo pipefail
read -ra names <<< "$NAMES"
options=(--file build/bento/env/docker/Dockerfile)
for name in "${names[@]}"; do options+=(--tag "$name"); done
docker buildx inspect canting > /dev/null 2>&1 || docker buildx create --name canting > /dev/null
case "$1" in
  load) docker buildx build --builder canting --load "${options[@]}" build/bento ;;
  push)
    docker buildx build --builder canting --push --sbom=true --provenance=mode=max \
      --metadata-file build/image.json "${options[@]}" build/bento >&2
    digest=$(jq --raw-output '."containerimage.digest"' build/image.json)
    docker buildx imagetools inspect "${names[0]%:*}@$digest" \
      --format '{{ json .SBOM.SPDX }}' > build/sbom.spdx.json
    jq --exit-status '.spdxVersion' build/sbom.spdx.json >&2
    echo "digest=$digest"
    ;;
esac
