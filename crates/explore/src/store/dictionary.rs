use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::{Chunked, Index, Texts};

/// The different texts of a column, by code. Code 0 is no text; a text that nobody uses is forgotten
/// and its code given away again.
#[derive(Clone, Default)]
pub(crate) struct Dictionary {
    texts: Texts,
    uses: Chunked<u32, 1024>,
    index: Index,
    free: Arc<Vec<u32>>,
    /// Codes ever given, the zero among them.
    given: u32,
}

impl Dictionary {
    pub fn get(&self, code: u32) -> &str {
        self.texts.get(code)
    }

    /// One above the largest code.
    pub fn given(&self) -> u32 {
        self.given.max(1)
    }

    /// The code of a text, which is used once more from now on.
    pub fn take(&mut self, text: &str, hasher: &RandomState) -> u32 {
        let hash = hasher.hash_one(text);
        if let Some(code) = self.index.find(hash, |c| self.texts.get(c) == text) {
            *self.uses.slot(code) += 1;
            return code;
        }
        let code = if self.free.is_empty() {
            self.given = self.given() + 1;
            self.given - 1
        } else {
            Arc::make_mut(&mut self.free).pop().unwrap_or(0)
        };
        self.texts.set(code, text);
        *self.uses.slot(code) = 1;
        self.index.insert(hash, code, |c| hasher.hash_one(self.texts.get(c)));
        code
    }

    /// One use less.
    pub fn release(&mut self, code: u32, hasher: &RandomState) {
        if code == 0 {
            return;
        }
        let uses = self.uses.slot(code);
        *uses -= 1;
        if *uses == 0 {
            self.index.remove(hasher.hash_one(self.texts.get(code)), code);
            self.texts.set(code, "");
            Arc::make_mut(&mut self.free).push(code);
        }
    }

    /// Calls with every code that is in use and its text.
    pub fn each(&self, mut see: impl FnMut(u32, &str)) {
        let mut uses = self.uses.chunks().flatten();
        self.texts.each(self.given(), |code, text| {
            if uses.next().is_some_and(|u| *u > 0) {
                see(code, text);
            }
        });
    }

    pub fn bytes(&self) -> usize {
        self.texts.bytes() + self.uses.capacity() * 4 + self.index.bytes() + self.free.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_code_as_long_as_somebody_uses_it() {
        let hasher = RandomState::new();
        let mut d = Dictionary::default();
        let a = d.take("a", &hasher);
        let empty = d.take("", &hasher);
        assert_eq!(d.take("a", &hasher), a);
        assert!(a != 0 && empty != 0 && empty != a, "an empty text is not a missing one");
        d.release(a, &hasher);
        assert_eq!(d.get(a), "a");
        d.release(a, &hasher);
        let mut seen = Vec::new();
        d.each(|c, t| seen.push((c, t.to_owned())));
        assert_eq!(seen, [(empty, String::new())]);
        assert_eq!(d.take("b", &hasher), a, "the code is given away again");
    }
}
