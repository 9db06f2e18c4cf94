# What every script of ours begins with. The caller has set: verb path url mode sha size token nonce.
# Results are lines on standard output: `key=word`, or `key:base64` for anything free.
set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
LC_ALL=C
export PATH LC_ALL

has() { command -v "$1" >/dev/null 2>&1; }
word() { printf '%s=%s\n' "$1" "$2"; }
text() { printf '%s:' "$1"; base64 2>/dev/null | tr -d '\n'; echo; }

# KiB that are free where a folder is.
room() {
    df -Pk "$1" 2>/dev/null | {
        read -r _ && read -r _ _ _ free _ || free=0
        echo "${free:-0}"
    }
}

digest() {
    found=$(sha256sum <"$1" 2>/dev/null) || found=
    echo "${found%% *}"
}

dir='' keep=''
cleanup() {
    [ -z "$dir" ] || rm -rf "$dir"
    [ -z "$keep" ] || rm -rf "$keep"
}
trap cleanup EXIT
trap 'exit 143' TERM HUP INT PIPE

# Finds a folder for notes, where programs need not run.
notes() {
    for at in /run /dev/shm /tmp /var/tmp; do
        if [ -d "$at" ] && mkdir -m 0700 "$at/.palisade-notes-$nonce" 2>/dev/null; then
            keep=$at/.palisade-notes-$nonce
            return 0
        fi
    done
    return 1
}

# The nearest folder above the install path that is there.
above() {
    at=$path
    while [ ! -d "$at" ]; do
        at=${at%/*}
        [ -n "$at" ] || at=/
    done
    echo "$at"
}

# Whether a program may run from a folder with room for the sensor; `refused` says why not.
refused=''
usable() {
    if [ ! -d "$1" ] || [ ! -w "$1" ]; then
        refused="$refused $1 is not writable;"
    elif [ "$(room "$1")" -lt $((size / 1024 + 512)) ]; then
        refused="$refused $1 has no room;"
    elif ! mkdir -m 0700 "$1/.palisade-$nonce" 2>/dev/null; then
        refused="$refused $1 takes no folder;"
    else
        dir=$1/.palisade-$nonce
        printf '#!/bin/sh\nexit 0\n' >"$dir/try" && chmod 0700 "$dir/try"
        if "$dir/try" 2>/dev/null; then
            rm -f "$dir/try"
            return 0
        fi
        rm -rf "$dir"
        dir=''
        refused="$refused $1 runs no programs;"
    fi
    return 1
}

# Finds a folder that a program can be put into and run from.
place() {
    usable /dev/shm || usable /run || usable /var/tmp || usable /tmp || usable "$(above)"
}

# Everything that can be told without a program of ours.
missing='' traces=''
facts() {
    for tool in base64 cat chmod df head id mkdir rm sha256sum tail tr uname; do
        has "$tool" || missing="$missing${missing:+,}$tool"
    done
    word tools_missing "$missing"
    word uid "$(id -u)"
    id -un 2>/dev/null | text user
    uname -s | text system
    uname -r | text kernel
    uname -m | text architecture
    for file in /etc/os-release /usr/lib/os-release; do
        if [ -r "$file" ]; then
            head -c 8192 "$file" | text os_release
            break
        fi
    done
    if [ -r /proc/cpuinfo ]; then
        processors=0
        while read -r key _; do
            [ "$key" != processor ] || processors=$((processors + 1))
        done </proc/cpuinfo
        word processors "$processors"
    fi
    if [ -r /proc/meminfo ]; then
        while read -r key value _; do
            [ "$key" != MemTotal: ] || word memory_kib "$value"
        done </proc/meminfo
    fi
    [ ! -r /sys/kernel/btf/vmlinux ] || word kernel_types 1
    [ ! -d /run/systemd/system ] || word systemd 1
    [ ! -e /etc/palisade/exclude ] || word excluded 1
    if [ -r /sys/class/dmi/id/product_uuid ]; then
        text hardware_id </sys/class/dmi/id/product_uuid
    fi
    at=$(above)
    word path_free_kib "$(room "$at")"
    [ ! -w "$at" ] || word path_writable 1
    at=$path
    while [ -n "$at" ]; do
        [ ! -L "$at" ] || word path_symlink 1
        at=${at%/*}
    done
    for at in "$path/palisade-sensor" /etc/palisade/installed.json /etc/systemd/system/palisade-sensor.service \
        /var/lib/palisade-sensor; do
        [ ! -e "$at" ] || traces=1
    done
}

# Decides which program to run: `run` is there already, or `dir` is where one can be put, or `why`
# says that there is none.
run='' why=''
pick() {
    if [ "$verb" = facts ]; then
        why=facts
    elif [ "$(id -u)" != 0 ]; then
        why=privileges
    fi
    [ -z "$why" ] || return 0
    case $verb in
        probe | start | uninstall)
            if [ -z "$traces" ]; then
                why=absent
                return
            fi
            if [ -f "$path/palisade-sensor" ] && [ -x "$path/palisade-sensor" ]; then
                run=$path/palisade-sensor
                return
            fi
            ;;
    esac
    if [ "$(uname -s)" != Linux ]; then
        why=system
        return
    fi
    case $(uname -m) in
        x86_64 | amd64) ;;
        *)
            why=architecture
            return
            ;;
    esac
    if [ -n "$missing" ]; then
        why=tools
    elif ! place; then
        why=place
        printf '%s' "$refused" | text refused
    fi
}

# Runs "$@" with the sensor's arguments for the verb added.
with_arguments() {
    case $verb in
        preflight) "$@" preflight --json --url "$url" --ca "$keep/ca.pem" --path "$path" ;;
        install) "$@" install --json --url "$url" --ca "$keep/ca.pem" --token-file - --mode "$mode" --path "$path" ;;
        upgrade) "$@" install --json --upgrade --url "$url" --ca "$keep/ca.pem" --path "$path" ;;
        probe) "$@" probe --json --path "$path" ;;
        uninstall) "$@" uninstall --json --purge --path "$path" ;;
        start) "$@" start --json ;;
    esac
}

# What the sensor said, cut to what is taken.
tell() {
    word exit "$1"
    head -c 150000 "$keep/out" | text out
    tail -c 4096 "$keep/err" | text err
}
