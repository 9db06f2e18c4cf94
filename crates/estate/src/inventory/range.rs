//! Ranges in host names: `web[01:50].example.com`, `db-[a:f]`, `n[0:10:2]`.

use super::{Bound, InventoryError, MAX_HOSTS};

/// The names that a pattern stands for; one without brackets stands for itself.
pub(super) fn expand(pattern: &str, line: usize) -> Result<Vec<String>, InventoryError> {
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((inside, tail)) = after.split_once(']') else {
            return Err(InventoryError::malformed(line, "a range is not closed by ]"));
        };
        let values = values(inside, line)?;
        if names.len().saturating_mul(values.len()) > MAX_HOSTS {
            return Err(InventoryError::TooMuch { line, bound: Bound::Hosts });
        }
        names =
            names.iter().flat_map(|name| values.iter().map(move |v| format!("{name}{before}{v}"))).collect();
        // A host name ends at 253 bytes; longer ones are refused later, but must not pile up here.
        if names.first().is_some_and(|n| n.len() > 1024) {
            return Err(InventoryError::name(line, pattern, "host name or address"));
        }
        rest = tail;
    }
    for name in &mut names {
        name.push_str(rest);
    }
    Ok(names)
}

fn values(inside: &str, line: usize) -> Result<Vec<String>, InventoryError> {
    let bad = || {
        InventoryError::malformed(line, format!("[{inside}] is no range: write [01:50], [a:f] or [0:10:2]"))
    };
    let mut parts = inside.split(':');
    let (Some(from), Some(to), step, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(bad());
    };
    let step: usize = step.map_or(Ok(1), str::parse).ok().filter(|s| *s > 0).ok_or_else(bad)?;
    let letter = |s: &str| match s.as_bytes() {
        [b] if b.is_ascii_alphabetic() => Some(*b),
        _ => None,
    };
    if let (Some(a), Some(b)) = (letter(from), letter(to)) {
        if a > b || a.is_ascii_lowercase() != b.is_ascii_lowercase() {
            return Err(bad());
        }
        return Ok((a..=b).step_by(step).map(|c| char::from(c).to_string()).collect());
    }
    let number = |s: &str| match s.len() <= 9 && s.bytes().all(|b| b.is_ascii_digit()) {
        true => s.parse::<u32>().ok(),
        false => None,
    };
    let (a, b) =
        (number(if from.is_empty() { "0" } else { from }).ok_or_else(bad)?, number(to).ok_or_else(bad)?);
    if a > b {
        return Err(bad());
    }
    if (b - a) as usize / step >= MAX_HOSTS {
        return Err(InventoryError::TooMuch { line, bound: Bound::Hosts });
    }
    // Leading zeros give the width, as in 01:50.
    let width = if from.starts_with('0') { from.len() } else { 1 };
    Ok((a..=b).step_by(step).map(|n| format!("{n:0width$}")).collect())
}
