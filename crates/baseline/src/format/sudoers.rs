//! `sudoers`.

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An option that is set or, with `!`, not set.
    Default {
        /// Its name.
        name: String,
        /// Its value; empty for one without.
        value: String,
        /// Whether it is set.
        on: bool,
        /// Whether it holds for everybody: `Defaults` without a user, host or command.
        everybody: bool,
        /// The line.
        line: u32,
    },
    /// Who may do what; the text behind the first word.
    Grant {
        /// Who.
        who: String,
        /// On which hosts, as whom, with which tags, which commands.
        what: String,
        /// The line.
        line: u32,
    },
    /// Another file, or each of a folder.
    Include {
        /// The path as written.
        path: String,
        /// Whether it is a folder.
        folder: bool,
    },
}

/// Every entry, in order; aliases are left out.
pub fn parse(text: &str) -> Vec<Entry> {
    let mut out = Vec::new();
    for (line, whole) in super::joined(text) {
        let whole = whole.trim();
        let include = ["#includedir", "@includedir", "#include", "@include"]
            .into_iter()
            .find_map(|word| Some((word, whole.strip_prefix(word)?)))
            .filter(|(_, rest)| rest.starts_with(char::is_whitespace));
        if let Some((word, rest)) = include {
            let path = super::unquote(rest).to_owned();
            out.push(Entry::Include { path, folder: word.ends_with("dir") });
            continue;
        }
        let whole = uncommented(whole).trim();
        if let Some(rest) = whole.strip_prefix("Defaults") {
            let everybody = rest.starts_with(char::is_whitespace);
            let options =
                if everybody { rest } else { rest.split_once(char::is_whitespace).unwrap_or(("", "")).1 };
            for option in commas(options) {
                let (name, value) = option.split_once('=').unwrap_or((&option, ""));
                let name = name.trim().trim_end_matches(['+', '-']).trim();
                let on = !name.starts_with('!');
                let name = name.trim_start_matches('!').to_ascii_lowercase();
                if !name.is_empty() {
                    let value = super::unquote(value).to_owned();
                    out.push(Entry::Default { name, value, on, everybody, line });
                }
            }
            continue;
        }
        let Some((who, what)) = whole.split_once(char::is_whitespace) else { continue };
        if !who.ends_with("_Alias") && what.contains('=') {
            out.push(Entry::Grant { who: who.into(), what: what.trim().into(), line });
        }
    }
    out
}

/// Without its comment: `#` that is not a number's mark and not within quotes.
fn uncommented(line: &str) -> &str {
    let mut quoted = false;
    for (i, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted && !line[i + 1..].starts_with(|c: char| c.is_ascii_digit()) => return &line[..i],
            _ => {}
        }
    }
    line
}

/// Parts between commas that are not within quotes.
fn commas(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.into_iter().map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_grants_and_includes_are_read() {
        let text = "Defaults env_reset, use_pty\nDefaults:joe !authenticate # c\n\
                    Defaults logfile=\"/var/log/s,udo\"\n%sudo ALL=(ALL:ALL) \\\n NOPASSWD: ALL\n\
                    User_Alias A = b\n@includedir /etc/sudoers.d\n#include\n# plain\n";
        let all = parse(text);
        let Entry::Default { name, on, everybody, .. } = &all[2] else { panic!("a default") };
        assert_eq!((name.as_str(), *on, *everybody), ("authenticate", false, false));
        let Entry::Default { value, .. } = &all[3] else { panic!("a default") };
        assert_eq!(value, "/var/log/s,udo");
        let Entry::Grant { who, what, line } = &all[4] else { panic!("a grant") };
        assert_eq!((who.as_str(), what.contains("NOPASSWD"), *line), ("%sudo", true, 4));
        assert_eq!(all[5], Entry::Include { path: "/etc/sudoers.d".into(), folder: true });
        assert_eq!(all.len(), 6);
    }
}
