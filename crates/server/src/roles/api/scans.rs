//! Views that a worker reads while it runs a query, from the side that has them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use palisade_api::{FileBytes, QueryFailure, ViewRows, Views};

use crate::query_link::{self, Broken, NamedFile, Open, OpenFile};

/// Most scans of views in one query: each holds its place in what it reads.
const MOST_SCANS: usize = 64;

/// The scans of one query.
pub(super) struct Scans {
    views: Option<Arc<dyn Views>>,
    begun: usize,
    open: HashMap<u32, Result<Scan, QueryFailure>>,
}

enum Scan {
    Rows(SchemaRef, Box<dyn ViewRows>),
    File(Box<dyn FileBytes>),
}

fn failure(code: &str, message: impl Into<String>) -> QueryFailure {
    QueryFailure { code: code.into(), message: message.into(), ..QueryFailure::default() }
}

impl Scans {
    pub(super) fn of(views: Option<Arc<dyn Views>>) -> Self {
        Self { views, begun: 0, open: HashMap::new() }
    }

    /// Begins a scan; what is wrong with it is said when its rows are asked for.
    pub(super) async fn open(&mut self, open: Open) {
        let scan = if self.begin() { begin(self.views.clone(), &open).await } else { Err(too_many()) };
        self.keep(open.scan, scan);
    }

    /// Begins to read a file; the same holds.
    pub(super) async fn open_file(&mut self, open: OpenFile) {
        let scan = if self.begin() { begin_file(self.views.clone(), &open).await } else { Err(too_many()) };
        self.keep(open.scan, scan);
    }

    /// Whether one more may begin.
    fn begin(&mut self) -> bool {
        self.begun += 1;
        self.begun <= MOST_SCANS
    }

    fn keep(&mut self, number: u32, scan: Result<Scan, QueryFailure>) {
        // One more would have no failure to keep either: the map itself is bounded.
        if self.begun <= MOST_SCANS + 1 {
            self.open.insert(number, scan);
        }
    }

    /// The next frame of a scan: its kind and body.
    pub(super) async fn next(&mut self, scan: u32) -> std::io::Result<(u8, Vec<u8>)> {
        let batch = match self.open.get_mut(&scan) {
            Some(Ok(Scan::Rows(schema, rows))) => match rows.batch().await {
                Ok(Some(rows)) => Ok(Some(query_link::encode_rows(scan, schema, rows)?)),
                Ok(None) => Ok(None),
                Err(failure) => Err(failure),
            },
            Some(Ok(Scan::File(file))) => {
                let chunk = file.chunk().await;
                chunk.map(|bytes| bytes.map(|bytes| [&scan.to_le_bytes()[..], &bytes[..]].concat()))
            }
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(too_many()),
        };
        Ok(match batch {
            Ok(Some(body)) => (b'B', body),
            Ok(None) => {
                self.open.remove(&scan);
                (b'Z', scan.to_le_bytes().to_vec())
            }
            Err(failure) => {
                self.open.remove(&scan);
                (b'X', serde_json::to_vec(&Broken { scan, failure })?)
            }
        })
    }
}

// Not a method: rows that are being made cannot be looked at by two threads, so nothing may hold `Scans`.
async fn begin(views: Option<Arc<dyn Views>>, open: &Open) -> Result<Scan, QueryFailure> {
    let missing = || failure("table_missing", format!("the table {} is not there", open.what.table));
    let views = views.ok_or_else(missing)?;
    let table = palisade_schema::table(&open.what.table).ok_or_else(missing)?;
    let schema = query_link::view_schema(table, &open.what.columns);
    let schema = schema.map_err(|e| failure("internal", e.to_string()))?;
    Ok(Scan::Rows(schema, views.open(&open.what).await?))
}

async fn begin_file(views: Option<Arc<dyn Views>>, open: &OpenFile) -> Result<Scan, QueryFailure> {
    let views = views.ok_or_else(|| failure("not_found", "there is no upload of this name"))?;
    Ok(Scan::File(match &open.file {
        NamedFile::Upload(name) => views.file(name, open.max_bytes).await?,
        NamedFile::External(address) => views.external(address, open.max_bytes).await?,
    }))
}

fn too_many() -> QueryFailure {
    let message = format!(
        "the query reads tables of the estate and files more than {MOST_SCANS} times: keep one with materialize()"
    );
    failure("query_limit", message)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use palisade_api::{TextRows, ViewScan};

    use super::*;

    struct Ten;

    #[async_trait]
    impl Views for Ten {
        async fn open(&self, scan: &ViewScan) -> Result<Box<dyn ViewRows>, QueryFailure> {
            if scan.table == "resources" {
                return Err(failure("data_unreadable", "the disk is gone"));
            }
            Ok(Box::new(Rows(2)))
        }

        async fn file(&self, name: &str, max_bytes: u64) -> Result<Box<dyn FileBytes>, QueryFailure> {
            if name.len() as u64 > max_bytes {
                return Err(failure("query_limit", "too large"));
            }
            Ok(Box::new(OwnName(Some(name.to_owned()))))
        }

        async fn external(&self, address: &str, _: u64) -> Result<Box<dyn FileBytes>, QueryFailure> {
            Err(failure("external_refused", format!("not {address}")))
        }
    }

    /// A file that holds its name.
    struct OwnName(Option<String>);

    #[async_trait]
    impl FileBytes for OwnName {
        async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, QueryFailure> {
            Ok(self.0.take().map(Into::into))
        }
    }

    struct Rows(u8);

    #[async_trait]
    impl ViewRows for Rows {
        async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure> {
            let left = self.0.checked_sub(1);
            Ok(left.map(|left| {
                self.0 = left;
                TextRows { rows: 5, columns: Vec::new() }
            }))
        }
    }

    fn scan(number: u32, table: &str) -> Open {
        Open { scan: number, what: ViewScan { table: table.into(), columns: Vec::new(), only: Vec::new() } }
    }

    async fn said(scans: &mut Scans, number: u32) -> (char, Option<QueryFailure>) {
        let (kind, body) = scans.next(number).await.expect("a frame");
        let failed = (kind == b'X').then(|| serde_json::from_slice::<Broken>(&body).expect("JSON").failure);
        (char::from(kind), failed)
    }

    #[tokio::test]
    async fn a_scan_gives_batches_its_end_and_its_failure() {
        let mut scans = Scans::of(Some(Arc::new(Ten)));
        scans.open(scan(1, "ExposureGraphNodes")).await;
        scans.open(scan(2, "resources")).await;
        assert_eq!(said(&mut scans, 1).await.0, 'B');
        let (kind, failed) = said(&mut scans, 2).await;
        assert_eq!((kind, failed.map(|f| f.code)), ('X', Some("data_unreadable".to_owned())));
        assert_eq!(said(&mut scans, 1).await.0, 'B');
        assert_eq!(said(&mut scans, 1).await.0, 'Z');
        assert!(scans.open.is_empty());

        let mut without = Scans::of(None);
        without.open(scan(1, "ExposureGraphNodes")).await;
        assert_eq!(said(&mut without, 1).await.1.map(|f| f.code), Some("table_missing".to_owned()));
    }

    #[tokio::test]
    async fn an_upload_gives_bytes_its_end_and_its_failure() {
        let mut scans = Scans::of(Some(Arc::new(Ten)));
        let file = |scan, max_bytes| OpenFile { scan, file: NamedFile::Upload("a.csv".into()), max_bytes };
        scans.open_file(file(1, 5)).await;
        scans.open_file(file(2, 4)).await;
        let (kind, body) = scans.next(1).await.expect("a frame");
        assert_eq!((kind, &body[4..]), (b'B', &b"a.csv"[..]));
        assert_eq!(said(&mut scans, 1).await.0, 'Z');
        assert_eq!(said(&mut scans, 2).await.1.map(|f| f.code), Some("query_limit".to_owned()));
        let outside = NamedFile::External("https://lists.example".into());
        scans.open_file(OpenFile { scan: 3, file: outside, max_bytes: 5 }).await;
        assert_eq!(said(&mut scans, 3).await.1.map(|f| f.code), Some("external_refused".to_owned()));
        let mut without = Scans::of(None);
        without.open_file(file(1, 5)).await;
        assert_eq!(said(&mut without, 1).await.1.map(|f| f.code), Some("not_found".to_owned()));
    }

    #[tokio::test]
    async fn scans_without_end_are_refused() {
        let mut scans = Scans::of(Some(Arc::new(Ten)));
        for number in 0..1000 {
            scans.open(scan(number, "ExposureGraphNodes")).await;
        }
        assert!(scans.open.len() <= MOST_SCANS + 1);
        assert_eq!(said(&mut scans, 0).await.0, 'B');
        for number in [MOST_SCANS as u32, 999] {
            assert_eq!(said(&mut scans, number).await.1.map(|f| f.code), Some("query_limit".to_owned()));
        }
    }
}
