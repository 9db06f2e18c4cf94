#!/usr/bin/env bash
# Every test tier, in order, with the minutes that each took and the count of what was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/palisade/target}
export PALISADE_DATA=${PALISADE_DATA:-$PWD/../shared/data}
PALISADE_SKIPS=$(mktemp)
export PALISADE_SKIPS
trap 'rm -f "$PALISADE_SKIPS"' EXIT
report=()

tier() {
  local name=$1 t0=$SECONDS
  shift
  echo "== $name"
  "$@"
  report+=("$(printf '%-32s %3d min %2d s' "$name" $(((SECONDS - t0) / 60)) $(((SECONDS - t0) % 60)))")
}

build() {
  cargo build --workspace
  make --no-print-directory sensor
}

tests() {
  local status=0
  cargo nextest run --workspace --no-fail-fast || status=$?
  [ ! -e target/nextest/default/junit.xml ] || scripts/longest.py target/nextest/default/junit.xml
  return $status
}

# Each benchmark at a hundredth of its size, so that it cannot rot; its figures mean nothing here.
benchmarks() {
  if [ "$(id -u)" != 0 ] || [ ! -r /sys/kernel/btf/vmlinux ]; then
    echo "benchmarks: skipped, they need root and BTF"
    echo "benchmarks need root and BTF" >> "$PALISADE_SKIPS"
    return
  fi
  local name
  for name in exec durability ingest explore vuln kql; do
    echo "-- bench/$name --small"
    PALISADE_BUILT=1 "bench/$name" --small
  done
}

tier "build" build
tier "console units" npm --prefix web run --silent test
# Nextest runs the tests of the kernel and of the whole product one at a time: see .config/nextest.toml.
tier "unit, database, kernel, product" tests
tier "fuzz, 60 s a target" scripts/fuzz.sh 60
tier "benchmarks, a hundredth" benchmarks

echo
printf '%s\n' "${report[@]}"
skipped=$(wc -l < "$PALISADE_SKIPS")
[ "$skipped" -eq 0 ] || sort "$PALISADE_SKIPS" | uniq -c
echo "skipped for what this machine lacks: $skipped"
