#!/usr/bin/env bash
# Builds the console into web/dist unless nothing has changed since the last build.
set -euo pipefail
cd "$(dirname "$0")/../web"
stamp=dist/.built
# Tests and reports are not part of what is built.
sources=(src public index.html package.json package-lock.json vite.config.ts tsconfig.json)
if [ -e "$stamp" ] && [ -z "$(find "${sources[@]}" -newer "$stamp" -print -quit)" ]; then
  exit 0
fi
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "web: installing packages"
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
echo "web: building the console"
npm run --silent build
touch "$stamp"
