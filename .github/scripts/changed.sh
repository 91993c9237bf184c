#!/usr/bin/env bash
# Tell, as Markdown, which results the pipeline made otherwise than they are committed.
set -euo pipefail
if git diff --quiet -- dvc.lock results; then
  echo "The results are those that are committed."
else
  echo "These are not as committed; \`make repro\` and commit what it writes:"
  echo
  git diff --stat -- dvc.lock results | sed 's/^/    /'
fi
