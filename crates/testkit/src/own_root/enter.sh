#!/bin/sh
# enter.sh FOLDER NAME COMMAND…: runs a command in a root of its own, over this machine's.
set -eu
folder=$1 name=$2
shift 2
hostname "$name"
root=$folder/root
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$root"
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --bind /dev "$root/dev"
for part in dev/shm run tmp; do
    mount -t tmpfs -o mode=1777,size=256m guest "$root/$part"
done
# A sensor of this machine is none of the guest's.
for part in opt etc/palisade var/lib/palisade-sensor; do
    [ ! -d "/$part" ] || mount -t tmpfs -o mode=755,size=256m guest "$root/$part"
done
exec chroot "$root" "$@"
