#!/usr/bin/env bash
# Fetches the newest of Debian's 6.1 and 6.12 cloud kernels into a cache, unpacked; prints one
# "version path-of-vmlinuz" line each. Nothing is installed.
set -euo pipefail
cache=${PALISADE_KERNELS:-$HOME/.cache/palisade/kernels}
mkdir -p "$cache"
for series in 6.1 6.12; do
  have=$(find "$cache" -path "*/$series/boot/vmlinuz-*" -print -quit)
  if [ -z "$have" ]; then
    package=$(apt-cache search --names-only "^linux-image-${series//./\\.}\\.[0-9].*cloud-amd64$" |
      cut -d' ' -f1 | grep -v unsigned | sort -V | tail -1)
    [ -n "$package" ] || { echo "kernels: no package of series $series" >&2; exit 1; }
    work=$(mktemp -d)
    (cd "$work" && apt-get download -qq "$package" >&2)
    rm -rf "${cache:?}/$series"
    mkdir -p "$cache/$series"
    dpkg -x "$work"/*.deb "$cache/$series"
    rm -rf "$work" "$cache/$series/lib" "$cache/$series/usr"
    have=$(find "$cache" -path "*/$series/boot/vmlinuz-*" -print -quit)
  fi
  echo "$series $have"
done
