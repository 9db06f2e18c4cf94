# On a machine that was logged in to: everything comes by standard input, answers go to standard
# output. The caller has read: nonce verb path url mode sha size token, and has the CA before it.
word begin "$nonce"
notes
facts
[ -z "${P_SUDO:-}" ] || printf '%s' "$P_SUDO" | text sudo_refused
[ -n "$keep" ] || why=notes
ca_lines=''
while IFS= read -r line && [ "$line" != . ]; do
    ca_lines="$ca_lines$line
"
done
[ -n "$why" ] || { printf '%s' "$ca_lines" >"$keep/ca.pem" && pick; }
if [ -z "$why" ] && [ -z "$run" ]; then
    run=$dir/palisade-sensor
    if [ -f "$path/palisade-sensor" ] && [ "$(digest "$path/palisade-sensor")" = "$sha" ]; then
        cat "$path/palisade-sensor" >"$run"
    else
        word want "$size"
        head -c "$size" >"$run"
    fi
    chmod 0700 "$run"
    if [ "$(digest "$run")" != "$sha" ]; then
        word found "$(digest "$run")"
        why=damaged
    fi
fi
if [ -n "$why" ]; then
    word why "$why"
else
    # Whoever sent us keeps our input open for as long as the answer is waited for. When it ends, so
    # does the sensor's verb, which undoes what it did or is undone by the next one.
    exec 3<&0 </dev/null
    new=''
    ! has setsid || new=setsid
    printf '%s\n' "$token" | with_arguments exec $new "$run" >"$keep/out" 2>"$keep/err" 3<&- &
    job=$!
    {
        while IFS= read -r _ <&3; do :; done
        kill -s KILL -- "-$job" || kill -s KILL "$job"
    } >/dev/null 2>&1 &
    watch=$!
    wait "$job"
    code=$?
    kill "$watch" 2>/dev/null
    tell "$code"
fi
word end "$nonce"
