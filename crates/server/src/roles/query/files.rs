//! What `externaldata` reads: uploads and files of hosts outside, through the connection like views. The worker itself
//! goes nowhere.

use std::sync::Arc;

use async_trait::async_trait;
use palisade_api::QueryFailure;
use palisade_kql_exec::{ExternalError, ExternalRequest, ExternalSource, NoExternal, SourceError};

use super::views::Link;
use crate::query_link::NamedFile;

/// Before the name of an upload where somebody wants to be plain.
const UPLOAD: &str = "upload:";

/// Files that lie with the client, or that it gets from outside.
pub(super) struct Files(pub(super) Option<Arc<Link>>);

fn unavailable(error: &SourceError) -> ExternalError {
    ExternalError::Unavailable(error.to_string())
}

#[async_trait]
impl ExternalSource for Files {
    async fn fetch(&self, request: ExternalRequest<'_>) -> Result<Vec<u8>, ExternalError> {
        let outside = request.host().is_some();
        let Some(link) = self.0.as_ref() else {
            return if outside { NoExternal.fetch(request).await } else { Err(ExternalError::Missing) };
        };
        let file = if outside {
            NamedFile::External(request.url.to_owned())
        } else {
            NamedFile::Upload(request.url.strip_prefix(UPLOAD).unwrap_or(request.url).to_owned())
        };
        let scan = link.open_file(file, request.max_bytes as u64).await.map_err(|e| unavailable(&e))?;
        let mut bytes = Vec::new();
        loop {
            let answer = link.ask(scan).await.map_err(|e| unavailable(&e))?;
            let gone = |_| ExternalError::Unavailable("the connection has ended".to_owned());
            match answer.await.map_err(gone)? {
                (b'B', more) if bytes.len() + more.len() > request.max_bytes => {
                    return Err(ExternalError::TooLarge(request.max_bytes));
                }
                (b'B', more) => bytes.extend_from_slice(&more),
                (b'Z', _) => return Ok(bytes),
                (_, body) => {
                    return Err(match serde_json::from_slice::<QueryFailure>(&body) {
                        Ok(f) if f.code == "query_limit" => ExternalError::TooLarge(request.max_bytes),
                        Ok(f) if f.code == "not_found" => ExternalError::Missing,
                        Ok(f) if f.code == "external_refused" => ExternalError::Refused(f.message),
                        Ok(f) if f.code == "external_unavailable" => ExternalError::Unreachable(f.message),
                        Ok(f) => ExternalError::Unavailable(f.message),
                        Err(e) => ExternalError::Unavailable(e.to_string()),
                    });
                }
            }
        }
    }
}
