//! Rules of the kernel's audit.

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// A path that is watched, by `-w` or by `path=` and `dir=`.
    pub path: String,
    /// Kinds of access: letters of `rwxa`.
    pub perms: String,
    /// System calls.
    pub calls: Vec<String>,
    /// Conditions as written: `auid>=1000`.
    pub fields: Vec<String>,
    /// `b32`, `b64`, or empty for both.
    pub arch: String,
    /// Whether what matches is written down: `always,exit`.
    pub always: bool,
    /// The line.
    pub line: u32,
}

/// Rules, and the value of each option like `-e` or `-b`.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// In order.
    pub rules: Vec<Rule>,
    /// Option, value, line.
    pub options: Vec<(String, String, u32)>,
}

/// Reads a file of rules.
pub fn parse(text: &str) -> Rules {
    let mut out = Rules::default();
    for (line, text) in super::lines(text, &['#']) {
        let words = super::words(text);
        let mut rule = Rule { line, ..Rule::default() };
        let mut is_rule = false;
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let mut next = || words.next().unwrap_or_default().to_owned();
            match word {
                "-w" => {
                    (is_rule, rule.always, rule.path) = (true, true, next());
                    rule.perms = "rwxa".into();
                }
                "-p" => rule.perms = next(),
                "-a" | "-A" => {
                    let list = next();
                    is_rule = true;
                    rule.always = matches!(list.as_str(), "always,exit" | "exit,always");
                }
                "-S" => rule.calls.extend(next().split(',').map(str::to_owned)),
                "-F" | "-C" => field(&mut rule, next()),
                "-k" => {
                    next();
                }
                option if option.starts_with('-') => out.options.push((option.into(), next(), line)),
                _ => {}
            }
        }
        if is_rule {
            out.rules.push(rule);
        }
    }
    out
}

fn field(rule: &mut Rule, field: String) {
    match field.split_once('=') {
        Some(("path" | "dir", path)) => {
            path.clone_into(&mut rule.path);
            if rule.perms.is_empty() {
                rule.perms = "rwxa".into();
            }
        }
        Some(("perm", perms)) => perms.clone_into(&mut rule.perms),
        Some(("arch", arch)) => arch.clone_into(&mut rule.arch),
        Some(("key", _)) => {}
        _ => rule.fields.push(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_watch_are_one() {
        let text = "-D\n-w /etc/passwd -p wa -k id\n-a always,exit -F arch=b64 -S chmod,fchmod -F auid>=1000 -k p\n\
                    -a exit,always -F path=/etc/shadow -F perm=wa -F key=id\n-a never,exit -S open\n-e 2\n";
        let all = parse(text);
        assert_eq!((all.rules[0].path.as_str(), all.rules[0].perms.as_str()), ("/etc/passwd", "wa"));
        assert_eq!((all.rules[1].calls.len(), all.rules[1].arch.as_str()), (2, "b64"));
        assert_eq!(all.rules[1].fields, ["auid>=1000"]);
        assert_eq!((all.rules[2].path.as_str(), all.rules[2].always), ("/etc/shadow", true));
        assert!(!all.rules[3].always);
        assert_eq!(all.options.last().map(|o| (o.0.as_str(), o.1.as_str())), Some(("-e", "2")));
    }
}
