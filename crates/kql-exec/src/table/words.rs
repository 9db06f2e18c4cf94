//! The words of texts, and what several texts have in common.

use std::ops::Range;

/// Where the words of a text are: runs of letters and digits, without the characters that part them too.
pub(super) fn spans<'t>(text: &'t str, parting: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let is_word = |c: char| c.is_alphanumeric() && !parting.contains(c);
        let start = loop {
            let (at, c) = chars.next()?;
            if is_word(c) {
                break at;
            }
        };
        while chars.next_if(|(_, c)| is_word(*c)).is_some() {}
        Some(start..chars.peek().map_or(text.len(), |(at, _)| *at))
    })
}

/// What stands between the words: what all texts have there, or none where they differ.
#[derive(Clone, Copy)]
enum Gap<'t> {
    Unknown,
    Same(&'t str),
    Differs,
}

impl<'t> Gap<'t> {
    fn meet(&mut self, text: &'t str) {
        *self = match *self {
            Gap::Unknown => Gap::Same(text),
            Gap::Same(known) if known == text => Gap::Same(known),
            _ => Gap::Differs,
        };
    }
}

/// The pattern of texts that all have these words at their places, in the order of the places. What varies is
/// one `*`; characters that part words only by request belong to it where they stand beside it.
pub(super) fn pattern(words: &[(usize, &str)], texts: &[&str], parting: &str) -> String {
    let count = words.last().map_or(0, |(place, _)| place + 1);
    // Before each word up to the last fixed one, and behind that.
    let mut gaps = vec![Gap::Unknown; count + 1];
    let (mut all_end, mut all_go_on) = (true, true);
    for text in texts {
        let mut end = 0;
        let mut found = spans(text, parting);
        for gap in gaps.iter_mut().take(count) {
            let Some(span) = found.next() else { break };
            gap.meet(text.get(end..span.start).unwrap_or_default());
            end = span.end;
        }
        let next = found.next();
        all_end &= next.is_none();
        all_go_on &= next.is_some();
        let start = next.map_or(text.len(), |span| span.start);
        if let Some(gap) = gaps.last_mut() {
            gap.meet(text.get(end..start).unwrap_or_default());
        }
    }
    let mut out = Writer { text: String::new(), held: "", parting };
    for (place, gap) in gaps.iter().enumerate() {
        let last = place == count;
        match gap {
            Gap::Same(text) if !last || all_end || all_go_on => out.held = text,
            Gap::Unknown => {}
            _ => out.varying(),
        }
        if !last {
            match words.binary_search_by_key(&place, |(place, _)| *place).ok().and_then(|at| words.get(at)) {
                Some((_, word)) => out.fixed(word),
                None => out.varying(),
            }
        } else if !all_end {
            out.varying();
        }
    }
    out.fixed("");
    out.text
}

/// Writes a pattern.
struct Writer<'t> {
    text: String,
    /// What stands before the next word.
    held: &'t str,
    parting: &'t str,
}

impl Writer<'_> {
    fn after_varying(&self) -> bool {
        self.text.ends_with('*')
    }

    fn fixed(&mut self, word: &str) {
        let mut held = std::mem::take(&mut self.held);
        if self.after_varying() {
            held = held.trim_start_matches(|c| self.parting.contains(c));
        }
        self.text.push_str(held);
        self.text.push_str(word);
    }

    fn varying(&mut self) {
        let held = std::mem::take(&mut self.held);
        if !self.after_varying() {
            self.text.push_str(held.trim_end_matches(|c| self.parting.contains(c)));
            self.text.push('*');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{pattern, spans};

    fn words(text: &str, parting: &str) -> Vec<String> {
        spans(text, parting).filter_map(|span| text.get(span)).map(str::to_owned).collect()
    }

    #[test]
    fn words_end_where_no_letter_or_digit_is() {
        assert_eq!(words("  One-two_3 vier/fünf.", ""), ["One", "two", "3", "vier", "fünf"]);
        assert_eq!(words("fooZ1", "Z"), ["foo", "1"]);
        assert_eq!(words("-- ", ""), Vec::<String>::new());
    }

    #[test]
    fn what_varies_is_one_star() {
        let of = |words: &[(usize, &str)], texts: &[&str]| pattern(words, texts, "Z");
        assert_eq!(of(&[(0, "San")], &["San Bernard", "San Luis Obispo"]), "San *");
        assert_eq!(of(&[(0, "San")], &["San Bernard", "San"]), "San*");
        assert_eq!(of(&[(1, "on")], &["One -on- One", "Hands -on- Lab"]), "* -on- *");
        assert_eq!(of(&[(0, "a"), (3, "d")], &["a b c d!", "a x y d!"]), "a * d!");
        assert_eq!(of(&[(0, "a"), (1, "b")], &["a-b", "a b"]), "a*b");
        assert_eq!(of(&[(0, "foo")], &["fooZ1", "fooZ2"]), "foo*");
        assert_eq!(of(&[(0, "Moscow")], &["Moscow"]), "Moscow");
        assert_eq!(of(&[(0, "x")], &["(x)", "(x)."]), "(x*");
    }
}
