//! The local folder as an object store whose writes are durable when they return.
//!
//! `object_store`'s own local store never calls fsync, and a commit that a power cut empties would
//! make the whole table unreadable. Everything but writing is left to it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path as FsPath, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};

const STORE: &str = "durable local folder";

/// A local file system, rooted at `/`, that syncs each file and its folder.
#[derive(Debug)]
pub(crate) struct DurableStore {
    inner: LocalFileSystem,
}

impl DurableStore {
    pub(crate) fn new() -> Self {
        Self { inner: LocalFileSystem::new() }
    }
}

impl fmt::Display for DurableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STORE)
    }
}

fn failed(source: io::Error) -> Error {
    Error::Generic { store: STORE, source: Box::new(source) }
}

/// Opens a folder and syncs its entries.
pub(crate) fn sync_dir(dir: &FsPath) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Makes a folder and those above it, and makes them durable.
pub(crate) fn make_dir(dir: &FsPath) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let Some(parent) = dir.parent() else { return Ok(()) };
    make_dir(parent)?;
    match fs::create_dir(dir) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    sync_dir(parent)
}

/// A name beside `target` that listings of the store leave out.
fn staged(target: &FsPath) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(format!("#{}{:06}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    target.with_file_name(name)
}

/// Writes a whole file: it is there complete and durable, or not at all.
pub(crate) fn write_whole(target: &FsPath, parts: &[&[u8]], replace: bool) -> io::Result<()> {
    let parent = target.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    make_dir(parent)?;
    let temporary = staged(target);
    let result = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.sync_all()?;
        if replace { fs::rename(&temporary, target) } else { fs::hard_link(&temporary, target) }
    })();
    if !replace || result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result?;
    sync_dir(parent)
}

#[async_trait]
impl ObjectStore for DurableStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let replace = match opts.mode {
            PutMode::Overwrite => true,
            PutMode::Create => false,
            PutMode::Update(_) => {
                return Err(Error::NotSupported { source: "conditional update".into() });
            }
        };
        let target = self.inner.path_to_filesystem(location)?;
        let path = location.to_string();
        tokio::task::spawn_blocking(move || {
            let parts: Vec<&[u8]> = payload.iter().map(AsRef::as_ref).collect();
            match write_whole(&target, &parts, replace) {
                Ok(()) => Ok(PutResult { e_tag: None, version: None }),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    Err(Error::AlreadyExists { path, source: Box::new(e) })
                }
                Err(e) => Err(failed(e)),
            }
        })
        .await
        .map_err(|e| failed(io::Error::other(e)))?
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let target = self.inner.path_to_filesystem(location)?;
        let inner = self.inner.put_multipart_opts(location, opts).await?;
        Ok(Box::new(SyncedUpload { inner, target }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[std::ops::Range<u64>],
    ) -> Result<Vec<bytes::Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}

/// An upload in parts that is durable once completed.
#[derive(Debug)]
struct SyncedUpload {
    inner: Box<dyn MultipartUpload>,
    target: PathBuf,
}

#[async_trait]
impl MultipartUpload for SyncedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.inner.complete().await?;
        let target = self.target.clone();
        tokio::task::spawn_blocking(move || {
            File::open(&target)?.sync_all()?;
            target.parent().map_or(Ok(()), sync_dir)
        })
        .await
        .map_err(|e| failed(io::Error::other(e)))?
        .map_err(failed)?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use object_store::ObjectStoreExt;

    #[tokio::test]
    async fn a_created_file_is_never_replaced_and_leaves_no_scrap() {
        let dir = tempfile::tempdir().expect("temp dir");
        let store = DurableStore::new();
        let at = Path::from_absolute_path(dir.path().join("a/b.json")).expect("path");
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        store.put_opts(&at, "one".into(), create.clone()).await.expect("creates");
        let again = store.put_opts(&at, "two".into(), create).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })));
        assert_eq!(store.get(&at).await.expect("gets").bytes().await.expect("reads").as_ref(), b"one");
        store.put(&at, "three".into()).await.expect("replaces");
        let root = Path::from_absolute_path(dir.path()).expect("path");
        let listed: Vec<ObjectMeta> = store.list(Some(&root)).try_collect().await.expect("lists");
        assert_eq!(listed.len(), 1);
        assert_eq!(fs::read_dir(dir.path().join("a")).expect("lists").count(), 1);
    }
}
