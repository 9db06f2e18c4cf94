use super::Spine;

/// Texts of a chunk lie one after the other.
const CHUNK: usize = 128;

#[derive(Clone)]
struct Chunk {
    ends: [u32; CHUNK],
    text: String,
}

/// A vector of texts in chunks that clones share.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    chunks: Spine<Chunk>,
}

impl Texts {
    /// The text at a place; empty where none was set.
    pub fn get(&self, at: u32) -> &str {
        let at = at as usize;
        let Some(chunk) = self.chunks.get(at / CHUNK) else { return "" };
        let (from, to) = chunk.range(at % CHUNK);
        &chunk.text[from..to]
    }

    pub fn set(&mut self, at: u32, text: &str) {
        let at = at as usize;
        let chunk = self.chunks.leaf(at / CHUNK, || Chunk { ends: [0; CHUNK], text: String::new() });
        let (from, to) = chunk.range(at % CHUNK);
        chunk.text.replace_range(from..to, text);
        // Chunks hold 128 texts of a bounded length: far below four gigabytes.
        for end in &mut chunk.ends[at % CHUNK..] {
            *end = *end - (to - from) as u32 + text.len() as u32;
        }
    }

    /// Calls with each place up to `count` and its text, in order.
    pub fn each(&self, count: u32, mut see: impl FnMut(u32, &str)) {
        let mut at = 0;
        for chunk in self.chunks.iter() {
            let mut from = 0usize;
            for end in chunk.ends {
                if at >= count {
                    return;
                }
                see(at, &chunk.text[from..end as usize]);
                from = end as usize;
                at += 1;
            }
        }
    }

    /// Bytes of texts and ends.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|c| c.text.capacity() + size_of::<Chunk>()).sum()
    }
}

impl Chunk {
    fn range(&self, at: usize) -> (usize, usize) {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        (from as usize, self.ends[at] as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_set_and_replaced_anywhere() {
        let mut texts = Texts::default();
        let mut plain = vec![String::new(); 400];
        for (i, word) in ["", "a", "Käse", "longer than before", "x"].iter().cycle().take(3000).enumerate() {
            let at = (i * 37) % 400;
            texts.set(at as u32, word);
            plain[at] = (*word).to_owned();
        }
        let before = texts.clone();
        texts.set(5, "changed");
        for (at, word) in plain.iter().enumerate() {
            assert_eq!(before.get(at as u32), word);
        }
        assert_eq!((texts.get(5), texts.get(9999)), ("changed", ""));
        let mut seen = Vec::new();
        before.each(400, |_, t| seen.push(t.to_owned()));
        assert_eq!(seen, plain);
    }
}
