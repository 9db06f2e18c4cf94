//! Each text once: what an index holds are numbers of texts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// The number of a text; 0 is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(pub u32);

/// Takes a number that is a hash already as it is.
#[derive(Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*b);
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

#[derive(Clone)]
pub(crate) struct Names {
    text: String,
    /// Where the text of each number ends; it begins where the one before ends.
    ends: Vec<usize>,
    by_hash: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self { text: String::new(), ends: Vec::new(), by_hash: HashMap::default() };
        names.add("");
        names
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The next place for a text whose place has another one.
fn next(place: u64) -> u64 {
    place.wrapping_add(0x9e37_79b9_7f4a_7c15)
}

impl Names {
    pub fn add(&mut self, text: &str) -> Sym {
        let mut place = hash(text);
        loop {
            match self.by_hash.entry(place) {
                Entry::Vacant(free) => {
                    let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
                    free.insert(number);
                    self.text.push_str(text);
                    self.ends.push(self.text.len());
                    return Sym(number);
                }
                Entry::Occupied(taken) => {
                    let sym = Sym(*taken.get());
                    if self.get(sym) == text {
                        return sym;
                    }
                    place = next(place);
                }
            }
        }
    }

    pub fn find(&self, text: &str) -> Option<Sym> {
        let mut place = hash(text);
        loop {
            let sym = Sym(*self.by_hash.get(&place)?);
            if self.get(sym) == text {
                return Some(sym);
            }
            place = next(place);
        }
    }

    pub fn get(&self, sym: Sym) -> &str {
        let at = sym.0 as usize;
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[from..self.ends[at]]
    }

    pub fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * 8 + self.by_hash.capacity() * 17
    }

    /// Gives back what growing took too much.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.by_hash.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_number() {
        let mut names = Names::default();
        assert_eq!(names.add(""), Sym(0));
        let a = names.add("a");
        let b = names.add("b");
        assert_eq!((names.add("a"), names.find("b"), names.find("c")), (a, Some(b), None));
        assert_eq!((names.get(a), names.get(b)), ("a", "b"));
    }
}
