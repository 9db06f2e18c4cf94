//! Where files of uploads and exports lie: `<folder of the region>/uploads/<tenant>/<upload>` and
//! `<folder of the region>/exports/<tenant>/<export>/<run>.<format>`, for this process's user alone. A file has another ending until it is whole.

use std::collections::HashSet;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use palisade_state::StateError;
use palisade_state::hunting_exports::ExportRun;
use palisade_types::TenantId;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::state::Api;

/// The ending of a file that is not whole.
const PART: &str = "part";
/// So long a file may be there before there is a word of it.
const BEING_SENT: Duration = Duration::from_secs(3600);

/// The folder of a tenant's exports; none where this instance has none for the tenant's region.
pub(crate) async fn folder(api: &Api, tenant: TenantId) -> Result<Option<PathBuf>, StateError> {
    let region = api.config.state.region_of(tenant).await?;
    let folder = region.and_then(|region| api.config.hunting_folders.get(&*region));
    Ok(folder.map(|f| f.join("exports").join(tenant.to_string())))
}

/// The folder of a tenant's uploads; none where this instance has none for the tenant's region.
pub(crate) async fn uploads(api: &Api, tenant: TenantId) -> Result<Option<PathBuf>, StateError> {
    let region = api.config.state.region_of(tenant).await?;
    let folder = region.and_then(|region| api.config.hunting_folders.get(&*region));
    Ok(folder.map(|f| f.join("uploads").join(tenant.to_string())))
}

/// Removes what lies in a tenant's folder of uploads, is an hour old and not among these: a process ended between the
/// file and the word of it.
pub(crate) fn sweep_uploads(folder: &Path, known: &HashSet<String>) -> io::Result<()> {
    let files = match std::fs::read_dir(folder) {
        Ok(files) => files,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    for file in files {
        let file = file?;
        let old = file.metadata()?.modified()?.elapsed().is_ok_and(|age| age > BEING_SENT);
        if old && !known.contains(file.file_name().to_string_lossy().as_ref()) {
            std::fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

/// Removes an upload's file.
pub(crate) async fn remove_upload(folder: &Path, id: Uuid) {
    if let Err(error) = tokio::fs::remove_file(folder.join(id.to_string())).await {
        tracing::warn!(%error, upload = %id, "the file of an upload cannot be removed");
    }
}

/// The file of a run.
pub(crate) fn of_run(folder: &Path, run: &ExportRun) -> PathBuf {
    folder.join(run.export.to_string()).join(format!("{}.{}", run.id, run.format))
}

/// A file that is being written.
pub(crate) struct Writing {
    file: File,
    part: PathBuf,
    whole: PathBuf,
    digest: Sha256,
    /// Bytes that were written.
    pub bytes: u64,
}

impl Writing {
    /// Begins the file that will be there when it is whole.
    pub(crate) async fn begin(whole: PathBuf) -> io::Result<Self> {
        let part = whole.with_extension(PART);
        let parent = part.parent().unwrap_or(&part).to_owned();
        let path = part.clone();
        let open = move || {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
        };
        let file = tokio::task::spawn_blocking(open).await.map_err(io::Error::other)??;
        Ok(Self { file: File::from_std(file), part, whole, digest: Sha256::new(), bytes: 0 })
    }

    /// Writes more.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes it the whole file; its SHA-256, hexadecimal.
    pub(crate) async fn finish(mut self) -> io::Result<String> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        tokio::fs::rename(&self.part, &self.whole).await?;
        Ok(hex::encode(self.digest.finalize()))
    }

    /// Removes what there is of it.
    pub(crate) async fn discard(self) {
        drop(self.file);
        if let Err(error) = tokio::fs::remove_file(&self.part).await {
            tracing::warn!(%error, "a file of a failed export is left");
        }
    }
}

/// Removes files of runs that are forgotten.
pub(crate) async fn remove(folder: &Path, runs: &[ExportRun]) {
    for run in runs.iter().filter(|r| r.state == "done") {
        match tokio::fs::remove_file(of_run(folder, run)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, run = %run.id, "a file of an export cannot be removed");
            }
            _ => {}
        }
    }
}

/// Removes all files of an export.
pub(crate) async fn remove_all(folder: &Path, export: Uuid) {
    match tokio::fs::remove_dir_all(folder.join(export.to_string())).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, %export, "the files of an export cannot be removed");
        }
        _ => {}
    }
}

/// Removes what lies in a tenant's folder and is no file of these runs: what another process left behind.
pub(crate) fn sweep(folder: &Path, runs: &[ExportRun]) -> io::Result<()> {
    let known: HashSet<PathBuf> = runs.iter().map(|run| of_run(folder, run)).collect();
    let exports = match std::fs::read_dir(folder) {
        Ok(exports) => exports,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    for export in exports {
        let export = export?.path();
        let mut left = 0;
        for file in std::fs::read_dir(&export)? {
            let file = file?.path();
            if known.contains(&file) {
                left += 1;
            } else {
                std::fs::remove_file(&file)?;
            }
        }
        if left == 0 {
            std::fs::remove_dir(&export)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use palisade_types::TimeMicros;

    use super::*;

    fn run(export: Uuid) -> ExportRun {
        ExportRun {
            id: Uuid::now_v7(),
            export,
            format: "csv".into(),
            state: "done".into(),
            started_at: TimeMicros(0),
            ended_at: None,
            code: String::new(),
            message: String::new(),
            rows: 0,
            bytes: 0,
            truncated: false,
            sha256: String::new(),
        }
    }

    #[tokio::test]
    async fn a_file_is_its_users_alone_and_there_when_it_is_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("tenant");
        let kept = run(Uuid::now_v7());
        let mut writing = Writing::begin(of_run(&folder, &kept)).await.expect("begun");
        writing.write(b"ab").await.expect("written");
        writing.write(b"c").await.expect("written");
        assert!(!of_run(&folder, &kept).exists());
        assert_eq!(writing.bytes, 3);
        let digest = writing.finish().await.expect("whole");
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&of_run(&folder, &kept)), mode(&folder)), (0o600, 0o700));

        let (gone, other) = (run(kept.export), run(Uuid::now_v7()));
        Writing::begin(of_run(&folder, &gone)).await.expect("begun").discard().await;
        // Left in the middle, and of an export that nobody knows.
        drop(Writing::begin(of_run(&folder, &gone)).await.expect("begun"));
        Writing::begin(of_run(&folder, &other)).await.expect("begun").finish().await.expect("whole");
        sweep(&folder, std::slice::from_ref(&kept)).expect("swept");
        let left: Vec<_> = std::fs::read_dir(&folder).expect("listed").flatten().map(|e| e.path()).collect();
        assert_eq!(left, [folder.join(kept.export.to_string())]);
        assert_eq!(std::fs::read_dir(&left[0]).expect("listed").count(), 1);
        remove(&folder, std::slice::from_ref(&kept)).await;
        assert!(!of_run(&folder, &kept).exists());
        remove_all(&folder, kept.export).await;
        sweep(&folder, &[]).expect("nothing left");

        let long_ago = std::time::SystemTime::now() - 2 * BEING_SENT;
        std::fs::create_dir_all(&folder).expect("made");
        for (name, old) in [("kept", true), ("lost", true), ("lost.part", true), ("new", false)] {
            let file = std::fs::File::create(folder.join(name)).expect("made");
            if old {
                file.set_modified(long_ago).expect("set back");
            }
        }
        sweep_uploads(&folder, &["kept".to_owned()].into()).expect("swept");
        let mut left: Vec<_> =
            std::fs::read_dir(&folder).expect("listed").flatten().map(|e| e.file_name()).collect();
        left.sort();
        assert_eq!(left, ["kept", "new"]);
        sweep_uploads(&folder.join("none"), &HashSet::new()).expect("nothing there");
        sweep(&folder.join("none"), &[]).expect("nothing there");
    }
}
