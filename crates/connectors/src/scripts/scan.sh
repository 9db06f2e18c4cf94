# On a machine without a sensor that was logged in to: puts the sensor's executable into a folder of its own, lets it
# read what the machine holds, and leaves nothing. Everything comes by standard input. The caller has set: limit, and
# what is read: nonce verb path url mode sha size token, with certificates after it that are not used here.
word begin "$nonce"

# What an earlier scan of ours could not remove: the machine or its shell was killed.
sweep() {
    for at in /dev/shm /run /var/tmp /tmp; do
        find "$at" -maxdepth 1 -type d -name '.palisade-*' -user "$(id -u)" -mmin +120 -exec rm -rf {} + 2>/dev/null
    done
}
! has find || sweep
facts
[ -z "${P_SUDO:-}" ] || printf '%s' "$P_SUDO" | text sudo_refused
while IFS= read -r line && [ "$line" != . ]; do :; done
case $(uname -m) in
    x86_64 | amd64) ;;
    *) why=architecture ;;
esac
[ "$(uname -s)" = Linux ] || why=system
if [ -z "$why" ] && [ -n "$missing" ]; then
    why=tools
elif [ -z "$why" ] && ! place; then
    why=place
    printf '%s' "$refused" | text refused
fi
if [ -z "$why" ]; then
    run=$dir/palisade-sensor
    word want "$size"
    head -c "$size" >"$run"
    chmod 0700 "$run"
    if [ "$(digest "$run")" != "$sha" ]; then
        word found "$(digest "$run")"
        why=damaged
    fi
fi
if [ -n "$why" ]; then
    word why "$why"
else
    # It gives itself the lowest priority. Should it compute on and on, the kernel ends it.
    # shellcheck disable=SC3045
    ulimit -S -t "$limit" 2>/dev/null
    # Whoever sent us keeps our input open for as long as the answer is waited for. When it ends, so does the scan.
    exec 3<&0 </dev/null
    new=''
    ! has setsid || new=setsid
    word data "$nonce"
    exec $new "$run" inventory --json 2>"$dir/err" 3<&- &
    job=$!
    stop() { kill -s KILL -- "-$job" || kill -s KILL "$job"; }
    {
        while IFS= read -r _ <&3; do :; done
        stop
    } >/dev/null 2>&1 &
    watch=$!
    {
        sleep "$limit" &
        nap=$!
        trap 'kill "$nap"; exit 0' TERM
        wait "$nap"
        : >"$dir/late"
        stop
    } >/dev/null 2>&1 3<&- &
    bound=$!
    wait "$job"
    code=$?
    kill "$watch" "$bound" 2>/dev/null
    echo
    word read "$nonce"
    [ ! -e "$dir/late" ] || word late 1
    word exit "$code"
    tail -c 4096 "$dir/err" | text err
fi
word end "$nonce"
