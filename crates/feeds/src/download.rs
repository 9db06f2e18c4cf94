//! One file from one address: asked for only if it changed, gone on with where a connection broke, and bounded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{
    CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED,
    RANGE, RETRY_AFTER,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::client::in_words;
use crate::code::{At, Code, FeedError};
use crate::site::Limits;

/// Most tries of a file altogether, also if each brings it on a little.
const MAX_TRIES: u32 = 100;
/// Longest wait that an upstream may ask for, seconds.
const MAX_WAIT: u64 = 60;
/// Longest header that is kept.
const MAX_HEADER: usize = 512;

/// What is wanted.
pub(crate) struct Wish<'a> {
    pub url: &'a Url,
    /// What is here already.
    pub etag: Option<&'a str>,
    pub last_modified: Option<&'a str>,
    pub max_bytes: u64,
    /// Where to put it. What lies there from an earlier try is gone on with.
    pub part: PathBuf,
}

/// What came.
pub(crate) enum Got {
    /// It is what is here already.
    Same,
    /// There is none.
    Missing(u16),
    /// It is in the part file.
    File(Downloaded),
}

/// A file that is there.
pub(crate) struct Downloaded {
    pub size: u64,
    pub sha256: String,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// What a part file is a part of.
#[derive(Default, Serialize, Deserialize)]
struct Note {
    url: String,
    etag: Option<String>,
    last_modified: Option<String>,
}

/// Why a try failed, and whether another one makes sense.
struct Trouble {
    error: FeedError,
    again: bool,
    wait: Option<Duration>,
}

impl From<FeedError> for Trouble {
    fn from(error: FeedError) -> Self {
        Self { error, again: false, wait: None }
    }
}

/// Is told how many bytes there are, of how many.
pub(crate) type OnBytes<'a> = dyn Fn(u64, Option<u64>) + Send + Sync + 'a;

pub(crate) struct Downloader {
    pub client: Client,
    pub limits: Limits,
}

impl Downloader {
    pub async fn fetch(&self, wish: &Wish<'_>, on_bytes: &OnBytes<'_>) -> Result<Got, FeedError> {
        let mut vain = 0;
        for _ in 0..MAX_TRIES {
            let before = length(&wish.part);
            let trouble = match self.once(wish, on_bytes).await {
                Ok(got) => return Ok(got),
                Err(trouble) => trouble,
            };
            vain = if length(&wish.part) > before { 1 } else { vain + 1 };
            if !trouble.again || vain >= self.limits.tries {
                return Err(trouble.error);
            }
            let doubled = self.limits.backoff_ms.saturating_mul(1 << (vain - 1).min(10));
            tokio::time::sleep(trouble.wait.unwrap_or(Duration::from_millis(doubled))).await;
        }
        Err(FeedError::new(
            Code::CutShort,
            wish.url.as_str(),
            format!("{MAX_TRIES} tries did not bring all of it"),
        ))
    }

    /// A small text.
    pub async fn text(&self, url: &Url, part: PathBuf, max_bytes: u64) -> Result<Option<String>, FeedError> {
        let wish = Wish { url, etag: None, last_modified: None, max_bytes, part };
        let got = self.fetch(&wish, &|_, _| {}).await?;
        if !matches!(got, Got::File(_)) {
            return Ok(None);
        }
        let bytes = tokio::fs::read(&wish.part).await.at(&wish.part)?;
        forget(&wish.part);
        let bad = |e| FeedError::new(Code::BadIndex, url.as_str(), e);
        String::from_utf8(bytes).map(Some).map_err(bad)
    }

    async fn once(&self, wish: &Wish<'_>, on_bytes: &OnBytes<'_>) -> Result<Got, Trouble> {
        let (offset, note) = begun(wish);
        let request = ask(self.client.get(wish.url.clone()), wish, offset, &note);
        let response = request.send().await.map_err(|e| trouble(wish, &e))?;
        let status = response.status();
        match status {
            StatusCode::NOT_MODIFIED if offset == 0 => Ok(Got::Same),
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                forget(&wish.part);
                Ok(Got::Missing(status.as_u16()))
            }
            StatusCode::OK => self.receive(wish, response, 0, on_bytes).await,
            StatusCode::PARTIAL_CONTENT if offset > 0 && begins_at(response.headers(), offset) => {
                self.receive(wish, response, offset, on_bytes).await
            }
            // What is here is not a part of what is there now.
            StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT if offset > 0 => {
                forget(&wish.part);
                Err(refused(wish, status, &response, true))
            }
            _ => {
                let again = status.is_server_error()
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
                Err(refused(wish, status, &response, again))
            }
        }
    }

    async fn receive(
        &self,
        wish: &Wish<'_>,
        mut response: Response,
        offset: u64,
        on_bytes: &OnBytes<'_>,
    ) -> Result<Got, Trouble> {
        let total = response.content_length().map(|n| n + offset);
        let large = |n: u64| {
            forget(&wish.part);
            FeedError::new(
                Code::TooLarge,
                wish.url.as_str(),
                format!("{n} bytes, at most {} are taken", wish.max_bytes),
            )
        };
        if let Some(n) = total.filter(|n| *n > wish.max_bytes) {
            return Err(large(n).into());
        }
        let note = Note {
            url: wish.url.to_string(),
            etag: header(response.headers(), &ETAG),
            last_modified: header(response.headers(), &LAST_MODIFIED),
        };
        let note_path = note_path(&wish.part);
        let text = serde_json::to_vec(&note).map_err(|e| FeedError::new(Code::Io, wish.url.as_str(), e))?;
        std::fs::write(&note_path, text).at(&note_path)?;
        let open = tokio::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .append(offset > 0)
            .truncate(offset == 0)
            .open(&wish.part)
            .await;
        let mut out = tokio::io::BufWriter::with_capacity(1 << 18, open.at(&wish.part)?);
        let mut size = offset;
        let ended = loop {
            match response.chunk().await {
                Ok(Some(bytes)) => {
                    size += bytes.len() as u64;
                    if size > wish.max_bytes {
                        return Err(large(size).into());
                    }
                    out.write_all(&bytes).await.at(&wish.part)?;
                    on_bytes(size, total);
                }
                Ok(None) => break Ok(()),
                Err(e) => break Err(e),
            }
        };
        out.flush().await.at(&wish.part)?;
        out.into_inner().sync_all().await.at(&wish.part)?;
        if let Err(e) = ended {
            return Err(trouble(wish, &e));
        }
        if let Some(total) = total.filter(|n| *n != size) {
            let reason = format!("{size} bytes came of {total}");
            let error = FeedError::new(Code::CutShort, wish.url.as_str(), reason);
            return Err(Trouble { error, again: true, wait: None });
        }
        let part = wish.part.clone();
        let hashed = tokio::task::spawn_blocking(move || digest(&part)).await;
        let sha256 = hashed.map_err(|e| FeedError::new(Code::Io, wish.url.as_str(), e))??;
        // One that stays is a note about a part that is gone, and is passed over.
        let _ = std::fs::remove_file(note_path);
        Ok(Got::File(Downloaded { size, sha256, etag: note.etag, last_modified: note.last_modified }))
    }
}

/// How much of it is here from an earlier try, and what it is a part of. Without a name for the version nothing
/// can be gone on with.
fn begun(wish: &Wish<'_>) -> (u64, Note) {
    let text = std::fs::read(note_path(&wish.part)).unwrap_or_default();
    let note: Note = serde_json::from_slice(&text).unwrap_or_default();
    let size = length(&wish.part);
    if note.url == wish.url.as_str() && validator(&note).is_some() && size <= wish.max_bytes {
        (size, note)
    } else {
        (0, Note::default())
    }
}

/// What `If-Range` may carry: a strong tag, else a date.
fn validator(note: &Note) -> Option<&str> {
    note.etag.as_deref().filter(|t| !t.starts_with("W/")).or(note.last_modified.as_deref())
}

fn ask(mut request: RequestBuilder, wish: &Wish<'_>, offset: u64, note: &Note) -> RequestBuilder {
    if offset > 0 {
        request = request.header(RANGE, format!("bytes={offset}-"));
        if let Some(version) = validator(note) {
            request = request.header(IF_RANGE, version);
        }
        return request;
    }
    if let Some(etag) = wish.etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(date) = wish.last_modified {
        request = request.header(IF_MODIFIED_SINCE, date);
    }
    request
}

fn begins_at(headers: &HeaderMap, offset: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    range
        .strip_prefix("bytes ")
        .and_then(|r| r.split('-').next())
        .is_some_and(|n| n.trim().parse() == Ok(offset))
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|v| v.len() <= MAX_HEADER).map(str::to_owned)
}

fn refused(wish: &Wish<'_>, status: StatusCode, response: &Response, again: bool) -> Trouble {
    let asked = header(response.headers(), &RETRY_AFTER).and_then(|v| v.parse::<u64>().ok());
    Trouble {
        error: FeedError::new(Code::HttpStatus, wish.url.as_str(), format!("the answer was {status}")),
        again,
        wait: asked.map(|s| Duration::from_secs(s.min(MAX_WAIT))),
    }
}

fn trouble(wish: &Wish<'_>, error: &reqwest::Error) -> Trouble {
    let (code, again) = match () {
        // The address itself was looked at before; what cannot be asked for is one that it was sent on to.
        () if error.is_redirect() || error.is_builder() => (Code::RedirectRefused, false),
        () if error.is_timeout() => (Code::TimedOut, true),
        () if error.is_connect() => (Code::Unreachable, true),
        () if error.is_body() || error.is_decode() => (Code::CutShort, true),
        () => (Code::Unreachable, true),
    };
    Trouble { error: FeedError::new(code, wish.url.as_str(), in_words(error)), again, wait: None }
}

fn note_path(part: &Path) -> PathBuf {
    part.with_extension("note")
}

fn length(part: &Path) -> u64 {
    std::fs::metadata(part).map_or(0, |m| m.len())
}

/// Gives up what is here of a file.
fn forget(part: &Path) {
    // What cannot be removed is written over by the next try.
    let _ = std::fs::remove_file(part);
    let _ = std::fs::remove_file(note_path(part));
}

/// The digest of a file, hexadecimal.
pub(crate) fn digest(path: &Path) -> Result<String, FeedError> {
    let mut file = std::fs::File::open(path).at(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).at(path)? {
            0 => return Ok(hex::encode(hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}
