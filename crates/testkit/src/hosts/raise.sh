#!/bin/sh
# Becomes a host: run inside new mount, UTS, IPC and network namespaces, ends as the host's sshd.
# raise.sh OUTSIDE CGROUP DIR LOWER NAME LINK BRIDGE ADDRESS GATEWAY
#   OUTSIDE  a process in the machine's network namespace    DIR      the host's own folder
#   CGROUP   folder of the host's control group              LINK     its end of the cable outside
set -eu
outside=$1 cgroup=$2 dir=$3 lower=$4 name=$5 link=$6 bridge=$7 address=$8 gateway=$9
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# First of all, so that nothing of the host is ever outside its control group.
echo $$ >"$cgroup/cgroup.procs"

# Made from outside, so that no end of the cable is ever seen under the machine's own names.
nsenter --net="/proc/$outside/ns/net" ip link add "$link" type veth peer name eth0 netns $$
nsenter --net="/proc/$outside/ns/net" ip link set "$link" master "$bridge" up
ip link set lo up
ip address add "$address/24" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
hostname "$name"

root=$dir/root
mount -t overlay -o "lowerdir=$lower,upperdir=$dir/upper,workdir=$dir/work" overlay "$root"
cd "$root"

# No namespace of process numbers: BPF reports the machine's, and /proc has to show the same.
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t bpf -o nosuid,nodev,noexec,mode=0700 bpf sys/fs/bpf
mount -t tracefs -o nosuid,nodev,noexec tracefs sys/kernel/tracing
mount -t securityfs -o nosuid,nodev,noexec securityfs sys/kernel/security 2>/dev/null || true

mount -t tmpfs -o nosuid,mode=0755,size=1m dev dev
while read -r node major minor; do
    mknod -m 0666 "dev/$node" c "$major" "$minor"
done <<NODES
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
NODES
mkdir dev/pts dev/shm
mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs -o nosuid,nodev,mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

mount -t tmpfs -o nosuid,nodev,mode=0755 run run
mount -t tmpfs -o nosuid,nodev,mode=1777 tmp tmp
mkdir -m 0755 run/sshd

# Disks of the host's own: "MIB PATH" lines.
while read -r mib path; do
    mkdir -p "./$path"
    mount -t tmpfs -o "nosuid,nodev,mode=0755,size=${mib}m" disk "./$path"
done <"$dir/disks"

mkdir -p mnt/old
pivot_root . mnt/old
cd /
umount -l /mnt/old
exec /usr/sbin/sshd -D -e
