//! The sensors' door as far as a machine's script needs it: it gives the sensor to whoever has the
//! token, and takes reports. Over TLS, with an authority of its own.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use palisade_connectors::{Reports, Server};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub const TOKEN: &str = "pal_enrol-1";
pub const TASK: &str = "pal_task-1";

#[derive(Default)]
struct Taken {
    requests: Vec<String>,
    report: Option<Vec<u8>>,
}

/// A door that stands open until it is dropped.
pub struct Door {
    pub server: Server,
    taken: Arc<Mutex<Taken>>,
    task: JoinHandle<()>,
}

impl Door {
    /// Opens it with this file as the sensor.
    pub async fn open(sensor: &Path) -> Self {
        let sensor = Arc::new(tokio::fs::read(sensor).await.expect("a sensor"));
        let (config, ca_pem) = certificates();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let taken = Arc::new(Mutex::new(Taken::default()));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(serve(listener, acceptor, sensor, taken.clone()));
        Self { server: Server { url: format!("https://localhost:{port}"), ca_pem }, taken, task }
    }

    /// The first lines of all requests.
    pub fn requests(&self) -> Vec<String> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    /// Where a connector reads reports.
    pub fn reports(&self) -> Arc<dyn Reports> {
        Arc::new(Read(self.taken.clone()))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Read(Arc<Mutex<Taken>>);

#[async_trait]
impl Reports for Read {
    async fn read(&self) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).report.clone())
    }
}

/// A server's configuration, and the authority that signed its certificate.
pub fn certificates() -> (ServerConfig, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("an authority");
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).expect("names");
    // Named like its issuer, it would be taken for one that signed itself.
    params.distinguished_name = rcgen::DistinguishedName::new();
    let certificate = params.signed_by(&own, &issuer).expect("signed");
    let private = PrivateKeyDer::try_from(own.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a certificate");
    (config, authority.pem())
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, sensor: Arc<Vec<u8>>, taken: Arc<Mutex<Taken>>) {
    while let Ok((connection, _)) = listener.accept().await {
        let (acceptor, sensor, taken) = (acceptor.clone(), sensor.clone(), taken.clone());
        // A client that does not trust us, or goes away, is the client's matter.
        tokio::spawn(async move {
            let _ = answer(connection, acceptor, &sensor, &taken).await;
        });
    }
}

async fn answer(
    connection: TcpStream,
    acceptor: TlsAcceptor,
    sensor: &[u8],
    taken: &Mutex<Taken>,
) -> std::io::Result<()> {
    let mut stream = acceptor.accept(connection).await?;
    let mut bytes = Vec::new();
    let (head, mut body) = loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break (String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes.split_off(end + 4));
        }
    };
    let header = |name: &str| {
        head.lines()
            .filter_map(|l| l.split_once(": "))
            .find(|(k, _)| k.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    };
    let length = header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(());
        }
    }
    let request = head.lines().next().unwrap_or_default().to_owned();
    let bearer = header("authorization").unwrap_or_default();
    let (status, content): (&str, &[u8]) = match request.as_str() {
        "GET /v1/artefacts/sensor HTTP/1.1" if bearer == format!("Bearer {TOKEN}") => ("200 OK", sensor),
        "POST /v1/tasks/report HTTP/1.1" if bearer == format!("Bearer {TASK}") => {
            taken.lock().unwrap_or_else(PoisonError::into_inner).report = Some(body);
            ("204 No Content", b"")
        }
        _ => ("401 Unauthorized", b""),
    };
    taken.lock().unwrap_or_else(PoisonError::into_inner).requests.push(request);
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", content.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(content).await?;
    stream.shutdown().await
}
