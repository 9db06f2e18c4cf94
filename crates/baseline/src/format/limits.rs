//! `limits.conf`.

/// A limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Whose: `*`, `@group`, a name.
    pub domain: String,
    /// `hard`, `soft` or `-` for both.
    pub kind: String,
    /// What is limited.
    pub item: String,
    /// To what.
    pub value: String,
    /// The line.
    pub line: u32,
}

/// Every limit, in order.
pub fn parse(text: &str) -> Vec<Limit> {
    let mut out = Vec::new();
    for (line, text) in super::lines(text, &['#']) {
        let f: Vec<&str> = text.split_whitespace().collect();
        if let [domain, kind, item, value, ..] = f[..] {
            let [domain, kind, item, value] = [domain, kind, item, value].map(str::to_owned);
            out.push(Limit { domain, kind, item, value, line });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn four_words_are_a_limit() {
        let all = super::parse("* hard core 0\n#* soft x 1\n@a - nproc 20\nshort line\n");
        assert_eq!((all.len(), all[0].value.as_str(), all[1].kind.as_str()), (2, "0", "-"));
    }
}
