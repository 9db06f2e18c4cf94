//! Readers of configuration as programs write it: text in, typed lines out, no I/O. Each takes any text.

pub mod accounts;
pub mod apt;
pub mod audit;
pub mod firewall;
pub mod fstab;
pub mod grub;
pub mod keyed;
pub mod limits;
pub mod modprobe;
pub mod pam;
pub mod shell;
pub mod sshd;
pub mod sudoers;
pub mod sysctl;

/// Numbered lines without their comment, trimmed; empty ones are left out.
pub(crate) fn lines<'a>(text: &'a str, comments: &'a [char]) -> impl Iterator<Item = (u32, &'a str)> {
    text.lines().zip(1u32..).filter_map(move |(line, n)| {
        let line = line.trim();
        (!line.is_empty() && !line.starts_with(comments)).then_some((n, line))
    })
}

/// Lines joined where one ends with a backslash; each with the number of its first.
pub(crate) fn joined(text: &str) -> Vec<(u32, String)> {
    let mut out = Vec::new();
    let mut open: Option<(u32, String)> = None;
    for (line, n) in text.lines().zip(1u32..) {
        let (mut whole, first) = match open.take() {
            Some((first, whole)) => (whole, first),
            None => (String::new(), n),
        };
        match line.strip_suffix('\\') {
            Some(part) => {
                whole.push_str(part);
                whole.push(' ');
                open = Some((first, whole));
            }
            None => {
                whole.push_str(line);
                out.push((first, whole));
            }
        }
    }
    out.extend(open);
    out
}

/// Words between blanks; what is within double quotes is one word, without them.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let (mut quoted, mut any) = (false, false);
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                any = true;
            }
            c if c.is_whitespace() && !quoted => {
                if any {
                    out.push(std::mem::take(&mut word));
                    any = false;
                }
            }
            c => {
                word.push(c);
                any = true;
            }
        }
    }
    if any {
        out.push(word);
    }
    out
}

/// Without the quotes around it.
pub(crate) fn unquote(value: &str) -> &str {
    let value = value.trim();
    for q in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(q).and_then(|v| v.strip_suffix(q)) {
            return inner;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_words_unquoted() {
        assert_eq!(joined("a \\\nb\nc\\"), [(1, "a  b".to_owned()), (3, "c ".to_owned())]);
        assert_eq!(words("a  \"b c\"d \"\""), ["a", "b cd", ""]);
        assert_eq!((unquote(" 'x' "), unquote("\"")), ("x", "\""));
    }
}
