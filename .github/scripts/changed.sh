#!/usr/bin/env bash
# Print, as Markdown, which results of the pipeline differ from the committed ones.
set -euo pipefail
if git diff --quiet -- dvc.lock results; then
  echo "The results equal the committed ones."
else
  echo "These differ from the committed ones; \`make repro\` and commit what it writes:"
  echo
  git diff --stat -- dvc.lock results | sed 's/^/    /'
fi
