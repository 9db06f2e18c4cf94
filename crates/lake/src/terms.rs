//! The terms of a data file: for each block of rows a Bloom filter of the words in its long texts.
//!
//! It lies between the Parquet file's pages and its footer, where readers of Parquet never look: they follow
//! the footer, whose offsets stay right. A file without it is read whole. It only ever leaves out blocks in
//! which no row can have what is searched; the rows of the others are tested as ever.

mod filter;
mod wanted;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use palisade_schema::terms;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use serde::{Deserialize, Serialize};

use filter::{Filter, probes};
pub(crate) use wanted::Wanted;

/// Rows of a block: those of a page.
pub(crate) const BLOCK_ROWS: usize = 8192;

/// The last bytes of the index; they change when what it holds does.
const MARK: [u8; 8] = *b"PALTERM1";

/// Behind the contents: their length, the length of the filters before them, the mark.
const TRAILER: usize = 8 + 8 + MARK.len();

/// Most bytes of the contents; a file has a few hundred blocks.
const MAX_CONTENTS: u64 = 4 << 20;

/// What the index has and where.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    rows: u64,
    block_rows: u64,
    columns: Vec<Column>,
}

/// A column's filters; each begins where the one before it ends.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    /// The first filter's first byte.
    at: u64,
    /// The length of each block's filter in words of eight bytes.
    words: Vec<u32>,
}

/// Gathers the terms of rows as they are written.
#[derive(Debug)]
pub(crate) struct Indexer {
    columns: Vec<(&'static str, Filter, Vec<Vec<u64>>)>,
    rows: usize,
}

impl Indexer {
    pub(crate) fn new() -> Self {
        let columns = terms::COLUMNS.map(|name| (name, Filter::default(), Vec::new()));
        Self { columns: columns.into(), rows: 0 }
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        let rows = batch.num_rows();
        for (name, open, done) in &mut self.columns {
            let column = batch.column_by_name(name);
            let texts = column.and_then(|c| c.as_string_opt::<i32>());
            let views = column.and_then(|c| c.as_string_view_opt());
            for row in 0..rows {
                let text = match (texts, views) {
                    (Some(texts), _) if texts.is_valid(row) => texts.value(row),
                    (_, Some(views)) if views.is_valid(row) => views.value(row),
                    _ => "",
                };
                open.add(text);
                if (self.rows + row + 1).is_multiple_of(BLOCK_ROWS) {
                    done.push(open.take());
                }
            }
        }
        self.rows += rows;
    }

    /// Puts the index between a Parquet file's pages and its footer.
    pub(crate) fn finish(mut self, file: Vec<u8>) -> io::Result<Vec<u8>> {
        let Some(footer) = footer_at(&file) else { return Ok(file) };
        let mut filters = Vec::new();
        let mut columns = Vec::new();
        for (name, open, done) in &mut self.columns {
            if !self.rows.is_multiple_of(BLOCK_ROWS) {
                done.push(open.take());
            }
            // A table that lacks a column has no term of it.
            if done.iter().all(Vec::is_empty) {
                continue;
            }
            let at = filters.len() as u64;
            let words = done.iter().map(|f| u32::try_from(f.len()).unwrap_or(u32::MAX)).collect();
            for word in done.iter().flatten() {
                filters.extend_from_slice(&word.to_le_bytes());
            }
            columns.push(Column { name: (*name).to_owned(), at, words });
        }
        if columns.is_empty() {
            return Ok(file);
        }
        let contents = Contents { rows: self.rows as u64, block_rows: BLOCK_ROWS as u64, columns };
        let contents = serde_json::to_vec(&contents)?;
        let mut out = Vec::with_capacity(file.len() + filters.len() + contents.len() + TRAILER);
        out.extend_from_slice(&file[..footer]);
        out.extend_from_slice(&filters);
        out.extend_from_slice(&contents);
        out.extend_from_slice(&(contents.len() as u64).to_le_bytes());
        out.extend_from_slice(&(filters.len() as u64).to_le_bytes());
        out.extend_from_slice(&MARK);
        out.extend_from_slice(&file[footer..]);
        Ok(out)
    }
}

/// Where a whole Parquet file's footer begins.
fn footer_at(file: &[u8]) -> Option<usize> {
    let tail = file.len().checked_sub(8)?;
    before_tail(tail as u64, file.get(tail..)?.try_into().ok()?).and_then(|at| usize::try_from(at).ok())
}

/// Where the footer begins that ends at `tail`, by the eight bytes there.
fn before_tail(tail: u64, last: [u8; 8]) -> Option<u64> {
    let [a, b, c, d, mark @ ..] = last;
    (mark == *b"PAR1").then(|| tail.checked_sub(u64::from(u32::from_le_bytes([a, b, c, d]))))?
}

/// The index of a file on disk.
#[derive(Debug)]
pub(crate) struct Index {
    file: File,
    /// The first byte of the filters in the file.
    at: u64,
    length: u64,
    contents: Contents,
}

impl Index {
    /// The index of a data file of so many bytes and rows; none where it has none that fits.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn open(path: &Path, size: u64, rows: u64) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let Some(tail) = size.checked_sub(8) else { return Ok(None) };
        let mut last = [0; 8];
        file.read_exact_at(&mut last, tail)?;
        let trailer = before_tail(tail, last).and_then(|footer| footer.checked_sub(TRAILER as u64));
        let Some(trailer) = trailer else { return Ok(None) };
        let mut read = [0; TRAILER];
        file.read_exact_at(&mut read, trailer)?;
        let number = |from: usize| {
            read.get(from..from + 8).and_then(|n| n.try_into().ok()).map_or(u64::MAX, u64::from_le_bytes)
        };
        let (contents, length) = (number(0), number(8));
        if read[16..] != MARK || contents > MAX_CONTENTS {
            return Ok(None);
        }
        let starts = trailer.checked_sub(contents);
        let Some((start, at)) = starts.and_then(|s| Some((s, s.checked_sub(length)?))) else {
            return Ok(None);
        };
        let mut text = vec![0; usize::try_from(contents).unwrap_or(0)];
        file.read_exact_at(&mut text, start)?;
        let Ok(contents) = serde_json::from_slice::<Contents>(&text) else { return Ok(None) };
        let found = Self { file, at, length, contents };
        Ok(found.fits(rows).then_some(found))
    }

    /// Whether it is about so many rows, and its filters lie inside of it.
    fn fits(&self, rows: u64) -> bool {
        let Contents { rows: own, block_rows, columns } = &self.contents;
        let inside = |c: &Column| {
            let words: u64 = c.words.iter().map(|w| u64::from(*w)).sum();
            c.words.len() as u64 == rows.div_ceil((*block_rows).max(1))
                && c.at.checked_add(words * 8).is_some_and(|end| end <= self.length)
        };
        *own == rows && *block_rows > 0 && columns.iter().all(inside)
    }

    fn blocks(&self) -> usize {
        self.contents.columns.first().map_or(0, |c| c.words.len())
    }

    /// For each block, whether a row of it may have a term in a column.
    fn term(&self, column: &str, hash: u64) -> io::Result<Vec<bool>> {
        let Some(column) = self.contents.columns.iter().find(|c| c.name == column) else {
            return Ok(vec![true; self.blocks()]);
        };
        let mut at = self.at + column.at;
        let length = column.words.iter().map(|w| i64::from(*w) * 8).sum();
        if let Ok(from) = i64::try_from(at) {
            // A filter here and one there: the disk is to read them as one.
            posix_fadvise(&self.file, from, length, PosixFadviseAdvice::POSIX_FADV_WILLNEED).ok();
        }
        let mut found = Vec::with_capacity(column.words.len());
        for words in &column.words {
            let mut all = *words > 0;
            for (word, bit) in probes(hash, *words) {
                let mut bytes = [0; 8];
                if all {
                    self.file.read_exact_at(&mut bytes, at + u64::from(word) * 8)?;
                }
                all &= u64::from_le_bytes(bytes) & bit != 0;
            }
            found.push(all);
            at += u64::from(*words) * 8;
        }
        Ok(found)
    }

    /// The rows of the blocks that may have what is wanted; none where that is all of them.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn select(&self, wanted: &Wanted) -> io::Result<Option<RowSelection>> {
        let blocks = wanted.blocks(self.blocks(), &|column, hash| self.term(column, hash))?;
        if blocks.iter().all(|b| *b) {
            return Ok(None);
        }
        let mut left = usize::try_from(self.contents.rows).unwrap_or(usize::MAX);
        let block = usize::try_from(self.contents.block_rows).unwrap_or(usize::MAX);
        let runs = blocks.iter().map(|may| {
            let rows = left.min(block);
            left -= rows;
            if *may { RowSelector::select(rows) } else { RowSelector::skip(rows) }
        });
        Ok(Some(runs.collect::<Vec<_>>().into()))
    }
}
