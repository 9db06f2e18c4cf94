//! Files of `sysctl.d`.

/// A setting of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key with dots; may hold `*`.
    pub key: String,
    /// Its value, blanks made one.
    pub value: String,
    /// The line.
    pub line: u32,
}

/// Every setting of a file, in order.
pub fn parse(text: &str) -> Vec<Setting> {
    let mut out = Vec::new();
    for (line, text) in super::lines(text, &['#', ';']) {
        let Some((key, value)) = text.split_once('=') else { continue };
        // A minus says that a failure does not matter.
        let key = normal(key.trim().trim_start_matches('-'));
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        out.push(Setting { key, value, line });
    }
    out
}

/// With dots between its parts: where the first separator is a slash, dots and slashes change places.
pub fn normal(key: &str) -> String {
    match key.find(['.', '/']).map(|i| key.as_bytes()[i]) {
        Some(b'/') => key
            .chars()
            .map(|c| match c {
                '/' => '.',
                '.' => '/',
                c => c,
            })
            .collect(),
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_alike() {
        let all = parse("-net/ipv4/conf/eth0.1/rp_filter = 1\n; no\nkernel.x=1   2\nbad line\n");
        assert_eq!(all[0].key, "net.ipv4.conf.eth0/1.rp_filter");
        assert_eq!((all[1].value.as_str(), all.len()), ("1 2", 2));
    }
}
