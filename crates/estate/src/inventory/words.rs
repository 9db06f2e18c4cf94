//! Words of a line, with quotes.

use super::InventoryError;

/// Splits at white space; quotes keep it together and are removed; a `#` that begins a word ends
/// the line.
pub(super) fn words(text: &str, line: usize) -> Result<Vec<String>, InventoryError> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\'' => {
                let word = word.get_or_insert_with(String::new);
                loop {
                    match chars.next() {
                        None => return Err(InventoryError::malformed(line, "a quote is not closed")),
                        Some('\\') if c == '"' => word.extend(chars.next()),
                        Some(q) if q == c => break,
                        Some(other) => word.push(other),
                    }
                }
            }
            '#' if word.is_none() => break,
            c if c.is_whitespace() => found.extend(word.take()),
            c => word.get_or_insert_with(String::new).push(c),
        }
    }
    found.extend(word);
    Ok(found)
}

/// `key=value`.
pub(super) fn pair(word: &str, line: usize) -> Result<(String, String), InventoryError> {
    let Some((key, value)) = word.split_once('=') else {
        let shown: String = word.chars().take(80).collect();
        return Err(InventoryError::malformed(line, format!("{shown:?} is no key=value")));
    };
    let key = key.trim();
    let good =
        !key.is_empty() && key.len() <= 200 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !good {
        return Err(InventoryError::name(line, key, "variable"));
    }
    Ok((key.to_owned(), value.trim().to_owned()))
}
