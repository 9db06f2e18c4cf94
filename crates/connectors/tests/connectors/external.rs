//! Files that queries read from outside, from real servers on loopback: what they get, and how they can misbehave.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use palisade_connectors::external::{AllowedHosts, FetchError, Fetcher};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::door::certificates;

/// What a server does with a path.
#[derive(Clone)]
enum Then {
    Says(Vec<u8>),
    /// Sends on to an address.
    To(String),
    /// Begins to answer and never ends.
    Floods,
    /// Answers less than it said, and leaves.
    Cuts,
    /// Says nothing.
    Hangs,
}

struct Host {
    port: u16,
    /// Requests as they came.
    got: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Host {
    async fn start(make: impl FnOnce(u16) -> BTreeMap<&'static str, Then>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (paths, got) = (Arc::new(make(port)), Arc::new(Mutex::new(Vec::new())));
        let kept = got.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (paths, kept, tls) = (paths.clone(), kept.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &paths, &kept).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &paths, &kept).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, got, task }
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn fetcher(&self) -> Fetcher {
        Fetcher::new(listed(&[&format!("127.0.0.1:{}", self.port)]))
    }
}

fn listed(hosts: &[&str]) -> AllowedHosts {
    let (hosts, invalid) = AllowedHosts::read(hosts);
    assert_eq!(invalid, []);
    hosts
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    paths: &BTreeMap<&'static str, Then>,
    got: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    got.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    let path = path.split('?').next().unwrap_or_default();
    let (head, body) = match paths.get(path) {
        Some(Then::Says(body)) => (format!("200 OK\r\nContent-Length: {}", body.len()), body.clone()),
        Some(Then::To(to)) => (format!("302 Found\r\nLocation: {to}\r\nContent-Length: 0"), Vec::new()),
        Some(Then::Cuts) => ("200 OK\r\nContent-Length: 100".to_owned(), b"a,b\n".to_vec()),
        Some(Then::Floods) => ("200 OK\r\nTransfer-Encoding: chunked".to_owned(), Vec::new()),
        Some(Then::Hangs) => return std::future::pending().await,
        None => ("404 Not Found\r\nContent-Length: 0".to_owned(), Vec::new()),
    };
    let head = format!("HTTP/1.1 {head}\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
    if matches!(paths.get(path), Some(Then::Floods)) {
        let chunk = format!("2000\r\n{}\r\n", "x".repeat(0x2000));
        // Until nobody reads it any more.
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    }
    let _ = stream.shutdown().await;
}

async fn fetch(fetcher: &Fetcher, address: &str, most: u64) -> Result<Vec<u8>, FetchError> {
    let mut file = fetcher.open(address, most).await?;
    let mut bytes = Vec::new();
    while let Some(part) = file.part().await? {
        bytes.extend_from_slice(&part);
    }
    assert_eq!(file.part().await, Ok(None), "the end stays the end");
    Ok(bytes)
}

async fn failed(fetcher: &Fetcher, address: &str) -> (&'static str, String) {
    let error = fetch(fetcher, address, 1 << 20).await.expect_err(address);
    (error.code(), error.to_string())
}

#[tokio::test]
async fn a_file_comes_whole_within_its_bound_and_nothing_stands_for_somebody() {
    let long = vec![b'x'; 3 << 20];
    let made = long.clone();
    let paths = |_| [("/a.csv", Then::Says(b"a,b\n".to_vec())), ("/long", Then::Says(made))].into();
    let host = Host::start(paths, None).await;
    let fetcher = host.fetcher();
    assert_eq!(fetch(&fetcher, &host.url("/a.csv?sig=1#part"), 4).await, Ok(b"a,b\n".to_vec()));
    assert_eq!(fetch(&fetcher, &host.url("/long"), 3 << 20).await, Ok(long));
    assert_eq!(fetch(&fetcher, &host.url("/a.csv"), 3).await, Err(FetchError::TooLarge(3)));
    for head in host.got() {
        let head = head.to_ascii_lowercase();
        for word in ["cookie:", "authorization:", "referer:", "accept-encoding:", "#part"] {
            assert!(!head.contains(word), "{head}");
        }
    }
    assert!(host.got()[0].starts_with("GET /a.csv?sig=1 HTTP/1.1\r\n"), "{:?}", host.got()[0]);
}

#[tokio::test]
async fn hosts_that_misbehave_are_left() {
    let paths = |_| {
        let paths = [
            ("/floods", Then::Floods),
            ("/cuts", Then::Cuts),
            ("/hangs", Then::Hangs),
            ("/nowhere", Then::To("http://".into())),
        ];
        paths.into()
    };
    let host = Host::start(paths, None).await;
    let fetcher = host.fetcher();
    assert_eq!(fetch(&fetcher, &host.url("/floods"), 1 << 20).await, Err(FetchError::TooLarge(1 << 20)));
    for (path, said) in
        [("/cuts", "127.0.0.1"), ("/missing", "it answered 404"), ("/nowhere", "to no address")]
    {
        let (code, message) = failed(&fetcher, &host.url(path)).await;
        assert_eq!(code, "external_unavailable", "{path}: {message}");
        assert!(message.contains(said), "{path}: {message}");
    }
    let hasty = fetcher.clone().with_deadline(Duration::from_millis(300));
    for path in ["/hangs", "/floods"] {
        let error = fetch(&hasty, &host.url(path), u64::MAX).await.expect_err(path);
        assert_eq!(error.code(), "external_unavailable", "{path}");
        assert!(error.to_string().contains("longer than"), "{path}: {error}");
    }
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let entry = closed.local_addr().expect("its address").to_string();
    drop(closed);
    let nobody = Fetcher::new(listed(&[&entry]));
    assert_eq!(failed(&nobody, &format!("http://{entry}/")).await.0, "external_unavailable");
}

#[tokio::test]
async fn redirections_are_judged_like_addresses_and_are_few() {
    let inner = Host::start(|_| [("/secret", Then::Says(b"inner".to_vec()))].into(), None).await;
    let there = inner.port;
    let paths = |own| {
        let to = |address: String| Then::To(address);
        [
            ("/a.csv", Then::Says(b"a".to_vec())),
            ("/near", to("a.csv".into())),
            ("/1", to("/2".into())),
            ("/2", to(format!("http://127.0.0.1:{own}/3"))),
            ("/3", to("/4".into())),
            ("/4", to("/5".into())),
            ("/5", to("/a.csv".into())),
            ("/0", to("/1".into())),
            ("/round", to("/round".into())),
            ("/port", to(format!("http://127.0.0.1:{there}/secret"))),
            ("/name", to(format!("http://localhost:{there}/secret"))),
            ("/other", to("http://127.0.0.2:1/".into())),
            ("/cloud", to("http://169.254.169.254/latest/meta-data".into())),
            ("/user", to(format!("http://user:secret@127.0.0.1:{own}/a.csv"))),
            ("/file", to("file:///etc/passwd".into())),
        ]
        .into()
    };
    let host = Host::start(paths, None).await;
    let fetcher = host.fetcher();
    for path in ["/near", "/1"] {
        assert_eq!(fetch(&fetcher, &host.url(path), 10).await, Ok(b"a".to_vec()), "{path}");
    }
    for path in ["/0", "/round"] {
        let (code, message) = failed(&fetcher, &host.url(path)).await;
        assert_eq!(
            (code, message.contains("more than 5 times")),
            ("external_unavailable", true),
            "{message}"
        );
    }
    for path in ["/port", "/name", "/other", "/cloud", "/user", "/file"] {
        let (code, message) = failed(&fetcher, &host.url(path)).await;
        assert_eq!(code, "external_refused", "{path}: {message}");
        assert!(
            message.contains("127.0.0.1 sends on to it") && !message.contains("secret"),
            "{path}: {message}"
        );
    }
    assert_eq!(inner.got(), Vec::<String>::new(), "nobody went there");
}

#[tokio::test]
async fn a_name_is_read_only_where_its_address_may_be() {
    let host = Host::start(|_| [("/a.csv", Then::Says(b"a".to_vec()))].into(), None).await;
    let port = host.port;
    let (name, own) = (format!("localhost:{port}"), format!("127.0.0.1:{port}"));
    let address = format!("http://{name}/a.csv");
    let (code, message) = failed(&Fetcher::new(listed(&[&name])), &address).await;
    assert_eq!(code, "external_refused");
    assert!(message.starts_with("localhost may not be read: it stands for "), "{message}");
    // Another address of this machine does not stand for it, nor does another port.
    for other in ["127.0.0.2".to_owned(), "127.0.0.1".to_owned(), format!("127.0.0.1:{}", port ^ 1)] {
        assert_eq!(failed(&Fetcher::new(listed(&[&name, &other])), &address).await.0, "external_refused");
    }
    assert_eq!(host.got(), Vec::<String>::new(), "nobody went there");
    assert_eq!(fetch(&Fetcher::new(listed(&[&name, &own])), &address, 1).await, Ok(b"a".to_vec()));
    // The address alone does not list the name.
    assert_eq!(failed(&Fetcher::new(listed(&[&own])), &address).await.0, "external_refused");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let (tls, _) = certificates();
    let paths = |_| [("/a.csv", Then::Says(b"a".to_vec()))].into();
    let host = Host::start(paths, Some(TlsAcceptor::from(Arc::new(tls)))).await;
    let (code, message) = failed(&host.fetcher(), &host.url("/a.csv").replace("http:", "https:")).await;
    assert_eq!(code, "external_unavailable", "{message}");
    assert_eq!(host.got(), Vec::<String>::new(), "nothing was asked for");
}
