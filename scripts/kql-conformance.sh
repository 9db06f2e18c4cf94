#!/usr/bin/env bash
# Runs the public conformance set through `palisade kql run` and compares with the set's own comparer.
#   scripts/kql-conformance.sh [FOLDER] [-- OPTIONS OF compare.py]
# FOLDER holds conformance.jsonl and compare.py [default: $PALISADE_DATA/kql]. PALISADE_BIN names the
# executable [default: built here]. The last line says how many pass; see docs/kql.md for what is known
# to differ and why.
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${PALISADE_DATA:-../shared/data}/kql"
if [ $# -gt 0 ] && [ "$1" != "--" ]; then
  folder="$1"
  shift
fi
if [ "${1:-}" = "--" ]; then shift; fi
if [ -z "${PALISADE_BIN:-}" ]; then
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/palisade/target}
  cargo build --quiet -p palisade-unify -p palisade-server
  PALISADE_BIN="$CARGO_TARGET_DIR/debug/palisade"
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
start=$(date +%s)
"$PALISADE_BIN" kql run < "$folder/conformance.jsonl" > "$work/actual.jsonl"
echo "# answered $(wc -l < "$work/actual.jsonl") queries in $(($(date +%s) - start)) s"
python3 "$folder/compare.py" --expected "$folder/conformance.jsonl" --actual "$work/actual.jsonl" "$@" \
  | { grep -v '^PASS ' || true; }
