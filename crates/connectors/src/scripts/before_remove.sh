#!/bin/sh
# Before the package's files go: takes the sensor off the machine, but not when another version of
# the package follows (dpkg says upgrade, rpm says how many stay).
case ${1:-0} in
    upgrade | deconfigure | failed-upgrade | 1) exit 0 ;;
esac
program=/usr/lib/palisade/palisade-sensor
[ ! -e /etc/palisade/installed.json ] || "$program" uninstall --json ||
    echo "palisade-sensor: it could not be removed completely" >&2
exit 0
