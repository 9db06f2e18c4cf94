//! String operators: substring, prefix, suffix and term search, case-sensitive or not.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use arrow::array::StringViewArray;
use arrow::buffer::BooleanBuffer;
use palisade_kql::ast::TextOp;
pub(crate) use palisade_schema::terms::fold;
use palisade_schema::terms::is_term;

mod rows;

/// A needle with what is needed to search it fast.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    text: String,
    /// Lower-case form for searches that ignore case.
    lower: String,
    ascii: bool,
    /// Where in `lower` to look first.
    rare: usize,
    first_is_term: bool,
    last_is_term: bool,
}

impl Needle {
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            lower: fold(text),
            ascii: text.is_ascii(),
            rare: rarest(&fold(text)),
            first_is_term: text.chars().next().is_some_and(is_term),
            last_is_term: text.chars().next_back().is_some_and(is_term),
        }
    }

    /// Whether `op` holds between a text and this needle.
    pub fn test(&self, op: TextOp, hay: &str) -> bool {
        use TextOp as T;
        match op {
            T::EqualIgnoreCase => self.equal(hay),
            T::Contains => self.insensitive(hay, |_, _| true),
            T::ContainsCs => memchr::memmem::find(hay.as_bytes(), self.text.as_bytes()).is_some(),
            T::StartsWith => self.prefix(hay),
            T::StartsWithCs => hay.starts_with(&self.text),
            T::EndsWith => self.suffix(hay),
            T::EndsWithCs => hay.ends_with(&self.text),
            T::Has => self.insensitive(hay, |before, after| self.left(before) && self.right(after)),
            T::HasCs => self.sensitive(hay, |before, after| self.left(before) && self.right(after)),
            T::HasPrefix => self.insensitive(hay, |before, _| self.left(before)),
            T::HasPrefixCs => self.sensitive(hay, |before, _| self.left(before)),
            T::HasSuffix => self.insensitive(hay, |_, after| self.right(after)),
            T::HasSuffixCs => self.sensitive(hay, |_, after| self.right(after)),
            T::MatchesRegex => false,
        }
    }

    /// A boundary is needed only where the needle's own edge is a term character.
    fn left(&self, before: &str) -> bool {
        !self.first_is_term || !before.chars().next_back().is_some_and(is_term)
    }

    fn right(&self, after: &str) -> bool {
        !self.last_is_term || !after.chars().next().is_some_and(is_term)
    }

    fn equal(&self, hay: &str) -> bool {
        if self.ascii { hay.eq_ignore_ascii_case(&self.text) } else { fold(hay) == self.lower }
    }

    fn prefix(&self, hay: &str) -> bool {
        if self.ascii {
            let (h, n) = (hay.as_bytes(), self.text.as_bytes());
            h.len() >= n.len() && h[..n.len()].eq_ignore_ascii_case(n)
        } else {
            fold(hay).starts_with(&self.lower)
        }
    }

    fn suffix(&self, hay: &str) -> bool {
        if self.ascii {
            let (h, n) = (hay.as_bytes(), self.text.as_bytes());
            h.len() >= n.len() && h[h.len() - n.len()..].eq_ignore_ascii_case(n)
        } else {
            fold(hay).ends_with(&self.lower)
        }
    }

    fn sensitive(&self, hay: &str, accept: impl Fn(&str, &str) -> bool) -> bool {
        find(hay, &self.text, accept)
    }

    fn insensitive(&self, hay: &str, accept: impl Fn(&str, &str) -> bool) -> bool {
        if !self.ascii {
            return find(&fold(hay), &self.lower, accept);
        }
        if self.lower.is_empty() {
            return true;
        }
        let mut from = 0;
        while let Some(at) = self.ignoring_case(hay.as_bytes(), from) {
            // Both ends of an ASCII match are character boundaries.
            if accept(&hay[..at], &hay[at + self.lower.len()..]) {
                return true;
            }
            from = at + 1;
        }
        false
    }

    /// Where the needle, which is of ASCII characters, is from a place on, whatever its case.
    #[inline]
    fn ignoring_case(&self, hay: &[u8], mut at: usize) -> Option<usize> {
        let needle = self.lower.as_bytes();
        let rare = *needle.get(self.rare)?;
        let upper = rare.to_ascii_uppercase();
        let last_start = hay.len().checked_sub(needle.len())?;
        // Where the rarest byte may be, so that the rest of the needle fits around it.
        while at <= last_start {
            at += memchr::memchr2(rare, upper, &hay[at + self.rare..=last_start + self.rare])?;
            if hay[at..at + needle.len()].eq_ignore_ascii_case(needle) {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

/// A needle as it is searched for in the texts of many rows.
pub(crate) enum Search {
    Exact(Box<memchr::memmem::Finder<'static>>),
    IgnoringCase(Needle),
}

impl Search {
    /// None for an operator that looks at an end of a text only, and a needle that is found otherwise.
    pub fn of(needle: &Needle, op: TextOp) -> Option<Self> {
        use TextOp as T;
        if needle.text.is_empty() {
            return None;
        }
        match op {
            T::ContainsCs | T::HasCs | T::HasPrefixCs | T::HasSuffixCs => {
                Some(Self::Exact(Box::new(memchr::memmem::Finder::new(&needle.text).into_owned())))
            }
            T::Contains | T::Has | T::HasPrefix | T::HasSuffix if needle.ascii => {
                Some(Self::IgnoringCase(needle.clone()))
            }
            _ => None,
        }
    }

    fn next(&self, hay: &[u8], from: usize) -> Option<usize> {
        match self {
            Self::Exact(finder) => Some(from + finder.find(hay.get(from..)?)?),
            Self::IgnoringCase(needle) => needle.ignoring_case(hay, from),
        }
    }

    /// The rows whose text passes `test`, which none does that does not have the needle; none where the texts do not
    /// lie together.
    pub fn rows(&self, array: &StringViewArray, test: impl Fn(&str) -> bool) -> Option<BooleanBuffer> {
        rows::rows_with(array, |hay, from| self.next(hay, from), test)
    }
}

/// Where the byte stands that command lines and paths have least.
fn rarest(needle: &str) -> usize {
    /// Frequent bytes of such texts, the most frequent first; others are rarer than all of these.
    const FREQUENT: &[u8] = b"/ e-itarosn.lcdpm=1u20fhbg_:3vy4x56789k,w";
    let rank = |b: u8| FREQUENT.iter().position(|f| *f == b).unwrap_or(FREQUENT.len());
    let bytes = needle.as_bytes().iter().enumerate();
    bytes.max_by_key(|(at, b)| (rank(**b), std::cmp::Reverse(*at))).map_or(0, |(at, _)| at)
}

/// More terms than so many are looked up by what the text has, not searched.
const SEARCHED: usize = 256;

/// Many needles of `has_any` at once.
pub(crate) struct TermSet {
    /// Needles of ASCII characters, searched in one pass.
    searched: Option<AhoCorasick>,
    ascii: Vec<Needle>,
    /// Whole terms, where they are many.
    whole: HashSet<String>,
    rest: Vec<Needle>,
}

impl TermSet {
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        let few = texts.len() <= SEARCHED;
        let (mut ascii, mut whole, mut rest) = (Vec::new(), HashSet::new(), Vec::new());
        for text in texts {
            if few && text.is_ascii() && !text.is_empty() {
                ascii.push(Needle::new(text));
            } else if !few && !text.is_empty() && text.chars().all(is_term) {
                whole.insert(fold(text));
            } else {
                rest.push(Needle::new(text));
            }
        }
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(ascii.iter().map(|needle| &needle.lower));
        let searched = built.ok().filter(|_| ascii.len() > 1);
        if searched.is_none() {
            rest.append(&mut ascii);
        }
        Self { searched, ascii, whole, rest }
    }

    /// Whether a text has any of the terms.
    pub fn any(&self, hay: &str) -> bool {
        self.search(hay) || self.look_up(hay) || self.rest.iter().any(|n| n.test(TextOp::Has, hay))
    }

    /// Rows that have any of the terms; none where the texts do not lie together, or terms are not searched for.
    pub fn rows(&self, array: &StringViewArray) -> Option<BooleanBuffer> {
        let all = self.searched.is_some() && self.whole.is_empty() && self.rest.is_empty();
        if all { rows::rows_with(array, |hay, from| self.next(hay, from), |hay| self.any(hay)) } else { None }
    }

    fn next(&self, hay: &[u8], from: usize) -> Option<usize> {
        Some(self.searched.as_ref()?.find(Input::new(hay).range(from..))?.start())
    }

    fn search(&self, hay: &str) -> bool {
        let Some(searched) = &self.searched else { return false };
        let mut from = 0;
        while let Some(found) = searched.find(Input::new(hay).range(from..)) {
            let Some(needle) = self.ascii.get(found.pattern().as_usize()) else { return false };
            // Both ends of an ASCII match are character boundaries.
            if needle.left(&hay[..found.start()]) {
                // A shorter needle that begins here may end where a term does.
                return needle.right(&hay[found.end()..])
                    || self.ascii.iter().any(|n| n.test(TextOp::Has, &hay[found.start()..]));
            }
            from = found.start() + 1;
        }
        false
    }

    fn look_up(&self, hay: &str) -> bool {
        !self.whole.is_empty()
            && hay.split(|c| !is_term(c)).filter(|t| !t.is_empty()).any(|term| {
                if term.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
                    self.whole.contains(term)
                } else {
                    self.whole.contains(&fold(term))
                }
            })
    }
}

fn find(hay: &str, needle: &str, accept: impl Fn(&str, &str) -> bool) -> bool {
    if needle.is_empty() {
        return true;
    }
    let mut from = 0;
    while let Some(step) = memchr::memmem::find(&hay.as_bytes()[from..], needle.as_bytes()) {
        // A needle that is a text begins and ends where characters do.
        let at = from + step;
        if accept(&hay[..at], &hay[at + needle.len()..]) {
            return true;
        }
        from = at + hay[at..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_kql::ast::TextOp as T;

    fn test(op: T, hay: &str, needle: &str) -> bool {
        Needle::new(needle).test(op, hay)
    }

    #[test]
    fn has_finds_terms() {
        for (hay, needle, expected) in [
            ("North America", "america", true),
            ("a_b", "a", true),
            ("a_b", "a_b", true),
            ("powershell.exe", "power", false),
            ("powershell.exe", "powershell", true),
            ("powershell.exe", ".exe", true),
            ("cmd /c echo", "/c", true),
            ("cmd /cx echo", "/c", false),
            ("straße1", "straße", false),
            ("die Straße", "straße", true),
            ("naïve", "na", false),
            ("xabc abc", "abc", true),
            ("", "a", false),
            ("ab", "abc", false),
        ] {
            assert_eq!(test(T::Has, hay, needle), expected, "{hay} has {needle}");
        }
        assert!(!test(T::HasCs, "North America", "america"));
    }

    #[test]
    fn a_set_of_terms_is_the_same_as_each_of_them() {
        let few = ["Alpha", "beta_x", "/c", "straße", ".exe", "9", "a b", "a", "alpha beta"];
        let more: Vec<String> = (0..SEARCHED).map(|n| format!("term{n}")).collect();
        let many: Vec<&str> = few.iter().copied().chain(more.iter().map(String::as_str)).collect();
        for needles in [&few[..], &few[..1], &many] {
            let set = TermSet::new(needles.iter().copied());
            for hay in [
                "alpha",
                "xalpha",
                "xalpha alpha",
                "beta_x",
                "beta x",
                "cmd /c",
                "cmd /cx echo",
                "die STRAßE",
                "a.exe",
                "9",
                "99",
                "",
                "ALPHA-9",
                "A bc",
                "xa bc",
                "xa b",
                "alpha betas",
                "äalpha ALPHA",
                "ä/C",
                "xTERM7 term70",
            ] {
                let each = needles.iter().any(|n| test(T::Has, hay, n));
                assert_eq!(set.any(hay), each, "{hay}");
            }
        }
    }

    #[test]
    fn edges_of_terms() {
        assert!(test(T::HasPrefix, "the powershell", "POWER"));
        assert!(!test(T::HasPrefix, "xpower", "power"));
        assert!(test(T::HasSuffix, "the powershell", "SHELL"));
        assert!(!test(T::HasSuffix, "shells", "shell"));
    }

    #[test]
    fn cases_and_substrings() {
        assert!(test(T::Contains, "aBcD", "bC"));
        assert!(!test(T::ContainsCs, "aBcD", "bC"));
        assert!(test(T::EqualIgnoreCase, "ÄB", "äb"));
        assert!(test(T::StartsWith, "ÄBc", "äb"));
        assert!(test(T::EndsWith, "x.EXE", ".exe"));
        assert!(test(T::Contains, "x", ""));
    }
}
