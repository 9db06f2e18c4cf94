//! Terms: the words that `has` finds in a text, and how a plan and the lake's index name them.
//!
//! What the lake writes into its files depends on all of this. A change needs a new mark there
//! (`crates/lake/src/terms.rs`), or `has` misses rows.

/// A plan's function that is true where the text of its first argument has its second as whole terms.
pub const HAS: &str = "kql_has";

/// As [`HAS`], for any of the arguments after the first.
pub const HAS_ANY: &str = "kql_has_any";

/// As [`HAS`], for all of the arguments after the first.
pub const HAS_ALL: &str = "kql_has_all";

/// Columns of long texts whose terms the lake's files list.
pub const COLUMNS: [&str; 3] = ["ProcessCommandLine", "InitiatingProcessCommandLine", "RemoteUrl"];

/// Whether a character belongs to a term: Unicode letters and digits.
#[inline]
pub fn is_term(c: char) -> bool {
    c.is_alphanumeric()
}

/// A character in lower case, where that is one character.
#[inline]
fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Lower case, character by character where that keeps one character.
#[inline]
pub fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().map(lower).collect() }
}

const BASIS: u64 = 0xCBF2_9CE4_8422_2325;

#[inline]
fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
}

/// Spreads what the bytes left in the low bits.
#[inline]
fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ (hash >> 29)
}

/// The hash of each term of a text, whatever its case. A text that `has` another has all its terms.
pub fn each(text: &str, mut found: impl FnMut(u64)) {
    let mut hash = BASIS;
    let mut open = false;
    let mut bytes = [0; 4];
    for c in text.chars() {
        if c.is_ascii() {
            #[allow(clippy::cast_possible_truncation)] // ASCII
            let byte = c as u8;
            if byte.is_ascii_alphanumeric() {
                hash = step(hash, byte.to_ascii_lowercase());
                open = true;
                continue;
            }
        } else if is_term(c) {
            hash = lower(c).encode_utf8(&mut bytes).bytes().fold(hash, step);
            open = true;
            continue;
        }
        if open {
            found(finish(hash));
            hash = BASIS;
            open = false;
        }
    }
    if open {
        found(finish(hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn hashes(text: &str) -> Vec<u64> {
        let mut out = Vec::new();
        each(text, |hash| out.push(hash));
        out
    }

    #[test]
    fn terms_are_runs_of_letters_and_digits_whatever_their_case() {
        assert_eq!(hashes("curl -fsS https://A.Example"), hashes("CURL/FSS+https a EXAMPLE"));
        assert_eq!(hashes("die Straße"), hashes("DIE straße"));
        assert!(hashes("").is_empty());
        assert!(hashes(" -- ").is_empty());
        assert_ne!(hashes("ab"), hashes("ba"));
        assert_eq!(hashes("a b").len(), 2);
    }

    #[test]
    fn no_two_short_terms_have_one_hash() {
        let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut seen = HashSet::new();
        for a in letters {
            for b in letters {
                for c in letters {
                    let term = [*a, *b, *c].map(char::from).iter().collect::<String>();
                    assert!(seen.insert(hashes(&term)), "{term}");
                }
            }
        }
    }

    #[test]
    fn lower_case_neither_makes_nor_breaks_terms() {
        // Where a text is searched in its own case its terms end where those of its lower case do.
        for c in '\0'..=char::MAX {
            assert_eq!(is_term(c), is_term(lower(c)), "{c:?}");
        }
    }

    #[test]
    fn hashes_stay_what_files_have() {
        assert_eq!(hashes("MimiPenguin Straße"), [0x24a39ad5b508d264, 0xbecd57905132db7f]);
    }
}
