//! Which names mean that the value beside them is a secret.

/// Anywhere in a name, in lower case without separators.
const CONTAINED: [&str; 18] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "credential",
    "apikey",
    "accesskey",
    "authkey",
    "sharedkey",
    "accountkey",
    "privatekey",
    "encryptionkey",
    "masterkey",
    "signingkey",
    "storagekey",
    "keypass",
    "storepass",
];
/// At the end of a name.
const ENDINGS: [&str; 6] = ["token", "bearer", "pass", "pwd", "psk", "jwt"];
/// The whole name.
const WHOLE: [&str; 12] = [
    "pin",
    "sopin",
    "userpin",
    "newpin",
    "puk",
    "pw",
    "sig",
    "xamzsignature",
    "xgoogsignature",
    "rediscliauth",
    "authtok",
    "sshkeydata",
];
/// A name that ends so tells where the secret is, or something about it.
const NOT_THE_SECRET: [&str; 28] = [
    "file",
    "path",
    "dir",
    "stdin",
    "fd",
    "env",
    "url",
    "uri",
    "type",
    "name",
    "ttl",
    "length",
    "policy",
    "timeout",
    "prompt",
    "prompts",
    "field",
    "store",
    "helper",
    "provider",
    "encryption",
    "authentication",
    "bypass",
    "compass",
    "askpass",
    "oldpwd",
    "userpass",
    "webhook",
];
/// A name that begins with one of these words is a switch or a bound.
const SWITCHES: [&str; 11] =
    ["ask", "no", "prompt", "show", "print", "hide", "generate", "skip", "min", "max", "num"];

/// Whether `value` under `name` is a secret.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    if is_placeholder(value) {
        return false;
    }
    let first = name.trim_start_matches('-').split(['-', '_', '.']).next().unwrap_or("");
    if SWITCHES.iter().any(|s| first.eq_ignore_ascii_case(s)) {
        return false;
    }
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let plain = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    if NOT_THE_SECRET.iter().any(|end| plain.ends_with(end)) {
        return false;
    }
    if CONTAINED.iter().any(|part| plain.contains(part)) || WHOLE.contains(&plain) {
        return true;
    }
    ENDINGS.iter().any(|end| plain.ends_with(end))
        // The working directory, and the pass of an encoder.
        && !(plain.ends_with("pwd") && value.starts_with(['/', '~']))
        && !(plain == "pass" && value.len() == 1)
}

/// A variable, a template, or what somebody masked already; a hash such as `$6$…` is none.
pub(super) fn is_placeholder(value: &str) -> bool {
    let mut chars = value.chars();
    match chars.next() {
        None => true,
        Some('$') => !chars.next().is_some_and(|c| c.is_ascii_digit()),
        Some('<') => true,
        Some('{') => chars.next() == Some('{'),
        Some(first) => value.starts_with(super::MASK) || first == '*' && chars.all(|c| c == '*'),
    }
}

/// Beginnings of keys that are known by how they look, with the least length of the whole.
const SHAPES: [(&str, usize); 31] = [
    ("ghp_", 36),
    ("gho_", 36),
    ("ghu_", 36),
    ("ghs_", 36),
    ("ghr_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xoxa-", 20),
    ("xoxs-", 20),
    ("xoxr-", 20),
    ("xapp-", 20),
    ("sk_live_", 20),
    ("rk_live_", 20),
    ("sk_test_", 20),
    ("sk-proj-", 24),
    ("sk-ant-", 24),
    ("sk-", 43),
    ("AIza", 39),
    ("ya29.", 30),
    ("npm_", 36),
    ("pypi-", 40),
    ("hvs.", 24),
    ("dckr_pat_", 20),
    ("shpat_", 30),
    ("SG.", 60),
    ("dop_v1_", 60),
    ("tskey-", 20),
    ("pal_", 30),
    ("eyJ", 60),
];

/// Whether a run of letters, digits, `_`, `-` and `.` is a key.
pub(super) fn is_key(word: &str) -> bool {
    let aws = word.len() == 20
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    aws || SHAPES.iter().any(|(begin, least)| word.len() >= *least && word.starts_with(begin))
}
