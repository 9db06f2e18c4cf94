//! The hot tier: rows that are sealed but not yet in Delta, as immutable Arrow files on tmpfs,
//! and one manifest per tenant that says which of them count.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::buffer::Buffer;
use arrow::compute;
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::root_as_footer;
use arrow::ipc::writer::FileWriter;
use bytes::Bytes;
use palisade_types::TenantId;
use serde::{Deserialize, Serialize};

use crate::error::{At, LakeError};

/// Largest manifest that is read, bytes.
const MAX_MANIFEST: u64 = 16 << 20;

/// Name of the manifest in a tenant's hot folder.
const MANIFEST: &str = "manifest.json";

/// One sealed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HotFile {
    /// Name in the tenant's hot folder.
    pub name: String,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Lowest Timestamp, microseconds UTC.
    pub min_us: i64,
    /// Highest Timestamp, microseconds UTC.
    pub max_us: i64,
    /// The first log offset that gave rows to it.
    pub first_offset: u64,
    /// Everything in it comes from offsets up to this one.
    pub last_offset: u64,
    /// How often it was merged.
    pub level: u8,
}

/// One table of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableManifest {
    /// The Delta version to read; absent where there is none yet.
    pub delta_version: Option<u64>,
    /// The last log offset in that version.
    pub delta_offset: Option<u64>,
    /// What to read besides.
    pub hot: Vec<HotFile>,
}

/// What a query pins: per table one Delta version and the hot files, as of one log offset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The last log offset that is in it; absent before the first.
    pub offset: Option<u64>,
    /// When it was written, microseconds UTC.
    pub sealed_us: i64,
    /// By table.
    pub tables: BTreeMap<String, TableManifest>,
}

impl Manifest {
    /// Reads a tenant's manifest; `None` where there is none.
    ///
    /// # Errors
    /// [`LakeError::Io`], or [`LakeError::Damaged`] for one that is too large, is no manifest or
    /// names a file outside its folder.
    pub fn load(hot_dir: &Path, tenant: TenantId) -> Result<Option<Self>, LakeError> {
        let path = tenant_dir(hot_dir, tenant).join(MANIFEST);
        let meta = match fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.at(&path)?,
        };
        if meta.len() > MAX_MANIFEST {
            return Err(LakeError::damaged(&path, "too large"));
        }
        let text = fs::read(&path).at(&path)?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|e| LakeError::damaged(&path, e))?;
        let plain = |name: &str| !name.contains('/') && !name.starts_with('.');
        if !manifest.tables.values().flat_map(|t| &t.hot).all(|f| plain(&f.name)) {
            return Err(LakeError::damaged(&path, "names a file outside its folder"));
        }
        Ok(Some(manifest))
    }

    /// Replaces the tenant's manifest. On tmpfs nothing needs to be synced: what a power cut takes
    /// is built again from the log.
    pub(crate) fn store(&self, hot_dir: &Path, tenant: TenantId) -> Result<(), LakeError> {
        let dir = tenant_dir(hot_dir, tenant);
        let (temporary, path) = (dir.join("manifest.tmp"), dir.join(MANIFEST));
        let text = serde_json::to_vec(self).map_err(|e| LakeError::damaged(&path, e))?;
        fs::write(&temporary, text).at(&temporary)?;
        fs::rename(&temporary, &path).at(&path)
    }
}

/// A tenant's hot folder.
pub(crate) fn tenant_dir(hot_dir: &Path, tenant: TenantId) -> PathBuf {
    hot_dir.join(tenant.to_string())
}

/// Writes a batch as an Arrow file and describes it.
pub(crate) fn write(
    dir: &Path,
    name: String,
    batch: &RecordBatch,
    offsets: (u64, u64),
    level: u8,
) -> Result<HotFile, LakeError> {
    let path = dir.join(&name);
    let bytes = match write_file(&path, batch) {
        Ok(bytes) => bytes,
        Err(e) => {
            // On a full tmpfs each attempt would leave a part behind.
            let _ = fs::remove_file(&path);
            return Err(e);
        }
    };
    let (min_us, max_us) = time_range(batch);
    Ok(HotFile {
        name,
        rows: batch.num_rows() as u64,
        bytes,
        min_us,
        max_us,
        first_offset: offsets.0,
        last_offset: offsets.1,
        level,
    })
}

fn write_file(path: &Path, batch: &RecordBatch) -> Result<u64, LakeError> {
    let file = File::create(path).at(path)?;
    let mut writer = FileWriter::try_new(BufWriter::with_capacity(1 << 18, file), &batch.schema())?;
    writer.write(batch)?;
    // Flushes the buffer too, so that an error is seen here.
    writer.finish()?;
    drop(writer);
    Ok(fs::metadata(path).at(path)?.len())
}

/// Lowest and highest Timestamp; everything where there is none.
pub(crate) fn time_range(batch: &RecordBatch) -> (i64, i64) {
    let column =
        batch.column_by_name("Timestamp").and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
    column.and_then(|c| Some((compute::min(c)?, compute::max(c)?))).unwrap_or((i64::MIN, i64::MAX))
}

/// An Arrow file mapped into memory; batches read from it are views, and keep it mapped.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    path: PathBuf,
    buffer: Buffer,
}

impl Mapped {
    /// Maps a sealed file, which must be as long as its manifest says.
    pub(crate) fn open(path: PathBuf, bytes: u64) -> Result<Self, LakeError> {
        let file = File::open(&path).at(&path)?;
        if file.metadata().at(&path)?.len() != bytes {
            return Err(LakeError::damaged(&path, "not as long as it was sealed"));
        }
        // SAFETY: hot files are written once, never changed and never truncated; removing one
        // leaves the mapping intact.
        let map = unsafe { memmap2::Mmap::map(&file) }.at(&path)?;
        Ok(Self { path, buffer: Buffer::from(Bytes::from_owner(map)) })
    }

    /// The file's batches, with the named columns only (in the file's order), or all.
    pub(crate) fn read(&self, wanted: Option<&dyn Fn(&str) -> bool>) -> Result<Vec<RecordBatch>, LakeError> {
        let bad = |why: &str| LakeError::damaged(&self.path, why);
        let trailer = self.buffer.len().checked_sub(10).ok_or_else(|| bad("too short"))?;
        let tail: [u8; 10] = self.buffer[trailer..].try_into().map_err(|_| bad("too short"))?;
        let start =
            trailer.checked_sub(read_footer_length(tail)?).ok_or_else(|| bad("footer is too long"))?;
        let footer =
            root_as_footer(&self.buffer[start..trailer]).map_err(|e| LakeError::damaged(&self.path, e))?;
        let schema: SchemaRef = Arc::new(fb_to_schema(footer.schema().ok_or_else(|| bad("no schema"))?));
        // SAFETY: only the lake process can write here, it wrote the whole file from valid arrays,
        // and the file has the length that it sealed. Checking all text again would make every
        // query of hot rows read every column's bytes.
        let mut decoder =
            unsafe { FileDecoder::new(Arc::clone(&schema), footer.version()).with_skip_validation(true) };
        if let Some(wanted) = wanted {
            let indices = schema
                .fields()
                .iter()
                .enumerate()
                .filter(|(_, f)| wanted(f.name()))
                .map(|(i, _)| i)
                .collect();
            decoder = decoder.with_projection(indices);
        }
        let mut out = Vec::new();
        for block in footer.recordBatches().into_iter().flatten() {
            let length = i64::from(block.metaDataLength())
                .checked_add(block.bodyLength())
                .and_then(|l| usize::try_from(l).ok());
            let offset = usize::try_from(block.offset()).ok();
            let (Some(offset), Some(length)) = (offset, length) else { return Err(bad("impossible block")) };
            if offset.checked_add(length).is_none_or(|end| end > self.buffer.len()) {
                return Err(bad("block ends outside the file"));
            }
            out.extend(decoder.read_record_batch(block, &self.buffer.slice_with_length(offset, length))?);
        }
        Ok(out)
    }
}

/// Reads whole files into one batch.
pub(crate) fn read_all<'a>(
    dir: &Path,
    files: impl Iterator<Item = &'a HotFile>,
) -> Result<Vec<RecordBatch>, LakeError> {
    let mut out = Vec::new();
    for f in files {
        out.extend(Mapped::open(dir.join(&f.name), f.bytes)?.read(None)?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};

    #[test]
    fn a_file_is_read_back_with_the_columns_asked_for() {
        let dir = tempfile::tempdir().expect("temp dir");
        let batch = RecordBatch::try_from_iter([
            ("a", Arc::new(StringArray::from(vec!["x", "y"])) as _),
            ("b", Arc::new(Int64Array::from(vec![1, 2])) as _),
        ])
        .expect("batch");
        let file = write(dir.path(), "f.arrow".into(), &batch, (3, 9), 0).expect("writes");
        assert_eq!((file.rows, file.first_offset, file.last_offset), (2, 3, 9));
        assert!(Mapped::open(dir.path().join("f.arrow"), file.bytes + 1).is_err());
        let mapped = Mapped::open(dir.path().join("f.arrow"), file.bytes).expect("maps");
        fs::remove_file(dir.path().join("f.arrow")).expect("removes");
        assert_eq!(mapped.read(None).expect("reads"), std::slice::from_ref(&batch));
        let only_b = mapped.read(Some(&|n| n == "b")).expect("reads");
        assert_eq!(only_b[0].num_columns(), 1);
        assert_eq!(only_b[0].column(0).as_ref(), batch.column(1).as_ref());
    }

    #[test]
    fn noise_is_damaged_and_not_a_panic() {
        let dir = tempfile::tempdir().expect("temp dir");
        for noise in [&b"x"[..], &[0xff; 64], b"ARROW1\0\0\xff\xff\xff\x7fARROW1"] {
            let path = dir.path().join("noise");
            fs::write(&path, noise).expect("writes");
            assert!(Mapped::open(path, noise.len() as u64).and_then(|m| m.read(None)).is_err());
        }
    }

    #[test]
    fn a_manifest_that_reaches_outside_its_folder_is_refused() {
        let dir = tempfile::tempdir().expect("temp dir");
        let tenant = TenantId(uuid::Uuid::nil());
        fs::create_dir(tenant_dir(dir.path(), tenant)).expect("makes");
        assert_eq!(Manifest::load(dir.path(), tenant).expect("loads"), None);
        let mut m = Manifest { offset: Some(4), ..Manifest::default() };
        m.store(dir.path(), tenant).expect("stores");
        assert_eq!(Manifest::load(dir.path(), tenant).expect("loads"), Some(m.clone()));
        let file = HotFile {
            name: "../x".into(),
            rows: 1,
            bytes: 1,
            min_us: 0,
            max_us: 0,
            first_offset: 0,
            last_offset: 0,
            level: 0,
        };
        m.tables.insert("T".into(), TableManifest { hot: vec![file], ..TableManifest::default() });
        m.store(dir.path(), tenant).expect("stores");
        assert_eq!(Manifest::load(dir.path(), tenant).map_err(|e| e.code()), Err("lake_damaged"));
    }
}
