#!/bin/sh
# First program of a guest: drivers, address, the files that make it itself; then its systemd.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover \
    virtio_net virtio_blk; do
    # What is built in has no file.
    [ ! -e "/modules/$module.ko" ] || insmod "/modules/$module.ko"
done
read -r address gateway </config
# Probing goes on beside us.
tries=0
until [ -e /dev/vda ] && ip link show eth0 >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { echo "guest: no disk or no network"; poweroff -f; }
    sleep 0.1
done
# The kernel keeps it: nothing configures the network again.
ip link set lo up
ip addr add "$address/24" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
mount -t ext4 /dev/vda /root || { echo "guest: no root file system"; poweroff -f; }
cp -a /seed/. /root/
umount /proc /sys
mount --move /dev /root/dev
exec switch_root /root /sbin/init
