#!/usr/bin/env bash
# Fetches the newest of Debian's 6.1 and 6.12 cloud kernels into a cache, unpacked; prints one
# "version path-of-vmlinuz" line each, with modules under lib/modules beside boot. Nothing is installed.
set -euo pipefail
cache=${PALISADE_KERNELS:-$HOME/.cache/palisade/kernels}
mkdir -p "$cache"
# Two callers at once must not unpack over each other.
exec 9>"$cache/lock"
flock 9

newest() {
  apt-cache search --names-only "^linux-image-${1//./\\.}\\.[0-9].*cloud-amd64$" |
    cut -d' ' -f1 | sort -V | tail -1
}

# Debian's kernels are signed with the lists, which apt checks; as root apt would want a folder of
# its own user.
fetch() {
  local package
  package=$(newest "$1")
  [ -n "$package" ] && (cd "$2" && apt-get download -qq -o APT::Sandbox::User=root "$package" >&2)
}

for series in 6.1 6.12; do
  have=$(find "$cache/$series" -name 'vmlinuz-*' -print -quit 2>/dev/null || true)
  if [ -z "$have" ] || [ ! -d "$cache/$series/lib/modules" ]; then
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    if ! fetch "$series" "$work" && [ "$(id -u)" = 0 ]; then
      # Lists that are missing, or so old that the package has left the mirror.
      apt-get update -qq >&2
      fetch "$series" "$work" || true
    fi
    deb=$(find "$work" -name '*.deb' -print -quit)
    [ -n "$deb" ] || { echo "kernels: cannot fetch a cloud kernel of series $series with apt-get" >&2; exit 1; }
    dpkg -x "$deb" "$work/tree"
    # One rename, so that an interrupted run leaves nothing that looks whole.
    rm -rf "${cache:?}/$series"
    mkdir -p "$work/kept/lib"
    mv "$work/tree/boot" "$work/kept/boot"
    mv "$work/tree/lib/modules" "$work/kept/lib/modules"
    mv "$work/kept" "$cache/$series"
    rm -rf "$work"
    trap - EXIT
    have=$(find "$cache/$series" -name 'vmlinuz-*' -print -quit)
  fi
  echo "$series $have"
done
