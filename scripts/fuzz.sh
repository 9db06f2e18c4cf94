#!/usr/bin/env bash
# Fuzzes each target for some seconds [60] from its corpus; a crash fails and leaves its input.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${1:-60}
target=${CARGO_TARGET_DIR:-$HOME/.cache/palisade/target}/fuzz
triple=x86_64-unknown-linux-gnu
# What cargo-fuzz would pass, on the stable compiler and without a sanitizer.
flags='["-Cpasses=sancov-module","-Cllvm-args=-sanitizer-coverage-level=4","-Cllvm-args=-sanitizer-coverage-inline-8bit-counters","-Cllvm-args=-sanitizer-coverage-pc-table","-Cllvm-args=-sanitizer-coverage-trace-compares","--cfg=fuzzing"]'
cargo build --release --target "$triple" --target-dir "$target" --config "target.$triple.rustflags=$flags"
names=(wire log_segment kql inventory device_groups explore_query rpm_database dpkg_status jar go_build_info advisory version baseline sbom feeds_bundle)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What targets put away goes with the rest.
export TMPDIR=$work
pids=()
for name in "${names[@]}"; do
  mkdir -p "$work/$name" "corpus/$name"
  "$target/$triple/release/$name" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="$work/$name-" "$work/$name" "corpus/$name" > "$work/$name.log" 2>&1 &
  pids+=($!)
done
status=0
i=0
for name in "${names[@]}"; do
  if wait "${pids[$i]}"; then
    echo "fuzz: $name $(grep -o 'stat::number_of_executed_units: *[0-9]*' "$work/$name.log" | grep -o '[0-9]*$') runs, no crash"
  else
    status=1
    echo "fuzz: $name FAILED"
    tail -40 "$work/$name.log"
  fi
  i=$((i + 1))
done
exit $status
