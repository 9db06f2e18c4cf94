#!/bin/sh
# After the package's files are there: enrols where somebody has left an invitation.
program=/usr/lib/palisade/palisade-sensor
settings=/etc/palisade/onboarding.toml

# A value of the settings; they have one `key = "value"` a line.
setting() {
    sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*\"\([^\"]*\)\"[[:space:]]*\(#.*\)\{0,1\}$/\1/p" "$settings" | head -n 1
}

[ -f "$settings" ] || exit 0
if [ -e /etc/palisade/exclude ]; then
    echo "palisade-sensor: /etc/palisade/exclude is there; nothing is installed" >&2
    exit 0
fi
url=$(setting url)
ca=$(setting ca_file)
token=$(setting token_file)
again=''
[ ! -e /etc/palisade/installed.json ] || again=--upgrade
# A package's own failure would leave the package manager in a state that a person has to mend, so
# that a machine which cannot enrol now says so and can be asked again.
"$program" install --json $again --url "$url" --ca "${ca:-/etc/palisade/onboarding.pem}" \
    --token-file "${token:-/etc/palisade/onboarding.token}" ||
    echo "palisade-sensor: it is not enrolled: mend what is said above and install the package again" >&2
exit 0
