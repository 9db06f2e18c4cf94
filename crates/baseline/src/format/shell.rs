//! Start-up files of shells, as far as they set a mask or a variable. Nothing is run: a line within a
//! condition counts like any other.

/// What a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `umask`, with its argument.
    Umask(String),
    /// A variable gets a value.
    Set(String, String),
    /// A variable cannot be changed any more.
    ReadOnly(String),
    /// A variable is passed on.
    Export(String),
}

/// Every act, in order, with its line.
pub fn parse(text: &str) -> Vec<(Act, u32)> {
    let mut out = Vec::new();
    for (line, text) in super::lines(text, &['#']) {
        let text = text.split(" #").next().unwrap_or(text);
        for command in text.split([';', '&', '|']) {
            act(command.trim(), line, &mut out);
        }
    }
    out
}

fn act(command: &str, line: u32, out: &mut Vec<(Act, u32)>) {
    let command = command.trim_start_matches(['{', '(', ' ']);
    let command =
        ["then ", "else ", "do "].iter().find_map(|k| command.strip_prefix(k)).unwrap_or(command).trim();
    let mut words = command.split_whitespace();
    let Some(first) = words.next() else { return };
    let (mut fixed, mut passed) = (false, false);
    match first {
        "umask" => {
            if let Some(mask) = words.find(|w| !w.starts_with('-')) {
                out.push((Act::Umask(super::unquote(mask).into()), line));
            }
            return;
        }
        "readonly" => fixed = true,
        "export" => passed = true,
        "declare" | "typeset" => {}
        _ => words = command.split_whitespace(),
    }
    for word in words {
        if let Some(flags) = word.strip_prefix('-') {
            fixed |= flags.contains('r') && first != "export";
            passed |= flags.contains('x');
            continue;
        }
        let (name, value) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v)));
        let is_name = !name.is_empty()
            && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if !is_name || (value.is_none() && !fixed && !passed) {
            return;
        }
        if let Some(value) = value {
            out.push((Act::Set(name.into(), super::unquote(value).into()), line));
        }
        if fixed {
            out.push((Act::ReadOnly(name.into()), line));
        }
        if passed {
            out.push((Act::Export(name.into()), line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_variables_are_seen() {
        let text = "# umask 000\n  umask 027 # x\nTMOUT=900; readonly TMOUT ; export TMOUT\n\
                    declare -xr A=\"1\"\nif true; then umask 077; fi\necho TMOUT=5\nFOO=bar cmd\n";
        let all: Vec<Act> = parse(text).into_iter().map(|(a, _)| a).collect();
        let (set, fixed, passed) = (
            |n: &str, v: &str| Act::Set(n.into(), v.into()),
            |n: &str| Act::ReadOnly(n.into()),
            |n: &str| Act::Export(n.into()),
        );
        let expected = [
            Act::Umask("027".into()),
            set("TMOUT", "900"),
            fixed("TMOUT"),
            passed("TMOUT"),
            set("A", "1"),
            fixed("A"),
            passed("A"),
            Act::Umask("077".into()),
            set("FOO", "bar"),
        ];
        assert_eq!(all, expected);
    }
}
