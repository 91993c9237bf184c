#!/usr/bin/env bash
# Print the container's name and all its tags, as outputs of a step. A registry takes lower case alone.
set -euo pipefail
image="ghcr.io/${GITHUB_REPOSITORY,,}"
names="$image:sha-${GITHUB_SHA:0:12}"
case "$GITHUB_REF" in
  refs/heads/main) names+=" $image:main" ;;
  refs/tags/v*) names+=" $image:${GITHUB_REF#refs/tags/v} $image:latest" ;;
esac
echo "image=$image"
echo "names=$names"
