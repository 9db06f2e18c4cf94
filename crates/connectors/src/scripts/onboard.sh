# Puts the sensor on this machine. Run it as root; it can be run again without harm.
fail() {
    echo "palisade: $1" >&2
    exit 1
}
[ "$(id -u)" = 0 ] || fail "run this as root"
[ ! -e /etc/palisade/exclude ] || fail "the file /etc/palisade/exclude keeps this machine free of the sensor"
[ "$(uname -s)" = Linux ] || fail "there is a sensor for Linux only"
case $(uname -m) in
    x86_64 | amd64) ;;
    *) fail "there is a sensor for x86_64 only" ;;
esac
for tool in base64 cat chmod df head id mkdir rm sha256sum tail tr uname; do
    has "$tool" || fail "the tool $tool is needed"
done
notes || fail "no folder to work in: /run, /dev/shm, /tmp and /var/tmp cannot be written"
place || fail "no folder to run a program from:$refused"
printf '%s\n' "$ca" >"$keep/ca.pem"
run=$dir/palisade-sensor
if [ -f "$path/palisade-sensor" ] && [ "$(digest "$path/palisade-sensor")" = "$sha" ]; then
    cat "$path/palisade-sensor" >"$run"
else
    echo "palisade: fetching the sensor from $url"
    door "$run" "$url/v1/artefacts/sensor" "$token" || fail "the sensor could not be fetched: $(cat "$keep/said")"
fi
[ "$(digest "$run")" = "$sha" ] || fail "what was fetched is not the sensor that was offered: $(digest "$run")"
chmod 0700 "$run"
echo "palisade: installing"
printf '%s\n' "$token" | with_arguments "$run" >"$keep/out" 2>"$keep/err"
code=$?
cat "$keep/out"
cat "$keep/err" >&2
[ "$code" = 0 ] || fail "the installation did not succeed"
case $(tr -d ' \n' <"$keep/out") in
    *'"ok":true'*) echo "palisade: installed" ;;
    *) fail "the installation did not succeed" ;;
esac
