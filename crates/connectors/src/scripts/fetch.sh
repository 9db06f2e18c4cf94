# Fetching from, and telling, the sensors' door: only its own certificates are trusted, and a token
# is never an argument of a command, where every user of the machine could read it.
fetched=0
door() {
    # door FILE ADDRESS TOKEN [BODY]: the answer's body goes to FILE
    if has curl; then
        printf 'header = "authorization: Bearer %s"\n' "$3" |
            curl --silent --show-error --fail --proto =https --tlsv1.2 --cacert "$keep/ca.pem" --capath "$keep" \
                --connect-timeout 20 --max-time 540 --retry 3 --retry-delay 2 --config - \
                ${4:+--request POST --header "content-type: text/plain" --data-binary "@$4"} \
                --output "$1" "$2" 2>"$keep/said"
        fetched=$?
        fetcher=curl
    elif has wget && wget --version 2>/dev/null | head -n 1 | grep -q 'GNU Wget'; then
        printf 'header = authorization: Bearer %s\n' "$3" >"$keep/wgetrc"
        wget --config="$keep/wgetrc" --no-verbose --https-only --ca-certificate="$keep/ca.pem" \
            --ca-directory="$keep" --tries=3 --timeout=60 \
            ${4:+--header="content-type: text/plain" --post-file="$4"} \
            --output-document="$1" "$2" 2>"$keep/said"
        fetched=$?
        fetcher=wget
    else
        printf 'curl or GNU wget' >"$keep/said"
        fetched=127
        fetcher=none
    fi
    return "$fetched"
}
