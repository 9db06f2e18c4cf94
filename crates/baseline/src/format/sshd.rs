//! `sshd_config`.

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The keyword in small letters.
    pub keyword: String,
    /// What follows.
    pub args: Vec<String>,
    /// The line.
    pub line: u32,
}

/// Every directive, in order.
pub fn parse(text: &str) -> Vec<Directive> {
    let mut out = Vec::new();
    for (line, text) in super::lines(text, &['#']) {
        let split = text.split_once(|c: char| c.is_whitespace() || c == '=');
        let (keyword, rest) = split.unwrap_or((text, ""));
        let rest = rest.trim_start().trim_start_matches('=');
        let mut args = super::words(rest);
        // A comment may follow the arguments.
        if let Some(end) = args.iter().position(|a| a.starts_with('#')) {
            args.truncate(end);
        }
        out.push(Directive { keyword: keyword.to_ascii_lowercase(), args, line });
    }
    out
}

/// What sshd does where nothing is said, for keywords whose default did not change since `version`
/// (major, minor), or as it was then. Small letters.
pub fn default(keyword: &str, version: (u32, u32)) -> Option<&'static str> {
    Some(match keyword {
        "permitrootlogin" => "prohibit-password",
        "passwordauthentication"
        | "pubkeyauthentication"
        | "strictmodes"
        | "printlastlog"
        | "tcpkeepalive"
        | "ignorerhosts"
        | "x11uselocalhost"
        | "printmotd"
        | "allowtcpforwarding"
        | "allowagentforwarding"
        | "allowstreamlocalforwarding"
        | "permittty" => "yes",
        "kbdinteractiveauthentication" | "challengeresponseauthentication" => "yes",
        "permitemptypasswords"
        | "hostbasedauthentication"
        | "permituserenvironment"
        | "x11forwarding"
        | "gssapiauthentication"
        | "kerberosauthentication"
        | "usepam"
        | "gatewayports"
        | "permittunnel"
        | "ignoreuserknownhosts"
        | "usedns"
        | "disableforwarding"
        | "exposeauthinfo" => "no",
        "maxauthtries" => "6",
        "maxsessions" => "10",
        "maxstartups" => "10:30:100",
        "logingracetime" => "120",
        "clientaliveinterval" => "0",
        "clientalivecountmax" => "3",
        "loglevel" => "info",
        "syslogfacility" => "auth",
        "banner" => "none",
        "compression" if version >= (7, 4) => "yes",
        "compression" => "delayed",
        "rekeylimit" => "default none",
        "port" => "22",
        _ => return None,
    })
}

/// Seconds of a time as sshd writes it: `120`, `2m`, `1h30m`.
pub fn seconds(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut number: Option<i64> = None;
    for c in text.chars() {
        if let Some(d) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(d))?);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    total.checked_add(number.unwrap_or(0)).filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_and_times_are_read() {
        let all =
            parse("# c\nPermitRootLogin=no\nAllowUsers a \"b c\" # d\nMatch User x\n  X11Forwarding yes\n");
        assert_eq!(
            (all[0].keyword.as_str(), all[0].args.as_slice()),
            ("permitrootlogin", &["no".to_owned()][..])
        );
        assert_eq!(all[1].args, ["a", "b c"]);
        assert_eq!(all.len(), 4);
        assert_eq!(
            (seconds("1h30m"), seconds("60"), seconds("m"), seconds("")),
            (Some(5400), Some(60), None, None)
        );
        assert_eq!(seconds("99999999999999999999"), None);
    }
}
