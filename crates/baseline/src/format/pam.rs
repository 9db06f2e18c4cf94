//! Files of `pam.d`.

/// A line of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A module.
    Module {
        /// `auth`, `account`, `password` or `session`.
        kind: String,
        /// What its answer means: a word, or the text between brackets.
        control: String,
        /// Its file name without folder.
        module: String,
        /// Its arguments.
        args: Vec<String>,
        /// The line.
        line: u32,
    },
    /// The lines of one kind, or all, of another file.
    Include {
        /// Only these; all where it is empty.
        kind: String,
        /// The other file's name.
        file: String,
    },
}

/// Every entry, in order.
pub fn parse(text: &str) -> Vec<Entry> {
    let mut out = Vec::new();
    for (line, whole) in super::joined(text) {
        let whole = whole.split('#').next().unwrap_or_default().trim();
        if let Some(file) = whole.strip_prefix("@include") {
            let file = file.trim();
            if !file.is_empty() {
                out.push(Entry::Include { kind: String::new(), file: file.into() });
            }
            continue;
        }
        let Some((kind, rest)) = whole.split_once(char::is_whitespace) else { continue };
        let kind = kind.trim_start_matches('-').to_ascii_lowercase();
        if !matches!(kind.as_str(), "auth" | "account" | "password" | "session") {
            continue;
        }
        let rest = rest.trim_start();
        let (control, rest) = match rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            Some((control, rest)) => (control.trim().to_owned(), rest),
            None => match rest.split_once(char::is_whitespace) {
                Some((control, rest)) => (control.to_ascii_lowercase(), rest),
                None => continue,
            },
        };
        let mut words = rest.split_whitespace();
        let Some(module) = words.next() else { continue };
        if matches!(control.as_str(), "include" | "substack") {
            out.push(Entry::Include { kind, file: module.into() });
            continue;
        }
        let module = module.rsplit('/').next().unwrap_or(module).to_owned();
        out.push(Entry::Module { kind, control, module, args: words.map(str::to_owned).collect(), line });
    }
    out
}

/// The value of an argument: `deny=5` gives `5`, a word alone gives nothing to compare but is there.
pub fn argument<'a>(args: &'a [String], name: &str) -> Option<&'a str> {
    args.iter().rev().find_map(|a| match a.split_once('=') {
        Some((key, value)) => (key == name).then_some(value),
        None => (a == name).then_some(""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_includes_and_arguments_are_read() {
        let text = "@include common-auth\nauth [success=1 default=ignore] /lib/security/pam_unix.so nullok # x\n\
                    -session optional pam_systemd.so\naccount include system-auth\nauth required\nfoo bar baz\n";
        let all = parse(text);
        assert_eq!(all.len(), 4);
        let Entry::Module { control, module, args, .. } = &all[1] else { panic!("a module") };
        assert_eq!((control.as_str(), module.as_str()), ("success=1 default=ignore", "pam_unix.so"));
        assert_eq!((argument(args, "nullok"), argument(args, "remember")), (Some(""), None));
        assert_eq!(all[3], Entry::Include { kind: "account".into(), file: "system-auth".into() });
    }
}
