# On a machine that its cloud's agent has started this on, as root. Nobody waits at our input, and
# what we print is cut, so that the answer is posted to the sensors' door as well.
notes || {
    word begin "$nonce"
    facts
    word why notes
    word end "$nonce"
    exit 1
}
printf '%s\n' "$ca" >"$keep/ca.pem"
{
    word begin "$nonce"
    facts
    pick
    if [ -z "$why" ] && [ -z "$run" ]; then
        run=$dir/palisade-sensor
        if [ -f "$path/palisade-sensor" ] && [ "$(digest "$path/palisade-sensor")" = "$sha" ]; then
            cat "$path/palisade-sensor" >"$run"
        elif ! door "$run" "$url/v1/artefacts/sensor" "$token"; then
            word fetcher "$fetcher"
            word fetched "$fetched"
            head -c 2000 "$keep/said" | text said
            why=download
        fi
        if [ -z "$why" ] && [ "$(digest "$run")" != "$sha" ]; then
            word found "$(digest "$run")"
            why=damaged
        fi
        [ -n "$why" ] || chmod 0700 "$run"
    fi
    if [ -n "$why" ]; then
        word why "$why"
    else
        printf '%s\n' "$token" | with_arguments "$run" >"$keep/out" 2>"$keep/err"
        tell $?
    fi
    word end "$nonce"
} >"$keep/report"
[ -z "$report_token" ] || door /dev/null "$url/v1/tasks/report" "$report_token" "$keep/report" ||
    { echo "the report could not be posted:"; cat "$keep/said"; } >&2
cat "$keep/report"
