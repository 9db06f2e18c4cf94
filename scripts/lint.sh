#!/usr/bin/env bash
# Formatting, clippy with warnings as errors, licences and sources of dependencies, layers.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/palisade/target}
t0=$SECONDS
cargo fmt --all --check
cargo deny --log-level error check bans licenses sources
cargo clippy --workspace --all-targets -- -D warnings
npm --prefix web run --silent licenses
echo "lints: $(( (SECONDS - t0) / 60 )) min $(( (SECONDS - t0) % 60 )) s"
