//! Arguments to one line, with secrets masked before anything is stored.

use super::decode::lossy;

/// What stands in the place of a secret.
const MASK: &str = "********";
/// Names of options and variables whose value is a secret, in lower case without separators.
const SECRET_NAMES: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "authkey",
    "sharedkey",
    "accountkey",
    "privatekey",
    "credentials",
    "bearer",
];
/// A name that ends so tells where the secret is, not what.
const NOT_THE_SECRET: [&str; 10] =
    ["file", "path", "dir", "stdin", "fd", "env", "url", "uri", "type", "name"];
/// Programs whose `-pSECRET` is a password.
const GLUED_P: [&str; 8] = [
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mariadb",
    "mariadb-dump",
    "mariadb-admin",
    "mysqlimport",
    "sshpass",
];

/// The command line and how many secrets were masked in it.
pub(crate) fn command_line(argv: &[u8]) -> (String, u32) {
    let argv = argv.strip_suffix(&[0]).unwrap_or(argv);
    if argv.is_empty() {
        return (String::new(), 0);
    }
    let mut line = String::with_capacity(argv.len() + 16);
    let suspicious = may_hold_secret(argv);
    let mut masked = 0;
    let mut program = String::new();
    let mut previous = String::new();
    for (index, argument) in argv.split(|b| *b == 0).enumerate() {
        let text = lossy(argument.to_vec());
        if index > 0 {
            line.push(' ');
        }
        if !suspicious {
            push_quoted(&mut line, &text);
            continue;
        }
        if index == 0 {
            program = text.rsplit('/').next().unwrap_or("").to_owned();
            push_quoted(&mut line, &text);
        } else {
            let (shown, n) = mask_argument(&program, &previous, &text);
            masked += n;
            push_quoted(&mut line, &shown);
        }
        previous = text;
    }
    (line, masked)
}

/// A cheap look that spares most command lines the rest.
fn may_hold_secret(argv: &[u8]) -> bool {
    let mut last = 0;
    for (at, byte) in argv.iter().enumerate() {
        let hit = match byte.to_ascii_lowercase() {
            // pass, -p
            b'p' => begins(&argv[at..], b"pass") || last == b'-' || begins(&argv[at..], b"pwd"),
            b's' => begins(&argv[at..], b"secret"),
            b't' => begins(&argv[at..], b"token"),
            b'k' => begins(&argv[at..], b"key"),
            b'a' => {
                begins(&argv[at..], b"auth") || begins(&argv[at..], b"akia") || begins(&argv[at..], b"asia")
            }
            b'b' => begins(&argv[at..], b"bearer") || begins(&argv[at..], b"basic "),
            b'c' => begins(&argv[at..], b"credential"),
            b'u' => last == b'-',
            b'g' => {
                begins(&argv[at..], b"ghp_")
                    || begins(&argv[at..], b"glpat-")
                    || begins(&argv[at..], b"github_pat_")
            }
            b'x' => begins(&argv[at..], b"xox"),
            b'e' => begins(&argv[at..], b"eyj"),
            b':' => begins(&argv[at..], b"://"),
            _ => false,
        };
        if hit {
            return true;
        }
        last = *byte;
    }
    false
}

fn begins(text: &[u8], lower: &[u8]) -> bool {
    text.len() >= lower.len() && text[..lower.len()].eq_ignore_ascii_case(lower)
}

fn mask_argument(program: &str, previous: &str, text: &str) -> (String, u32) {
    // The value of the option before: --password X, -p X of sshpass, -u user:X of curl.
    if !text.is_empty() && !text.starts_with('-') {
        let takes_secret = previous.starts_with('-')
            && !previous.contains('=')
            && is_secret_name(previous.trim_start_matches('-'));
        if takes_secret || (program == "sshpass" && previous == "-p") {
            return (MASK.to_owned(), 1);
        }
        if program == "redis-cli" && previous == "-a" {
            return (MASK.to_owned(), 1);
        }
        if matches!(program, "curl" | "wget")
            && matches!(previous, "-u" | "--user" | "-U" | "--proxy-user")
            && let Some((user, secret)) = text.split_once(':')
            && !secret.is_empty()
        {
            return (format!("{user}:{MASK}"), 1);
        }
    }
    if GLUED_P.contains(&program)
        && let Some(secret) = text.strip_prefix("-p")
        && !secret.is_empty()
    {
        return (format!("-p{MASK}"), 1);
    }
    if program == "curl"
        && let Some(rest) = text.strip_prefix("-u")
        && let Some((user, secret)) = rest.split_once(':')
        && !secret.is_empty()
    {
        return (format!("-u{user}:{MASK}"), 1);
    }
    mask_text(text)
}

fn is_secret_name(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    if NOT_THE_SECRET.iter().any(|end| plain.ends_with(end)) {
        return false;
    }
    SECRET_NAMES.iter().any(|secret| plain.contains(secret))
        || plain == "pass"
        || plain == "pwd"
        || plain.ends_with("pgpassword")
}

/// What the next word of a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Any,
    /// The value of a header or a quoted variable.
    Secret,
    /// The value of an option, unless it is the next option.
    Value,
    /// Credentials, if it is long enough.
    AfterBearer,
}

/// Secrets anywhere in a text: name=value, name: value, options in scripts, URLs, headers, keys
/// by their shape.
fn mask_text(text: &str) -> (String, u32) {
    const BEARER_LEAST: usize = 16;
    let mut out = String::with_capacity(text.len());
    let mut masked = 0;
    let mut rest = text;
    let mut next = Next::Any;
    while !rest.is_empty() {
        let end = rest.find(is_break).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let separator = after.chars().next();
        if !word.is_empty() {
            let secret = match next {
                Next::Any => false,
                Next::Secret => !is_scheme(word),
                Next::Value => !word.starts_with(['-', '$']),
                Next::AfterBearer => word.len() >= BEARER_LEAST,
            };
            let (shown, n) = if secret { (MASK.to_owned(), 1) } else { mask_word(word) };
            masked += n;
            out.push_str(&shown);
            if !(next == Next::Secret && is_scheme(word)) {
                next = if n == 0 { after_word(word, separator) } else { Next::Any };
            }
        }
        let skip = separator.map_or(0, char::len_utf8);
        out.push_str(&after[..skip]);
        rest = &after[skip..];
    }
    (out, masked)
}

fn after_word(word: &str, separator: Option<char>) -> Next {
    let quoted = matches!(separator, Some('\'' | '"'));
    if is_header(word) || quoted && word.strip_suffix('=').is_some_and(is_secret_name) {
        Next::Secret
    } else if word.strip_prefix("--").is_some_and(|name| !name.contains('=') && is_secret_name(name)) {
        Next::Value
    } else if word.eq_ignore_ascii_case("bearer") {
        Next::AfterBearer
    } else {
        Next::Any
    }
}

fn is_break(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '&' | ';' | ',' | '|' | '`')
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic", "token", "digest"].iter().any(|s| word.eq_ignore_ascii_case(s))
}

/// A header's name with its colon, whose value follows after a space.
fn is_header(word: &str) -> bool {
    word.strip_suffix(':').is_some_and(|name| {
        name.eq_ignore_ascii_case("authorization")
            || name.eq_ignore_ascii_case("proxy-authorization")
            || is_secret_name(name)
    })
}

fn mask_word(word: &str) -> (String, u32) {
    if let Some(at) = word.find("://") {
        let (before, authority) = word.split_at(at + 3);
        let host_end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
        if let Some(sign) = authority[..host_end].rfind('@')
            && let Some(colon) = authority[..sign].find(':')
            && colon + 1 < sign
        {
            let (tail, n) = mask_pair(&authority[sign..]);
            return (format!("{before}{}:{MASK}{tail}", &authority[..colon]), 1 + n);
        }
    }
    if let Some(shown) = mask_shape(word) {
        return (shown, 1);
    }
    mask_pair(word)
}

/// name=value or name:value with a name that means a secret.
fn mask_pair(word: &str) -> (String, u32) {
    for sign in ['=', ':'] {
        let Some((name, value)) = word.split_once(sign) else {
            continue;
        };
        let last = name.rsplit(['?', '/', '{', '(']).next().unwrap_or(name);
        if !value.is_empty() && !value.starts_with('$') && is_secret_name(last) {
            return (format!("{name}{sign}{MASK}"), 1);
        }
    }
    (word.to_owned(), 0)
}

/// Keys that are known by how they look.
fn mask_shape(word: &str) -> Option<String> {
    for prefix in ["AKIA", "ASIA"] {
        if let Some(at) = word.find(prefix) {
            let key = &word.as_bytes()[at..];
            let len = key.iter().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
            if len == 20 {
                return Some(format!("{}{MASK}{}", &word[..at], &word[at + len..]));
            }
        }
    }
    for (prefix, least) in [
        ("ghp_", 36),
        ("gho_", 36),
        ("ghs_", 36),
        ("github_pat_", 40),
        ("glpat-", 20),
        ("xoxb-", 20),
        ("xoxp-", 20),
        ("sk_live_", 20),
        ("eyJ", 60),
    ] {
        if let Some(at) = word.find(prefix) {
            let len = word.as_bytes()[at..]
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
                .count();
            if len >= least {
                return Some(format!("{}{MASK}{}", &word[..at], &word[at + len..]));
            }
        }
    }
    None
}

fn push_quoted(line: &mut String, text: &str) {
    let plain = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"');
    if plain {
        line.push_str(text);
        return;
    }
    line.push('"');
    for c in text.chars() {
        if c == '"' {
            line.push('\\');
        }
        line.push(c);
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::command_line;

    fn shown(words: &[&str]) -> (String, u32) {
        let mut argv = words.join("\0").into_bytes();
        argv.push(0);
        command_line(&argv)
    }

    #[test]
    fn arguments_are_joined_and_quoted() {
        assert_eq!(shown(&["/bin/true"]).0, "/bin/true");
        assert_eq!(shown(&["sh", "-c", "echo a b", ""]).0, "sh -c \"echo a b\" \"\"");
        assert_eq!(shown(&["echo", "say \"x\""]).0, "echo \"say \\\"x\\\"\"");
        assert_eq!(command_line(b""), (String::new(), 0));
        assert_eq!(command_line(&[b'a', 0, 0xff]).0, "a \u{fffd}");
    }

    #[test]
    fn secrets_are_masked_and_counted() {
        let cases: &[(&[&str], &str, u32)] = &[
            (&["x", "--password=hunter2"], "x --password=********", 1),
            (&["x", "--password", "hunter2"], "x --password ********", 1),
            (&["x", "--api-key", "k1", "v"], "x --api-key ******** v", 1),
            (&["mysql", "-uroot", "-phunter2", "db"], "mysql -uroot -p******** db", 1),
            (&["/usr/bin/sshpass", "-p", "h", "ssh"], "/usr/bin/sshpass -p ******** ssh", 1),
            (&["curl", "-u", "me:pw", "h"], "curl -u me:******** h", 1),
            (
                &["curl", "-H", "Authorization: Bearer abc.def", "https://h/"],
                "curl -H \"Authorization: Bearer ********\" https://h/",
                1,
            ),
            (&["git", "clone", "https://me:pw@h/r"], "git clone https://me:********@h/r", 1),
            (&["env", "PGPASSWORD=x", "psql"], "env PGPASSWORD=******** psql", 1),
            (&["x", "AKIAIOSFODNN7EXAMPLE"], "x ********", 1),
            (
                &["sh", "-c", "export AWS_SECRET_ACCESS_KEY=abc; TOKEN='t1' run"],
                "sh -c \"export AWS_SECRET_ACCESS_KEY=********; TOKEN='********' run\"",
                2,
            ),
            (&["curl", "https://h/?token=abc&x=1"], "curl https://h/?token=********&x=1", 1),
            (&["sh", "-c", "x --password abc -v"], "sh -c \"x --password ******** -v\"", 1),
            (&["x", "ghp_0123456789abcdefghijABCDEFGHIJ012345"], "x ********", 1),
        ];
        for (words, line, n) in cases {
            assert_eq!(shown(words), ((*line).to_owned(), *n), "{words:?}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for words in [
            &["x", "--password-file=/etc/p"][..],
            &["x", "--token-path", "/run/t"],
            &["mkdir", "-p", "/tmp/a"],
            &["ssh", "-p", "22", "h"],
            &["curl", "https://h:8080/a:b"],
            &["ls", "/home/bearer"],
            &["x", "--password=$PW"],
            &["id", "-u", "a:b"],
            &["git", "commit", "-mbasic", "token", "layout"],
        ] {
            assert_eq!(shown(words), (words.join(" "), 0), "{words:?}");
        }
    }
}
