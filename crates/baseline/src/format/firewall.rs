//! Rules of packet filters as they are kept for the next start.

/// What happens to packets that no rule speaks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// A chain for packets to this machine is there.
    pub input: bool,
    /// Its policy is to drop or reject.
    pub input_denies: bool,
    /// The same for packets that go through.
    pub forward_denies: bool,
    /// A rule lets packets of the loopback interface in.
    pub loopback: bool,
}

/// The rules of an `nftables.conf`.
pub fn nftables(text: &str) -> Base {
    let mut base = Base::default();
    let plain: String =
        text.lines().map(|l| l.split('#').next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    // A base chain begins with its type; what follows up to the next chain is its own.
    for part in plain.split("hook ").skip(1) {
        let hook = part.split_whitespace().next().unwrap_or_default();
        let own = part.split("chain ").next().unwrap_or_default();
        let head = own.split('\n').next().unwrap_or_default();
        let policy = head.split("policy ").nth(1).map(|p| p.trim_end_matches([';', ' ', '}']).trim());
        let last = own.split(['\n', ';']).map(|l| l.trim().trim_matches(['}', ' '])).rfind(|l| !l.is_empty());
        let denies = policy.is_some_and(|p| p.starts_with("drop"))
            || last.is_some_and(|l| l == "drop" || l.starts_with("reject"));
        match hook {
            "input" => {
                base.input = true;
                base.input_denies |= denies;
                let lo = |l: &str| {
                    (l.contains("iif \"lo\"")
                        || l.contains("iif lo")
                        || l.contains("iifname \"lo\"")
                        || l.contains("iifname lo"))
                        && l.contains("accept")
                };
                base.loopback |= own.lines().any(lo);
            }
            "forward" => base.forward_denies |= denies,
            _ => {}
        }
    }
    base
}

/// The rules of an `iptables-save`.
pub fn iptables(text: &str) -> Base {
    let mut base = Base::default();
    let mut filter = false;
    for (_, line) in super::lines(text, &['#']) {
        if let Some(table) = line.strip_prefix('*') {
            filter = table == "filter";
        }
        if !filter {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [":INPUT", policy, ..] => (base.input, base.input_denies) = (true, policy == "DROP"),
            [":FORWARD", policy, ..] => base.forward_denies = policy == "DROP",
            ["-A", "INPUT", "-i", "lo", "-j", "ACCEPT"] => base.loopback = true,
            ["-A", "INPUT", "-j", "DROP" | "REJECT", ..] => base.input_denies = true,
            ["-A", "FORWARD", "-j", "DROP" | "REJECT", ..] => base.forward_denies = true,
            _ => {}
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_seen() {
        let text = "table inet filter {\n chain input {\n  type filter hook input priority filter; policy drop;\n\
                    \n  iif \"lo\" accept\n }\n chain forward {\n  type filter hook forward priority 0; policy accept;\n }\n}\n";
        let base = nftables(text);
        assert_eq!(base, Base { input: true, input_denies: true, forward_denies: false, loopback: true });
        let open = nftables("chain input { type filter hook input priority 0; }");
        assert!(open.input && !open.input_denies);
        let saved = iptables(
            "*nat\n:INPUT DROP [0:0]\n*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n",
        );
        assert_eq!(saved, Base { input: true, input_denies: true, forward_denies: false, loopback: true });
    }
}
