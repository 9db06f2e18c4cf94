//! Data files as scans read them: from the file system, on the thread that decodes them.
//!
//! A data file never changes and lies on a local disk. Handing each read to another thread and back takes
//! longer than the read itself does when the system has the bytes, which it mostly has.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::ParquetFileMetrics;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use palisade_coded::{Coded, Layout};
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};

use super::codes::{repeats, with_codes};
use super::footers::{self, Key};
use super::limit::DEVICE;

/// Bytes at the end of a file that are read at once: a footer is shorter mostly.
const TAIL: u64 = 64 << 10;

/// Most bytes of one read; a footer that names more is damaged.
const MAX_READ: u64 = 1 << 31;

/// Where a data file lies, for the reader; an extension of the file that a scan names.
#[derive(Clone, Debug)]
pub(super) struct Place(pub(super) PathBuf);

/// Only some rows are read, perhaps: where their pages are is to be known. An extension of the file that a scan names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paged;

/// Makes readers of data files.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LocalFiles {
    /// Their footers are kept for later queries.
    Queried,
    /// They are read once.
    Once,
}

impl ParquetFileReaderFactory for LocalFiles {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let Some(Place(path)) = file.extension::<Place>() else {
            return Err(DataFusionError::Internal("a scanned file without its place".to_owned()));
        };
        let metrics = ParquetFileMetrics::new(partition, file.object_meta.location.as_ref(), metrics);
        Ok(Box::new(Reader {
            path: path.clone(),
            size: file.object_meta.size,
            file: None,
            keeps: matches!(self, LocalFiles::Queried),
            paged: file.extension::<Paged>().is_some(),
            coded: file.extension::<Coded>().cloned(),
            metrics,
        }))
    }
}

/// The files of a scan are alike: the first tells of all.
#[derive(Debug)]
pub(super) struct First {
    path: PathBuf,
    size: u64,
    footer: OnceLock<Option<Arc<ParquetMetaData>>>,
}

impl First {
    pub(super) fn new(path: PathBuf, size: u64) -> Self {
        Self { path, size, footer: OnceLock::new() }
    }
}

impl Layout for First {
    fn repeats(&self, column: &str) -> bool {
        let footer = self.footer.get_or_init(|| {
            let metrics = ParquetFileMetrics::new(0, "layout", &ExecutionPlanMetricsSet::new());
            let (path, size) = (self.path.clone(), self.size);
            let mut reader =
                Reader { path, size, file: None, keeps: true, paged: false, coded: None, metrics };
            // Whether the file can be read shows when its rows are.
            reader.known(PageIndexPolicy::Skip).ok()
        });
        footer.as_ref().is_some_and(|footer| repeats(footer, column))
    }

    fn sorted(&self, column: &str) -> bool {
        column == DEVICE
    }
}

struct Reader {
    path: PathBuf,
    size: u64,
    /// Opened by the first read.
    file: Option<File>,
    /// Footers are kept.
    keeps: bool,
    /// Where pages are is to be known, or all are fetched.
    paged: bool,
    /// Columns to be read as numbers of their dictionaries.
    coded: Option<Coded>,
    metrics: ParquetFileMetrics,
}

/// What the system says of a file, with its path.
fn failed(path: &Path, error: std::io::Error) -> ParquetError {
    ParquetError::External(format!("{}: {error}", path.display()).into())
}

impl Reader {
    fn file(&mut self) -> ParquetResult<&mut File> {
        if self.file.is_none() {
            self.file = Some(File::open(&self.path).map_err(|e| failed(&self.path, e))?);
        }
        self.file.as_mut().ok_or_else(|| ParquetError::General("no file".to_owned()))
    }

    fn read(&mut self, range: &Range<u64>) -> ParquetResult<Bytes> {
        let length = range.end.saturating_sub(range.start);
        if range.end > self.size || length > MAX_READ {
            return Err(ParquetError::EOF(format!(
                "{}: bytes {} to {} of {}",
                self.path.display(),
                range.start,
                range.end,
                self.size
            )));
        }
        let wanted = usize::try_from(length)?;
        let mut bytes = Vec::with_capacity(wanted);
        let file = self.file()?;
        let read = file
            .seek(SeekFrom::Start(range.start))
            .and_then(|_| Read::by_ref(file).take(length).read_to_end(&mut bytes));
        let read = read.map_err(|e| failed(&self.path, e))?;
        if read != wanted {
            return Err(ParquetError::EOF(format!("{} is shorter than it was", self.path.display())));
        }
        self.metrics.bytes_scanned.add(read);
        Ok(bytes.into())
    }

    fn read_all(&mut self, ranges: &[Range<u64>]) -> ParquetResult<Vec<Bytes>> {
        if ranges.len() > 1 {
            let file = self.file()?;
            for range in ranges {
                let (Ok(from), Ok(length)) =
                    (i64::try_from(range.start), i64::try_from(range.end.saturating_sub(range.start)))
                else {
                    continue;
                };
                // The disk fetches the later ranges while the first are copied; where it may not be told
                // so, reading is slower and no less right.
                posix_fadvise(&*file, from, length, PosixFadviseAdvice::POSIX_FADV_WILLNEED).ok();
            }
        }
        ranges.iter().map(|range| self.read(range)).collect()
    }

    /// The footer, of an earlier query if there was one.
    fn known(&mut self, index: PageIndexPolicy) -> ParquetResult<Arc<ParquetMetaData>> {
        if !self.keeps {
            return self.footer(index);
        }
        let state = self.file()?.metadata().map_err(|e| failed(&self.path, e))?;
        // With its pages it would serve all, and hold those up that read whole columns.
        let paged = !matches!(index, PageIndexPolicy::Skip);
        let coded = self.coded.as_ref().map(|c| Arc::clone(c.names()));
        let key = Key::new(self.path.clone(), &state, coded, paged);
        if let Some(footer) = footers::kept(&key) {
            return Ok(footer);
        }
        let footer = self.footer(index)?;
        footers::keep(key, Arc::clone(&footer));
        Ok(footer)
    }

    fn footer(&mut self, index: PageIndexPolicy) -> ParquetResult<Arc<ParquetMetaData>> {
        let mut decoder = ParquetMetaDataPushDecoder::try_new(self.size)?.with_page_index_policy(index);
        let tail = self.size.saturating_sub(TAIL)..self.size;
        let bytes = self.read(&tail)?;
        // The decoder takes the footer's length at its word.
        let length = bytes.last_chunk::<8>().map(|[a, b, c, d, ..]| u32::from_le_bytes([*a, *b, *c, *d]));
        if length.is_none_or(|length| u64::from(length) > self.size.saturating_sub(8)) {
            return Err(ParquetError::General(format!("{} has no footer", self.path.display())));
        }
        decoder.push_range(tail, bytes)?;
        loop {
            match decoder.try_decode()? {
                DecodeResult::Data(footer) => {
                    return Ok(Arc::new(match &self.coded {
                        Some(coded) => with_codes(footer, coded)?,
                        None => footer,
                    }));
                }
                DecodeResult::NeedsData(ranges) => {
                    let bytes = self.read_all(&ranges)?;
                    decoder.push_ranges(ranges, bytes)?;
                }
                DecodeResult::Finished => {
                    return Err(ParquetError::General(format!("{} has no footer", self.path.display())));
                }
            }
        }
    }
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        ready(self.read(&range)).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        ready(self.read_all(&ranges)).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        let asked = options.map_or(PageIndexPolicy::Skip, ArrowReaderOptions::column_index_policy);
        let index = if self.paged { PageIndexPolicy::Optional } else { asked };
        ready(self.known(index)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(path: PathBuf, size: u64) -> Reader {
        let metrics = ParquetFileMetrics::new(0, "f", &ExecutionPlanMetricsSet::new());
        Reader { path, size, file: None, keeps: false, paged: false, coded: None, metrics }
    }

    #[test]
    fn ranges_are_read_as_they_lie_and_none_beyond_the_end() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("f");
        std::fs::write(&path, b"0123456789").expect("writes");
        let mut whole = reader(path.clone(), 10);
        let read = whole.read_all(&[7..10, 0..3, 4..4]).expect("reads");
        assert_eq!(read, [&b"789"[..], b"012", b""]);
        assert!(whole.read(&(8..11)).is_err());
        assert!(reader(path, 12).read(&(8..12)).is_err(), "shorter than the table says");
        assert!(reader(dir.path().join("none"), 10).read(&(0..1)).is_err());
    }

    #[test]
    fn noise_has_no_footer() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("f");
        for noise in [&b""[..], b"PAR1", &[0xff; 64], b"PAR1\xff\xff\xff\x7fPAR1"] {
            std::fs::write(&path, noise).expect("writes");
            let mut found = reader(path.clone(), noise.len() as u64);
            assert!(found.footer(PageIndexPolicy::Skip).is_err(), "{noise:?}");
        }
    }
}
