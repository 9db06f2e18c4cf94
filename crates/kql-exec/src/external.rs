//! `externaldata`: rows from outside.
//!
//! The executor asks an [`ExternalSource`] for the bytes of each address, within bounds, and reads them
//! as the properties say. Who may be asked is the source's own matter: [`NoExternal`], which every
//! executor begins with, refuses all. Formats and properties: Kusto's page of the operator.

mod delimited;
mod json;
mod parquet;

use std::collections::HashMap;
use std::io::Read;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use datafusion::execution::memory_pool::MemoryReservation;
use palisade_kql::Type;
use palisade_kql::program::External;

use crate::error::ExecError;
use crate::harden::held;
use crate::kernels::convert::convert;
use crate::value::{Column, V, arrow_schema};

/// Most bytes that one query fetches, as they come.
const MAX_FETCHED: usize = 64 << 20;
/// Most bytes of one file once it is decompressed.
const MAX_PLAIN: usize = 128 << 20;
/// Most rows of one `externaldata`.
const MAX_ROWS: usize = 5_000_000;
/// Rows in one batch.
const BATCH_ROWS: usize = 8192;

/// One file that a query wants.
#[derive(Clone, Copy, Debug)]
pub struct ExternalRequest<'a> {
    /// The address as written: a URL, or the name of an upload.
    pub url: &'a str,
    /// The properties after `with`, names in lower case.
    pub properties: &'a [(String, String)],
    /// Most bytes that may be given; more is [`ExternalError::TooLarge`].
    pub max_bytes: usize,
}

impl ExternalRequest<'_> {
    /// The host of a URL, lower case and without port; none for the name of an upload.
    pub fn host(&self) -> Option<String> {
        let (_, rest) = self.url.split_once("://")?;
        let authority = rest.split(['/', '?', '#', ';']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = match host.strip_prefix('[') {
            Some(literal) => literal.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        Some(host.to_ascii_lowercase())
    }
}

/// Why a file is not there.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExternalError {
    /// It may not be read; which host, and why not.
    #[error("{0}")]
    Refused(String),
    /// It is larger than asked for.
    #[error("it has more than {0} bytes")]
    TooLarge(usize),
    /// There is no such upload.
    #[error("there is no upload of this name")]
    Missing,
    /// Its host did not give it.
    #[error("{0}")]
    Unreachable(String),
    /// It cannot be had.
    #[error("{0}")]
    Unavailable(String),
}

/// Where the bytes of external data come from.
#[async_trait]
pub trait ExternalSource: Send + Sync {
    /// The bytes of one file, compressed or not.
    ///
    /// # Errors
    /// [`ExternalError`]; a host that is not allowed is [`ExternalError::Refused`].
    async fn fetch(&self, request: ExternalRequest<'_>) -> Result<Vec<u8>, ExternalError>;
}

/// Refuses everything: nobody goes out here.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoExternal;

#[async_trait]
impl ExternalSource for NoExternal {
    async fn fetch(&self, request: ExternalRequest<'_>) -> Result<Vec<u8>, ExternalError> {
        let what = request.host().unwrap_or_else(|| request.url.chars().take(200).collect());
        Err(ExternalError::Refused(format!(
            "{what} may not be read: nothing outside is, where this query runs"
        )))
    }
}

/// Files by name, held in memory; every URL is refused.
#[derive(Clone, Debug, Default)]
pub struct Uploads {
    files: HashMap<String, Vec<u8>>,
}

impl Uploads {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or replaces the one of that name.
    pub fn add(&mut self, name: impl Into<String>, bytes: Vec<u8>) {
        self.files.insert(name.into(), bytes);
    }
}

#[async_trait]
impl ExternalSource for Uploads {
    async fn fetch(&self, request: ExternalRequest<'_>) -> Result<Vec<u8>, ExternalError> {
        match self.files.get(request.url) {
            Some(bytes) if bytes.len() > request.max_bytes => Err(ExternalError::TooLarge(request.max_bytes)),
            Some(bytes) => Ok(bytes.clone()),
            None if request.host().is_some() => NoExternal.fetch(request).await,
            None => Err(ExternalError::Missing),
        }
    }
}

/// The rows that all files of one `externaldata` have.
pub(crate) async fn rows(
    source: &dyn ExternalSource,
    external: &External,
    kept: &MemoryReservation,
) -> Result<Vec<RecordBatch>, ExecError> {
    let mut left = MAX_FETCHED;
    let mut out = Rows::new(external, kept);
    for url in &external.urls {
        let request = ExternalRequest { url, properties: &external.properties, max_bytes: left };
        let bytes = source.fetch(request).await.map_err(|e| failed(&request, &e))?;
        left = left.saturating_sub(bytes.len());
        let plain = decompressed(bytes)?;
        read(&plain, &request, &mut out)?;
    }
    out.finish()
}

fn failed(request: &ExternalRequest<'_>, error: &ExternalError) -> ExecError {
    // What follows a question mark or a semicolon may be a secret.
    let named: String = request.url.split(['?', ';']).next().unwrap_or_default().chars().take(300).collect();
    match error {
        ExternalError::Refused(_) => ExecError::ExternalRefused(format!("externaldata: {error}")),
        ExternalError::Unreachable(_) => ExecError::ExternalUnavailable(format!("externaldata: {error}")),
        ExternalError::Missing => ExecError::ExternalMissing(format!("externaldata of {named}: {error}")),
        ExternalError::TooLarge(_) => ExecError::Limit(format!("externaldata of {named}: {error}")),
        ExternalError::Unavailable(_) => ExecError::Data(format!("externaldata of {named}: {error}")),
    }
}

/// The content of a gzip file; other bytes as they are.
fn decompressed(bytes: Vec<u8>) -> Result<Vec<u8>, ExecError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let limit = u64::try_from(MAX_PLAIN).unwrap_or(u64::MAX);
    let mut reader = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(limit.saturating_add(1));
    reader.read_to_end(&mut plain).map_err(|e| ExecError::Data(format!("externaldata, gzip: {e}")))?;
    if plain.len() > MAX_PLAIN {
        return Err(ExecError::Limit(format!("externaldata: a file has more than {MAX_PLAIN} bytes")));
    }
    Ok(plain)
}

fn read(bytes: &[u8], request: &ExternalRequest<'_>, out: &mut Rows<'_>) -> Result<(), ExecError> {
    let property =
        |name: &str| request.properties.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let skip = property("ignorefirstrecord").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let mapping = match property("ingestionmapping") {
        Some(text) => Some(Mapping::read(text)?),
        None => None,
    };
    let mapping = mapping.as_ref();
    let format = property("format").map(str::to_ascii_lowercase).unwrap_or_else(|| by_name(request.url));
    match format.as_str() {
        "csv" => delimited::read(bytes, b',', skip, mapping, out),
        "tsv" => delimited::read(bytes, b'\t', skip, mapping, out),
        "psv" => delimited::read(bytes, b'|', skip, mapping, out),
        "scsv" => delimited::read(bytes, b';', skip, mapping, out),
        "sohsv" => delimited::read(bytes, 1, skip, mapping, out),
        "tsve" => delimited::escaped(bytes, skip, mapping, out),
        "txt" => delimited::lines(bytes, skip, out),
        "raw" => out.push(vec![V::string(text_of(bytes))]),
        "json" | "multijson" => json::read(bytes, mapping, out),
        "parquet" => parquet::read(bytes, mapping, out),
        other => Err(ExecError::Data(format!("externaldata: the format '{other}' is not known"))),
    }
}

/// The format that a file's name tells.
fn by_name(url: &str) -> String {
    let path = url.split(['?', '#', ';']).next().unwrap_or_default().to_ascii_lowercase();
    let path = path.strip_suffix(".gz").unwrap_or(&path);
    let known = ["csv", "tsv", "psv", "txt", "json", "multijson", "parquet"];
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    if known.contains(&ending) { ending.to_owned() } else { "csv".to_owned() }
}

/// Bytes as text, without the mark of its encoding.
fn text_of(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where the columns stand in a record, when the query says so.
pub(crate) struct Mapping {
    /// Column, and its path or place.
    entries: Vec<(String, Place)>,
}

/// Where a column stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A path such as `$.a.b`.
    Path(Vec<String>),
    /// A position, from 0.
    Ordinal(usize),
}

impl Mapping {
    /// `[{"Column": "A", "Properties": {"Path": "$.a"}}]`, also without `Properties`.
    fn read(text: &str) -> Result<Self, ExecError> {
        let wrong = || ExecError::Data("externaldata: the ingestionMapping cannot be read".to_owned());
        let json: serde_json::Value = serde_json::from_str(text).map_err(|_| wrong())?;
        let mut entries = Vec::new();
        for entry in json.as_array().ok_or_else(wrong)? {
            let get = |name: &str| {
                let holds = |v: &serde_json::Value| {
                    let found =
                        v.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.clone();
                    Some(found)
                };
                holds(entry).or_else(|| holds(entry.get("Properties").or_else(|| entry.get("properties"))?))
            };
            let column = get("Column").or_else(|| get("Name"));
            let column = column.as_ref().and_then(|c| c.as_str()).ok_or_else(wrong)?.to_owned();
            let place = match (get("Path"), get("Ordinal")) {
                (Some(path), _) => Place::Path(json::steps(path.as_str().ok_or_else(wrong)?)),
                (None, Some(at)) => {
                    let at = at.as_u64().or_else(|| at.as_str()?.trim().parse().ok()).ok_or_else(wrong)?;
                    Place::Ordinal(usize::try_from(at).map_err(|_| wrong())?)
                }
                (None, None) => Place::Path(vec![column.clone()]),
            };
            entries.push((column, place));
        }
        Ok(Self { entries })
    }

    fn place(&self, column: &str) -> Option<&Place> {
        self.entries.iter().find(|(name, _)| name == column).map(|(_, place)| place)
    }
}

/// Rows as they are read.
pub(crate) struct Rows<'a> {
    external: &'a External,
    kept: &'a MemoryReservation,
    cells: Vec<Column>,
    here: usize,
    total: usize,
    batches: Vec<RecordBatch>,
}

impl<'a> Rows<'a> {
    fn new(external: &'a External, kept: &'a MemoryReservation) -> Self {
        let mut rows = Self { external, kept, cells: Vec::new(), here: 0, total: 0, batches: Vec::new() };
        rows.cells = rows.fresh();
        rows
    }

    fn fresh(&self) -> Vec<Column> {
        self.external.schema.columns.iter().map(|c| Column::new(c.ty, 0)).collect()
    }

    /// The columns that are wanted.
    fn columns(&self) -> &'a [palisade_kql::Column] {
        &self.external.schema.columns
    }

    /// A row of texts in the order of the columns; missing ones are empty.
    fn push(&mut self, row: Vec<V<'_>>) -> Result<(), ExecError> {
        let mut row = row.into_iter();
        let columns = self.columns();
        let cells = columns.iter().map(|column| row.next().map_or(V::Null, |cell| of_text(&cell, column.ty)));
        let cells: Vec<V<'static>> = cells.collect();
        self.push_cells(&cells)
    }

    /// A row of cells of the columns' types.
    fn push_cells(&mut self, row: &[V<'_>]) -> Result<(), ExecError> {
        for (column, cell) in self.cells.iter_mut().zip(row) {
            column.push(cell);
        }
        self.here += 1;
        self.total += 1;
        if self.total > MAX_ROWS {
            return Err(ExecError::Limit(format!("externaldata gives more than {MAX_ROWS} rows")));
        }
        if self.here >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExecError> {
        let full = std::mem::take(&mut self.cells);
        let arrays = full.into_iter().map(Column::finish).collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new(arrow_schema(&self.external.schema), arrays)?;
        self.kept.try_grow(held(&batch))?;
        self.batches.push(batch);
        self.cells = self.fresh();
        self.here = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<RecordBatch>, ExecError> {
        if self.here > 0 || self.batches.is_empty() {
            self.flush()?;
        }
        Ok(self.batches)
    }
}

/// A text as a cell of a type; a dynamic is read as JSON where it is some.
fn of_text(cell: &V<'_>, ty: Type) -> V<'static> {
    match (cell, ty) {
        (V::Str(text), Type::Dynamic) => {
            crate::kernels::convert::from_json(&crate::kernels::convert::json_of_text(text))
        }
        (V::Str(text), Type::String) => V::string(text.as_ref()),
        (V::Str(text), _) if text.is_empty() => V::Null,
        (V::Str(_), _) => convert(cell, Type::String, ty),
        _ => V::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_taken_from_addresses() {
        let host = |url: &str| ExternalRequest { url, properties: &[], max_bytes: 1 }.host();
        for (url, expected) in [
            ("https://Example.com/a.csv", Some("example.com")),
            ("https://user:pw@example.com:8443/a?b=c@d", Some("example.com")),
            ("https://[::1]:80/a", Some("::1")),
            ("https://a.blob.core.windows.net/c/f.csv;secret", Some("a.blob.core.windows.net")),
            ("indicators.csv", None),
        ] {
            assert_eq!(host(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn formats_follow_names() {
        for (url, format) in [
            ("https://x/a.csv?sv=1.json", "csv"),
            ("https://x/a.json.gz", "json"),
            ("https://x/list", "csv"),
            ("hashes.TXT", "txt"),
        ] {
            assert_eq!(by_name(url), format, "{url}");
        }
    }

    #[test]
    fn mappings_name_paths_and_places() {
        let mapping = Mapping::read(
            r#"[{"Column":"A","Properties":{"Path":"$.x.y"}},{"column":"B","ordinal":"2"},{"Name":"C"}]"#,
        )
        .expect("readable");
        assert_eq!(mapping.place("A"), Some(&Place::Path(vec!["x".into(), "y".into()])));
        assert_eq!(mapping.place("B"), Some(&Place::Ordinal(2)));
        assert_eq!(mapping.place("C"), Some(&Place::Path(vec!["C".into()])));
        assert!(Mapping::read("{}").is_err());
    }
}
