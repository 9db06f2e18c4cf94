#!/bin/sh
# PID 1 of the guest. Runs the list once for each rung, prints TAP to the console, sends what the
# sensor shows to the second serial port under `== label` lines, and powers off.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# A mount of its own, so that paths cross a mount point. bpffs and tracefs are the sensor's to find.
mount -t tmpfs -o mode=1777 tmpfs /tmp
ip link set lo up
hostname guest
exec 3>/dev/ttyS1
stty -F /dev/ttyS1 raw

tests=0
tap() { # tap NAME COMMAND...
    name=$1
    shift
    tests=$((tests + 1))
    if "$@"; then echo "ok $tests - $name"; else echo "not ok $tests - $name"; fi
}

not() { ! "$@"; }

wait_for() { # wait_for COMMAND...: half a minute; the host ends a guest that takes too long
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 120 ] || return 1
        sleep 0.25
    done
}

send() { # send LABEL COMMAND...
    echo "== $rung $1" >&3
    shift
    "$@" >&3
}

sensor() { palisade-sensor "$@" --state-dir "/var/lib/$rung" --instance "$rung"; }
status() { sensor status --json; }
as() { su -s /bin/sh "$1" -c "$2"; }
loaded() { grep -c '\[bpf\]$' /proc/kallsyms; }
nothing_loaded() { [ "$(loaded)" -eq 0 ]; }
attached() {
    status | tr -d ' \n' >/run/status
    for part in process network file; do
        grep -q "\"name\":\"$part\",\"state\":\"ok\"" /run/status || return 1
    done
}
listening() { netstat -ltn | grep -q ":$1 "; }

start() { # start ARGUMENTS...
    # What an earlier one said of itself must not count.
    rm -f "/var/lib/$rung/status.json"
    sensor run "$@" 2>>"/run/$rung.log" &
    pid=$!
    wait_for attached
}

# The shell's child may be a shell with the sensor below it, so the lock tells whom to signal.
stop() { # stop SIGNAL
    kill "-$1" "$(cat "/var/lib/$rung/lock")"
    wait $pid
}

has() { # has KIND TEXT
    grep "\"kind\":\"$1\"" /run/facts | grep -q "$2"
}

all_there() {
    sensor spool show --json >/run/facts
    while read -r kind text; do
        has "$kind" "$text" || return 1
    done </run/expected
}

expect_facts() {
    wait_for all_there
    while read -r kind text; do
        tap "$rung: the spool holds $kind $text" has "$kind" "$text"
    done </run/expected
}

act() {
    as alice "/bin/echo $rung-alice"
    as bob "cd /tmp; /bin/echo $rung-bob"
    as bob "/bin/sh -c ': $rung-ends; exit 7'"
    as alice "echo one >/tmp/$rung-a; echo two >>/tmp/$rung-a"
    as alice "mv /tmp/$rung-a /tmp/$rung-b; rm /tmp/$rung-b"
    timeout 20 nc -l -p 7001 </dev/null >/dev/null &
    wait_for listening 7001
    as alice "timeout 20 nc 127.0.0.1 7001 </dev/null; timeout 20 nc 127.0.0.1 7002 </dev/null"
}

list() { # list NAME ARGUMENTS...
    rung=$1
    shift
    mkdir -p "/var/lib/$rung"
    tap "$rung: no program is loaded before" nothing_loaded
    tap "$rung: process, network and file attach" start "$@"
    tap "$rung: programs are loaded" not nothing_loaded
    tap "$rung: pins are there" [ -e "/sys/fs/bpf/palisade-$rung" ]
    send before status
    act
    cat >/run/expected <<EXPECTED
process_created $rung-alice
process_created $rung-bob
process_terminated $rung-ends
file_created "/tmp/$rung-a"
file_modified "/tmp/$rung-a"
file_renamed "/tmp/$rung-b"
file_deleted "/tmp/$rung-b"
connection_success "remote_port":7001
connection_failed "remote_port":7002
device_info "guest"
EXPECTED
    expect_facts
    tap "$rung: a running sensor is not detached" not sensor detach

    # Killed, it goes on recording in the kernel.
    stop KILL
    as alice "/bin/echo $rung-meanwhile"
    tap "$rung: what was attached is taken over" start "$@"
    echo "process_created $rung-meanwhile" >/run/expected
    expect_facts
    # Counters are folded each second.
    sleep 2
    send after status
    send facts cat /run/facts

    tap "$rung: it ends when told to" stop TERM
    tap "$rung: detach" sensor detach
    tap "$rung: no pin is left" not [ -e "/sys/fs/bpf/palisade-$rung" ]
    tap "$rung: no bpffs is left" not grep -q ' bpf ' /proc/mounts
    tap "$rung: no program is left" wait_for nothing_loaded
    send log cat "/run/$rung.log"
}

list rung1
list rung2 --force-rung 2
echo "1..$tests"
echo "== end" >&3
exec 3>&-
sync
poweroff -f
