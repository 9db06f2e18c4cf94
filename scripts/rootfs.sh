#!/usr/bin/env bash
# Builds Debian root file systems for the hosts of tests and of the demonstration, once, into a
# cache, and prints where: `rootfs.sh folder` for a host in namespaces (no systemd), `rootfs.sh image`
# for a disk that systemd boots from. Packages come from where this machine's own apt has them.
set -euo pipefail
kind=${1:?folder or image}
suite=bookworm
cache=${PALISADE_ROOTFS:-$HOME/.cache/palisade/rootfs}
# Another recipe makes another root file system.
made=$cache/$suite-$kind-$(sha256sum "$0" | cut -c1-12)
packages=openssh-server,sudo,procps,iproute2
case $kind in
  # What a cloud's agent runs on a machine fetches the sensor with curl.
  folder) packages+=,curl ;;
  image) packages+=,systemd,systemd-sysv,dbus ;;
  *) echo "rootfs: folder or image, not $kind" >&2; exit 2 ;;
esac
if [ -e "$made" ]; then
  echo "$made"
  exit
fi

[ "$(id -u)" = 0 ] || { echo "rootfs: building a root file system needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "rootfs: debootstrap is missing: scripts/setup.sh test" >&2; exit 1; }
mkdir -p "$cache"
# Two callers at once build one.
exec 9>"$cache/lock"
flock 9
if [ -e "$made" ]; then
  echo "$made"
  exit
fi

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Codename: $suite" 'Component: main' | head -1)
[ -n "$mirror" ] || { echo "rootfs: this machine's apt has no source for Debian $suite" >&2; exit 1; }
eval "$(apt-config shell proxy Acquire::http::Proxy)"
[ -z "${proxy:-}" ] || [ "$proxy" = DIRECT ] || export http_proxy=$proxy

work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
echo "rootfs: building Debian $suite ($kind), which takes a minute, once" >&2
# In a mount namespace of its own: whatever it leaves mounted when it fails is gone with it.
if ! unshare --mount debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >"$work/log" 2>&1; then
  tail -5 "$work/log" >&2
  echo "rootfs: debootstrap cannot build Debian $suite from where this machine's apt gets its packages" >&2
  exit 1
fi

rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
# What makes a machine itself is made for each host anew.
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/machine-id" "$root/var/lib/dbus/machine-id"
chroot "$root" useradd --create-home --shell /bin/bash deploy
install -d -o 1000 -g 1000 -m 0700 "$root/home/deploy/.ssh"
echo 'deploy ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/deploy"
chmod 0440 "$root/etc/sudoers.d/deploy"
cat >"$root/etc/ssh/sshd_config.d/hosts.conf" <<'SSHD'
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
SSHD

if [ "$kind" = image ]; then
  # Nobody logs in at its console, and emulation makes each unit dear.
  for unit in getty@tty1.service serial-getty@ttyS0.service apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service systemd-timesyncd.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
  echo '/dev/vda / ext4 defaults 0 0' >"$root/etc/fstab"
  truncate -s 4G "$work/image"
  mkfs.ext4 -q -F -d "$root" "$work/image"
  mv "$work/image" "$made"
else
  mv "$root" "$made"
fi
echo "$made"
