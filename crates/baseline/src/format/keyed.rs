//! Files of keys and values: `login.defs`, ini files, `sysctl`-like lists.

use serde::{Deserialize, Serialize};

use super::unquote;

/// How a file writes a key and its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// `key = value`; also of ini files, whose sections are kept.
    #[default]
    Equals,
    /// `KEY value`; a `=` between them is passed over.
    Spaced,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The section that it is in; empty before the first.
    pub section: String,
    /// The key as written.
    pub key: String,
    /// The value without quotes and comment; empty for a key alone.
    pub value: String,
    /// The line.
    pub line: u32,
}

/// Every pair of a file, in order.
pub fn parse(text: &str, style: Style) -> Vec<Pair> {
    let mut section = String::new();
    let mut out = Vec::new();
    for (line, text) in super::lines(text, &['#', ';']) {
        if let Some(name) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'))
            && style == Style::Equals
        {
            section = name.trim().to_owned();
            continue;
        }
        let (key, value) = match style {
            Style::Equals => text.split_once('=').unwrap_or((text, "")),
            Style::Spaced => {
                let (key, rest) =
                    text.split_once(|c: char| c.is_whitespace() || c == '=').unwrap_or((text, ""));
                (key, rest.trim_start().trim_start_matches('='))
            }
        };
        let value = value.trim();
        // A comment behind the value begins with a blank; quotes protect it.
        let value = if value.starts_with(['"', '\'']) {
            value
        } else {
            value.find(" #").or_else(|| value.find("\t#")).map_or(value, |end| &value[..end])
        };
        let key = key.trim();
        let key = key.strip_prefix("export ").unwrap_or(key).trim();
        if !key.is_empty() {
            out.push(Pair { section: section.clone(), key: key.into(), value: unquote(value).into(), line });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_are_read() {
        let ini = parse("a=1\n[S]\n# c\nKey = \"x # y\" \nb = 2 # two\nflag\n", Style::Equals);
        let all: Vec<_> =
            ini.iter().map(|p| (p.section.as_str(), p.key.as_str(), p.value.as_str())).collect();
        assert_eq!(all, [("", "a", "1"), ("S", "Key", "x # y"), ("S", "b", "2"), ("S", "flag", "")]);
        let defs = parse("UMASK\t\t027\nX=1\n#UMASK 022\n", Style::Spaced);
        assert_eq!((defs[0].key.as_str(), defs[0].value.as_str(), defs[0].line), ("UMASK", "027", 1));
        assert_eq!(defs[1].value, "1");
    }
}
