//! The connect process as the api sees it: it gets files of hosts outside.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use palisade_api::{ExternalFiles, FileBytes, QueryFailure};
use palisade_state::State;
use palisade_types::TenantId;
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::external_link::{Ask, MAX_PART};
use crate::query_link;

/// Until the next bytes are there. A host has less time; the rest is for a connect process that is started again.
const NEXT: Duration = Duration::from_secs(90);

/// Asks the connect process of the tenant's region, so that nothing of a tenant leaves its region by another.
pub struct External {
    state: State,
    sockets: Arc<HashMap<String, PathBuf>>,
}

impl External {
    /// The connect process of each region listens on that region's socket.
    pub fn new(state: State, sockets: HashMap<String, PathBuf>) -> Self {
        Self { state, sockets: Arc::new(sockets) }
    }
}

#[async_trait]
impl ExternalFiles for External {
    async fn open(
        &self,
        tenant: TenantId,
        address: &str,
        max_bytes: u64,
    ) -> Result<Box<dyn FileBytes>, QueryFailure> {
        let region = self.state.region_of(tenant).await.map_err(|e| unavailable(&e.to_string()))?;
        let socket = region.and_then(|region| self.sockets.get(&*region));
        let socket = socket.ok_or_else(|| unavailable("the tenant's region has nobody who goes out"))?;
        let stream = UnixStream::connect(socket).await.map_err(|e| unavailable(&e.to_string()))?;
        let ask = Ask { address: address.to_owned(), max_bytes };
        Ok(Box::new(Coming::ask(stream, &ask).await?))
    }
}

/// A file that comes.
struct Coming {
    stream: UnixStream,
    left: u64,
    max_bytes: u64,
}

impl Coming {
    async fn ask(mut stream: UnixStream, ask: &Ask) -> Result<Self, QueryFailure> {
        let body = serde_json::to_vec(ask).map_err(|e| unavailable(&e.to_string()))?;
        query_link::send(&mut stream, b'Q', &body).await.map_err(|e| unavailable(&e.to_string()))?;
        Ok(Self { stream, left: ask.max_bytes, max_bytes: ask.max_bytes })
    }
}

#[async_trait]
impl FileBytes for Coming {
    async fn chunk(&mut self) -> Result<Option<Bytes>, QueryFailure> {
        let frame = timeout(NEXT, query_link::receive_within(&mut self.stream, MAX_PART)).await;
        let frame =
            frame.map_err(|_| unavailable("it says nothing"))?.map_err(|e| unavailable(&e.to_string()))?;
        match frame {
            Some((b'D', bytes)) => {
                // It keeps this bound itself; a process that talks with strangers is not believed.
                let left = self.left.checked_sub(bytes.len() as u64);
                self.left = left.ok_or_else(|| {
                    failure("query_limit", &format!("it has more than {} bytes", self.max_bytes))
                })?;
                Ok(Some(bytes.into()))
            }
            Some((b'Z', _)) => Ok(None),
            Some((b'E', body)) => Err(judged(&body)),
            Some(_) => Err(unavailable("it speaks of something else")),
            None => Err(unavailable("it has left")),
        }
    }
}

/// A failure as it was told, if it is one that a file can have.
fn judged(body: &[u8]) -> QueryFailure {
    match serde_json::from_slice::<QueryFailure>(body) {
        Ok(told)
            if matches!(told.code.as_str(), "external_refused" | "external_unavailable" | "query_limit") =>
        {
            failure(&told.code, &told.message.chars().take(2_000).collect::<String>())
        }
        Ok(told) => unavailable(&format!("it tells of {}", told.code.chars().take(100).collect::<String>())),
        Err(e) => unavailable(&e.to_string()),
    }
}

fn failure(code: &str, message: &str) -> QueryFailure {
    QueryFailure { code: code.to_owned(), message: message.to_owned(), ..QueryFailure::default() }
}

fn unavailable(why: &str) -> QueryFailure {
    tracing::error!(error = why, "the connect process gets no file from outside");
    failure(
        "external_unavailable",
        "the server cannot get files from outside at the moment; it may be tried again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file gives that a connect process tells of with these frames.
    async fn told(frames: Vec<(u8, Vec<u8>)>) -> Result<Vec<u8>, QueryFailure> {
        let (near, mut far) = UnixStream::pair().expect("a pair");
        let connect = tokio::spawn(async move {
            let asked = query_link::receive(&mut far).await.expect("readable").expect("asked");
            assert_eq!(asked.0, b'Q');
            for (kind, body) in frames {
                // Who has had enough does not read on.
                let _ = query_link::send(&mut far, kind, &body).await;
            }
        });
        let ask = Ask { address: "https://lists.example/a.csv".into(), max_bytes: 10 };
        let mut file = Coming::ask(near, &ask).await?;
        let mut bytes = Vec::new();
        let ended = loop {
            match file.chunk().await {
                Ok(Some(more)) => bytes.extend_from_slice(&more),
                Ok(None) => break Ok(bytes),
                Err(failed) => break Err(failed),
            }
        };
        drop(file);
        connect.await.expect("ended");
        ended
    }

    #[tokio::test]
    async fn a_file_is_whole_only_with_its_end() {
        let good = told(vec![(b'D', b"ab".to_vec()), (b'D', b"c".to_vec()), (b'Z', vec![])]).await;
        assert_eq!(good.expect("whole"), b"abc");
        let failed = |code: &str| serde_json::to_vec(&failure(code, "why")).expect("JSON");
        for (frames, code) in [
            (vec![(b'D', b"ab".to_vec())], "external_unavailable"),
            (vec![(b'D', vec![b'x'; 11]), (b'Z', vec![])], "query_limit"),
            (vec![(b'E', failed("external_refused"))], "external_refused"),
            (vec![(b'D', b"ab".to_vec()), (b'E', failed("external_unavailable"))], "external_unavailable"),
            (vec![(b'E', failed("not_found"))], "external_unavailable"),
            (vec![(b'E', b"no JSON".to_vec())], "external_unavailable"),
            (vec![(b'S', vec![])], "external_unavailable"),
        ] {
            assert_eq!(told(frames).await.expect_err(code).code, code);
        }
    }
}
