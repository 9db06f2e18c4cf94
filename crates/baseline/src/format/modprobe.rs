//! Files of `modprobe.d`.

/// What is said of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Instead of loading it, this is run.
    Install(String),
    /// It is not loaded by an alias.
    Blacklist,
}

/// Every rule: module with `_` for `-`, rule, line.
pub fn parse(text: &str) -> Vec<(String, Rule, u32)> {
    let mut out = Vec::new();
    for (line, text) in super::joined(text) {
        let mut words = text.split_whitespace();
        let rule = match words.next() {
            Some("install") => words.next().map(|m| (m, Rule::Install(words.collect::<Vec<_>>().join(" ")))),
            Some("blacklist") => words.next().map(|m| (m, Rule::Blacklist)),
            _ => None,
        };
        if let Some((module, rule)) = rule {
            out.push((module.replace('-', "_"), rule, line));
        }
    }
    out
}

/// Whether a command loads nothing.
pub fn does_nothing(command: &str) -> bool {
    matches!(command, "/bin/true" | "/bin/false" | "/usr/bin/true" | "/usr/bin/false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_alike() {
        let all = parse("install usb-storage /bin/false\nblacklist a_b\n#install x /bin/true\noptions y z\n");
        assert_eq!(all[0], ("usb_storage".into(), Rule::Install("/bin/false".into()), 1));
        assert_eq!((all[1].1.clone(), all.len()), (Rule::Blacklist, 2));
        assert!(does_nothing("/usr/bin/false") && !does_nothing("/sbin/modprobe --ignore-install x"));
    }
}
