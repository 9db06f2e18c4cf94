//! apt's configuration.

/// Deepest blocks within blocks.
const MAX_DEPTH: usize = 32;

/// Key in small letters with `::`, value, line: in order, later ones win.
pub fn parse(text: &str) -> Vec<(String, String, u32)> {
    let mut out = Vec::new();
    let mut scope: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut value: Option<String> = None;
    let mut line = 1;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => {
                line += 1;
                word.push(' ');
            }
            '/' if chars.peek() == Some(&'*') => {
                let mut last = ' ';
                for c in chars.by_ref() {
                    line += u32::from(c == '\n');
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            '/' if chars.peek() == Some(&'/') => rest_of_line(&mut chars),
            '#' if !chars.clone().take(5).eq("clear".chars()) => rest_of_line(&mut chars),
            '"' => {
                let mut text = String::new();
                for c in chars.by_ref() {
                    line += u32::from(c == '\n');
                    if c == '"' {
                        break;
                    }
                    text.push(c);
                }
                value = Some(text);
            }
            '{' => {
                let name = std::mem::take(&mut word).trim().to_ascii_lowercase();
                if scope.len() >= MAX_DEPTH {
                    return out;
                }
                scope.push(name);
            }
            '}' => {
                scope.pop();
                word.clear();
                value = None;
            }
            ';' => {
                let text = std::mem::take(&mut word);
                let mut parts = text.split_whitespace();
                if let Some(key) = parts.next() {
                    let bare = parts.next().map(str::to_owned);
                    if let Some(value) = value.take().or(bare) {
                        let mut whole = scope.join("::");
                        if !whole.is_empty() {
                            whole.push_str("::");
                        }
                        whole.push_str(&key.to_ascii_lowercase());
                        out.push((whole, value, line));
                    }
                }
                value = None;
            }
            c => word.push(c),
        }
    }
    out
}

fn rest_of_line(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while chars.peek().is_some_and(|c| *c != '\n') {
        chars.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_keys_are_one() {
        let text = "// c\nAPT::Get::AllowUnauthenticated \"true\";\nAcquire {\n http { Proxy \"x\"; };\n};\n/* \n */ A no;\n";
        let all = parse(text);
        assert_eq!(all[0], ("apt::get::allowunauthenticated".into(), "true".into(), 2));
        assert_eq!(all[1], ("acquire::http::proxy".into(), "x".into(), 4));
        assert_eq!((all[2].0.as_str(), all[2].1.as_str()), ("a", "no"));
        assert!(parse(&"a{".repeat(1000)).is_empty());
    }
}
