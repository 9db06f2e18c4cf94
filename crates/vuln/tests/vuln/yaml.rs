//! As much of YAML as Trivy's test databases use: nested lists and maps, plain and quoted scalars.

use serde_json::{Map, Value};

/// Reads a document.
pub fn read(text: &str) -> Value {
    let lines: Vec<(usize, String)> = text
        .lines()
        .map(|l| without_comment(l).trim_end().to_owned())
        .filter(|l| !l.trim().is_empty())
        .map(|l| (l.len() - l.trim_start().len(), l.trim_start().to_owned()))
        .collect();
    let mut at = 0;
    block(&lines, &mut at, 0)
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted && (at == 0 || line[..at].ends_with(' ')) => return &line[..at],
            _ => {}
        }
    }
    line
}

fn block(lines: &[(usize, String)], at: &mut usize, indent: usize) -> Value {
    match lines.get(*at) {
        Some((i, line)) if *i >= indent && line.starts_with("- ") => list(lines, at, *i),
        Some((i, _)) if *i >= indent => map(lines, at, *i),
        _ => Value::Null,
    }
}

fn list(lines: &[(usize, String)], at: &mut usize, indent: usize) -> Value {
    let mut out = Vec::new();
    while let Some((i, line)) = lines.get(*at) {
        let Some(rest) = line.strip_prefix("- ").filter(|_| *i == indent) else { break };
        if key_of(rest).is_some() {
            // A map that begins behind the hyphen.
            let mut own = lines.to_vec();
            own[*at] = (indent + 2, rest.to_owned());
            out.push(map(&own, at, indent + 2));
        } else {
            out.push(scalar(rest));
            *at += 1;
        }
    }
    Value::Array(out)
}

fn map(lines: &[(usize, String)], at: &mut usize, indent: usize) -> Value {
    let mut out = Map::new();
    while let Some((i, line)) = lines.get(*at) {
        if *i != indent || line.starts_with("- ") {
            break;
        }
        let Some((key, rest)) = key_of(line) else { break };
        *at += 1;
        let value = if rest.is_empty() {
            let list_here = lines.get(*at).is_some_and(|(i, l)| *i == indent && l.starts_with("- "));
            block(lines, at, if list_here { indent } else { indent + 1 })
        } else {
            scalar(rest)
        };
        out.insert(key, value);
    }
    Value::Object(out)
}

fn key_of(line: &str) -> Option<(String, &str)> {
    if let Some(rest) = line.strip_prefix('"') {
        let (key, rest) = rest.split_once('"')?;
        return Some((key.to_owned(), rest.strip_prefix(':')?.trim()));
    }
    let (key, rest) = match line.split_once(": ") {
        Some(parts) => parts,
        None => (line.strip_suffix(':')?, ""),
    };
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| (key.to_owned(), rest.trim()))
}

fn scalar(text: &str) -> Value {
    match text.trim() {
        "{}" => Value::Object(Map::new()),
        t => Value::String(t.trim_matches(['"', '\'']).to_owned()),
    }
}

#[test]
fn what_the_databases_use() {
    let read = read(
        "- bucket: \"a: b\" # x\n  pairs:\n    - key: K\n      value:\n        L:\n          - 1\n        E: {}\n",
    );
    assert_eq!(read[0]["bucket"], "a: b");
    assert_eq!(read[0]["pairs"][0]["value"]["L"][0], "1");
    assert!(read[0]["pairs"][0]["value"]["E"].is_object());
}
