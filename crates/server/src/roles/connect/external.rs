//! Files that queries read from outside, for the api: this process alone goes out.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result};
use palisade_api::QueryFailure;
use palisade_connectors::external::{AllowedHosts, FetchError, Fetcher, named};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Connect;
use crate::external_link::{Ask, MAX_ASK};
use crate::instance::Instance;
use crate::query_link;

/// Files at once; who comes later waits to be accepted.
const MOST: usize = 32;
/// Until the api has said what it wants.
const ASKED: Duration = Duration::from_secs(5);
/// For the whole of a file, however slowly it is taken; the host itself has less.
const WHOLE: Duration = Duration::from_secs(300);

/// Serves until it is dropped.
pub async fn serve(listener: std::os::unix::net::UnixListener, connect: Arc<Connect>) -> Result<()> {
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener).context("the socket for files from outside")?;
    let room = Arc::new(Semaphore::new(MOST));
    loop {
        let place = room.clone().acquire_owned().await?;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(e) => {
                tracing::warn!(error = %e, "accepting failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connect = connect.clone();
        tokio::spawn(async move {
            let _place = place;
            let given = timeout(WHOLE, one(stream, connect.instance.home())).await;
            let good = matches!(given, Ok(Ok(true)));
            (if good { &connect.fetched } else { &connect.unfetched }).fetch_add(1, Ordering::Relaxed);
            match given {
                Ok(Ok(_)) => {}
                Ok(Err(e)) => tracing::warn!(error = %e, "a file from outside could not be handed on"),
                Err(_) => tracing::warn!("a file from outside was taken too slowly"),
            }
        });
    }
}

/// Serves one connection; whether it got a whole file.
async fn one(stream: UnixStream, home: &Path) -> std::io::Result<bool> {
    let (mut read, mut write) = stream.into_split();
    let frame = timeout(ASKED, query_link::receive_within(&mut read, MAX_ASK)).await??;
    let Some((b'Q', body)) = frame else { return Ok(false) };
    let ask: Ask = serde_json::from_slice(&body)?;
    tokio::select! {
        given = give(&ask, home, &mut write) => given,
        () = gone(&mut read) => {
            tracing::info!(file = named(&ask.address), "nobody waits for a file from outside any more");
            Ok(false)
        }
    }
}

/// Ends when the api has left. It has nothing more to say, so words are as good as an end.
async fn gone(read: &mut (impl AsyncRead + Unpin)) {
    let _ = read.read_u8().await;
}

async fn give(ask: &Ask, home: &Path, write: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<bool> {
    let fetcher = match hosts(home) {
        Ok(hosts) => Fetcher::new(hosts),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the instance's record cannot be read");
            let message = "the server's list of hosts cannot be read; its log says why".to_owned();
            return fail(write, "external_refused", message).await.map(|()| false);
        }
    };
    let mut bytes = 0;
    let failed: FetchError = match fetcher.open(&ask.address, ask.max_bytes).await {
        Err(failed) => failed,
        Ok(mut file) => loop {
            match file.part().await {
                Ok(Some(part)) => {
                    bytes += part.len();
                    query_link::send(write, b'D', &part).await?;
                }
                Ok(None) => {
                    tracing::info!(file = named(&ask.address), bytes, "a file from outside was fetched");
                    return query_link::send(write, b'Z', b"").await.map(|()| true);
                }
                Err(failed) => break failed,
            }
        },
    };
    tracing::info!(
        file = named(&ask.address),
        bytes,
        code = failed.code(),
        "a file from outside was not fetched"
    );
    fail(write, failed.code(), failed.to_string()).await.map(|()| false)
}

async fn fail(write: &mut (impl AsyncWrite + Unpin), code: &str, message: String) -> std::io::Result<()> {
    let failure = QueryFailure { code: code.to_owned(), message, ..QueryFailure::default() };
    query_link::send(write, b'E', &serde_json::to_vec(&failure)?).await
}

/// Read for each file, so that the operator's change counts at once.
fn hosts(home: &Path) -> Result<AllowedHosts> {
    let (hosts, invalid) = AllowedHosts::read(&Instance::load(home)?.record.external_hosts);
    for e in invalid {
        tracing::warn!(error = %e, code = e.code(), "what is listed as a host allows nothing");
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use palisade_types::TimeMicros;
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::instance::{Ports, Record};

    fn home(external_hosts: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().expect("a folder");
        let record = Record {
            instance_id: "0badcafe".into(),
            ports: Ports { console: 1, ingest: 2, admin: 3 },
            tenant: None,
            region: "local".into(),
            regions: Vec::new(),
            listen: Vec::new(),
            names: Vec::new(),
            plain_http: None,
            external_hosts: external_hosts.iter().map(|host| (*host).to_owned()).collect(),
            created: TimeMicros(0),
            own_sensor: false,
        };
        Instance::store(home.path(), &record).expect("stored");
        home
    }

    async fn told(home: &Path, kind: u8, body: &[u8]) -> (std::io::Result<bool>, Option<QueryFailure>) {
        let (mut near, far) = UnixStream::pair().expect("a pair");
        query_link::send(&mut near, kind, body).await.expect("sent");
        let served = one(far, home).await;
        let said = query_link::receive(&mut near).await.expect("readable");
        let failure = said.map(|(kind, body)| {
            assert_eq!(kind, b'E');
            serde_json::from_slice(&body).expect("a failure")
        });
        (served, failure)
    }

    #[tokio::test]
    async fn what_is_not_listed_is_refused_and_a_broken_list_allows_nothing() {
        let ask = Ask { address: "https://lists.example/a.csv".into(), max_bytes: 1 };
        let ask = serde_json::to_vec(&ask).expect("JSON");
        for (list, said) in
            [(&[][..], "allow lists.example"), (&["*.com", "other.example"], "allow lists.example")]
        {
            let home = home(list);
            let (served, failure) = told(home.path(), b'Q', &ask).await;
            let failure = failure.expect("told");
            assert_eq!((served.expect("served"), failure.code.as_str()), (false, "external_refused"));
            assert!(failure.message.contains(said), "{}", failure.message);
        }
        let nowhere = tempfile::tempdir().expect("a folder");
        let failure = told(nowhere.path(), b'Q', &ask).await.1.expect("told");
        assert_eq!(failure.code, "external_refused");
        assert!(!failure.message.contains(&nowhere.path().display().to_string()), "{}", failure.message);
    }

    #[tokio::test]
    async fn what_is_no_question_ends_the_connection() {
        let home = home(&[]);
        for (kind, body) in [(b'X', &b"{}"[..]), (b'Q', b"{}"), (b'Q', b"no JSON")] {
            let (served, failure) = told(home.path(), kind, body).await;
            assert!(!served.unwrap_or(false) && failure.is_none());
        }
        let (mut near, far) = UnixStream::pair().expect("a pair");
        let length = u32::try_from(MAX_ASK + 1).expect("a length");
        near.write_all(&length.to_le_bytes()).await.expect("sent");
        assert!(one(far, home.path()).await.is_err(), "a longer question is not read");
        let (near, far) = UnixStream::pair().expect("a pair");
        drop(near);
        assert!(!one(far, home.path()).await.expect("nothing asked"));
    }
}
