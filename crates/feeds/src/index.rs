//! What an object holds, kept beside it: its documents, and of each record its id and what it hashes to. So
//! two snapshots are compared without decoding either.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Read, Write};

use palisade_advisory::Record;
use sha2::{Digest, Sha256};

use crate::code::{Code, FeedError};

/// Largest index that is read, bytes; some 40 million records.
const MAX_INDEX: u64 = 4 << 30;

/// An object's documents and records.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Index {
    pub docs: Vec<Doc>,
    pub records: Vec<Item>,
}

/// A document of a known format.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Doc {
    pub name: String,
    /// Whether it decodes as a whole.
    pub good: bool,
}

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// Which document it is in.
    pub doc: u32,
    pub hash: u128,
    pub id: String,
}

/// The name under which records are compared: an advisory's or vulnerability's id, a product and its cycle.
pub(crate) fn id_of(record: &Record) -> String {
    match record {
        Record::Advisory(a) => a.id.clone(),
        Record::Cve(c) => c.id.clone(),
        Record::EndOfLife(e) => format!("{}/{}", e.product, e.cycle),
    }
}

struct Hashed(Sha256);

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What all that a record says hashes to.
pub(crate) fn hash_of(record: &Record) -> u128 {
    let mut to = Hashed(Sha256::new());
    let done = match record {
        Record::Advisory(a) => serde_json::to_writer(&mut to, a),
        Record::Cve(c) => serde_json::to_writer(&mut to, c),
        Record::EndOfLife(e) => serde_json::to_writer(&mut to, e),
    };
    // Nothing in a record can fail to be written; were it so, it would count as changed each time.
    if done.is_err() {
        return 0;
    }
    let mut first = [0; 16];
    first.copy_from_slice(&to.0.finalize()[..16]);
    u128::from_be_bytes(first)
}

impl Index {
    /// By id, the sum over its records: equal if and only if the same records are there, in any order.
    pub fn sums<'a>(&'a self, into: &mut BTreeMap<&'a str, u128>, add: bool) {
        for item in &self.records {
            let sum = into.entry(&item.id).or_default();
            // The length of a multiset must count too, hence the one.
            let part = item.hash | 1;
            *sum = if add { sum.wrapping_add(part) } else { sum.wrapping_sub(part) };
        }
    }

    /// The documents that hold one of those records.
    pub fn docs_with(&self, ids: &BTreeSet<String>) -> BTreeSet<&str> {
        let holds = self.records.iter().filter(|r| ids.contains(&r.id));
        holds.filter_map(|r| self.docs.get(r.doc as usize)).map(|d| d.name.as_str()).collect()
    }

    /// The documents that do not decode.
    pub fn bad_docs(&self) -> BTreeSet<&str> {
        self.docs.iter().filter(|d| !d.good).map(|d| d.name.as_str()).collect()
    }

    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut out = zstd::stream::write::Encoder::new(to, 3)?;
        let mut line = String::new();
        for doc in &self.docs {
            writeln!(out, "d\t{}\t{}", u8::from(doc.good), plain(&doc.name))?;
        }
        for item in &self.records {
            line.clear();
            // Writing to memory does not fail.
            let _ = writeln!(line, "r\t{}\t{:032x}\t{}", item.doc, item.hash, plain(&item.id));
            out.write_all(line.as_bytes())?;
        }
        out.finish()?.flush()
    }

    pub fn read(file: &str, from: impl Read) -> Result<Self, FeedError> {
        let bad = |e: &dyn std::fmt::Display| FeedError::new(Code::StoreDamaged, file, e);
        let mut text = String::new();
        let decoder = zstd::stream::read::Decoder::new(from).map_err(|e| bad(&e))?;
        decoder.take(MAX_INDEX).read_to_string(&mut text).map_err(|e| bad(&e))?;
        let mut index = Self::default();
        for line in text.lines() {
            let mut parts = line.splitn(4, '\t');
            let mut next = || parts.next().unwrap_or_default();
            match next() {
                "d" => index.docs.push(Doc { good: next() == "1", name: next().to_owned() }),
                "r" => {
                    let doc = next().parse().map_err(|e| bad(&e))?;
                    let hash = u128::from_str_radix(next(), 16).map_err(|e| bad(&e))?;
                    index.records.push(Item { doc, hash, id: next().to_owned() });
                }
                _ => return Err(bad(&"a line of the index is not understood")),
            }
        }
        Ok(index)
    }
}

/// Without what separates lines and fields.
pub(crate) fn plain(text: &str) -> String {
    text.replace(['\t', '\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, hash: u128) -> Item {
        Item { doc: 0, hash, id: id.to_owned() }
    }

    #[test]
    fn an_index_is_read_as_it_was_written() {
        let docs = vec![
            Doc { name: "a b/c.json".to_owned(), good: true },
            Doc { name: "d".to_owned(), good: false },
        ];
        let index = Index { docs, records: vec![item("CVE-1", u128::MAX), item("x/1.2", 0)] };
        let mut bytes = Vec::new();
        index.write(&mut bytes).expect("written");
        assert_eq!(Index::read("i", bytes.as_slice()).expect("read"), index);
        assert_eq!(index.bad_docs(), BTreeSet::from(["d"]));
        let code = Index::read("i", &bytes[..bytes.len() / 2]).map(|_| ()).map_err(|e| e.code);
        assert_eq!(code, Err(Code::StoreDamaged));
    }

    #[test]
    fn the_order_of_records_does_not_matter_but_their_number_does() {
        let sums = |records: Vec<Item>| {
            let index = Index { docs: Vec::new(), records };
            let mut sums = BTreeMap::new();
            index.sums(&mut sums, true);
            sums.into_iter().map(|(id, sum)| (id.to_owned(), sum)).collect::<BTreeMap<_, _>>()
        };
        let one = sums(vec![item("a", 7), item("a", 9), item("b", 1)]);
        assert_eq!(one, sums(vec![item("b", 1), item("a", 9), item("a", 7)]));
        assert_ne!(one, sums(vec![item("b", 1), item("a", 9)]));
        assert_ne!(one, sums(vec![item("b", 1), item("a", 9), item("a", 11)]));
    }
}
