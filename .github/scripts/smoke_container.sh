#!/usr/bin/env bash
# Run the container as an operator would: no root, no capabilities, a root that cannot be written,
# and no network. Ask it as a visitor would, restart it, and look for the history in its volume.
# $ENGINE is `docker`, or another with its commands.
set -euo pipefail
read -ra names <<< "$NAMES"
read -ra engine <<< "${ENGINE:-docker}"
read -ra more <<< "${OPTIONS:-}"
scripts=$(dirname "$0")
address=http://127.0.0.1:3000
volume=canting-smoke-$$
container=

start() {
  container=$("${engine[@]}" run --detach --network none --read-only --tmpfs /tmp \
    --cap-drop all --security-opt no-new-privileges --volume "$volume:/history" \
    --env CANTING_TOKEN=of-the-smoke-test \
    "${more[@]}" "$@" "${names[0]}")
}
inside() { "${engine[@]}" exec --interactive "$container" "$@"; }
remove() { "${engine[@]}" rm --force "$container" > /dev/null; }
end() {
  local code=$?
  [ "$code" = 0 ] || "${engine[@]}" logs "$container" >&2 || true
  remove || true
  "${engine[@]}" volume rm --force "$volume" > /dev/null || true
  exit "$code"
}
healthy() {
  local check
  check=$("${engine[@]}" inspect --format '{{ json .Config.Healthcheck.Test }}' "$container")
  mapfile -d '' -t check < <(python3 -c \
    'import json, sys; sys.stdout.write("\0".join(json.loads(sys.argv[1])[1:]) + "\0")' "$check")
  inside "${check[@]}"
}
trap end EXIT

begun=$(date +%s%N)
start
told=$(inside python - "$address" /app/bento < "$scripts/smoke.py")
echo "$told"
echo "started, and all answered, in $((($(date +%s%N) - begun) / 1000000)) ms"
mapfile -t ids < <(awk '{ print $NF }' <<< "$told")
inside python - / /app /app/bento /usr < "$scripts/confined.py"
healthy
"${engine[@]}" stop -t 20 "$container" > /dev/null
code=$("${engine[@]}" inspect --format '{{ .State.ExitCode }}' "$container")
[ "$code" = 0 ] || { echo "expected it to end with 0 on SIGTERM. Received: $code" >&2; exit 1; }
remove

start
inside python - "$address" kept "${ids[@]}" < "$scripts/smoke.py"
echo "${#ids[@]} entries found again after a restart"
remove

start --env CANTING_BUNDLE=/nowhere
for _ in $(seq 120); do
  inside python -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:3000/livez")' 2> /dev/null && break
  sleep 0.5
done
inside python -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:3000/livez")'
if healthy; then
  echo "expected a container without a model to be unhealthy. Received: healthy" >&2
  exit 1
fi
echo "unhealthy without a model"
