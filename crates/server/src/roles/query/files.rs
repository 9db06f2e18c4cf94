//! What `externaldata` reads: uploads, through the connection like views. Nothing is read from outside yet.

use std::sync::Arc;

use async_trait::async_trait;
use palisade_api::QueryFailure;
use palisade_kql_exec::{ExternalError, ExternalRequest, ExternalSource, NoExternal, SourceError};

use super::views::Link;

/// Before the name of an upload where somebody wants to be plain.
const UPLOAD: &str = "upload:";

/// Uploads that lie with the client.
pub(super) struct Files(pub(super) Option<Arc<Link>>);

fn unavailable(error: &SourceError) -> ExternalError {
    ExternalError::Unavailable(error.to_string())
}

#[async_trait]
impl ExternalSource for Files {
    async fn fetch(&self, request: ExternalRequest<'_>) -> Result<Vec<u8>, ExternalError> {
        if request.host().is_some() {
            return NoExternal.fetch(request).await;
        }
        let link = self.0.as_ref().ok_or(ExternalError::Missing)?;
        let name = request.url.strip_prefix(UPLOAD).unwrap_or(request.url);
        let scan = link.open_file(name, request.max_bytes as u64).await.map_err(|e| unavailable(&e))?;
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
                        Ok(f) => ExternalError::Unavailable(f.message),
                        Err(e) => ExternalError::Unavailable(e.to_string()),
                    });
                }
            }
        }
    }
}
