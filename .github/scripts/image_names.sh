#!/usr/bin/env bash
# Print the container's name and all its tags, as outputs of a step. A registry takes lower case alone.
# `latest` is the highest release that the repository has: a tag of an older one, or of a version that
# is not finished (v2.0.0-rc1), does not move it. Needs all tags of the repository.
set -euo pipefail
image="ghcr.io/${GITHUB_REPOSITORY,,}"
names="$image:sha-${GITHUB_SHA:0:12}"
case "$GITHUB_REF" in
  refs/heads/main) names+=" $image:main" ;;
  refs/tags/v[0-9]*)
    tag=${GITHUB_REF#refs/tags/}
    highest=$(git tag --list 'v*' | grep --extended-regexp '^v[0-9]+(\.[0-9]+)*$' | sort --version-sort | tail -1) || true
    names+=" $image:${tag#v}"
    if [ "$tag" = "$highest" ]; then names+=" $image:latest"; fi
    ;;
esac
echo "image=$image"
echo "names=$names"
