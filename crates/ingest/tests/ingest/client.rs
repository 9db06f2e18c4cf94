use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use palisade_wire::msg;
use prost::Message;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate with its key, DER.
#[derive(Clone)]
pub struct Identity {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}

/// A caller; each call is a connection of its own.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    config: ClientConfig,
}

/// What the server said no with.
#[derive(Debug, PartialEq)]
pub struct No {
    pub status: u16,
    pub error: msg::Error,
}

impl No {
    pub fn code(&self) -> &str {
        &self.error.code
    }
}

impl Client {
    pub fn new(address: SocketAddr, ca_pem: &str, identity: Option<&Identity>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).expect("pem")).expect("root");
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match identity {
            Some(i) => {
                let key = PrivateKeyDer::try_from(i.key.clone()).expect("key");
                builder.with_client_auth_cert(vec![i.certificate.clone().into()], key).expect("identity")
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self { address, config }
    }

    pub fn http1(mut self) -> Self {
        self.config.alpn_protocols = vec![b"http/1.1".to_vec()];
        self
    }

    pub async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.expect("connects");
        let name = ServerName::try_from("localhost").expect("name");
        TlsConnector::from(Arc::new(self.config.clone())).connect(name, stream).await.expect("handshake")
    }

    pub async fn send(&self, method: &str, path: &str, body: Vec<u8>) -> Response<Incoming> {
        let io = TokioIo::new(self.connect().await);
        let request = Request::builder().method(method);
        let body = Full::new(Bytes::from(body));
        if self.config.alpn_protocols == [b"h2".to_vec()] {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("http/2");
            tokio::spawn(connection);
            let request = request.uri(format!("https://localhost{path}")).body(body).expect("request");
            sender.send_request(request).await.expect("an answer")
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.expect("http/1.1");
            tokio::spawn(connection);
            let request = request.uri(path).header("host", "localhost").body(body).expect("request");
            sender.send_request(request).await.expect("an answer")
        }
    }

    pub async fn raw(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Bytes, No> {
        let response = self.send(method, path, body).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        if status == StatusCode::OK {
            return Ok(bytes);
        }
        let error = msg::Error::decode(bytes).expect("an error of the protocol");
        Err(No { status: status.as_u16(), error })
    }

    pub async fn post<T: Message + Default>(&self, path: &str, request: &impl Message) -> Result<T, No> {
        let bytes = self.raw("POST", path, request.encode_to_vec()).await?;
        Ok(T::decode(bytes).expect("an answer of the protocol"))
    }
}

/// Length-delimited frames of the order stream.
pub struct Frames {
    body: Incoming,
    buffer: Vec<u8>,
}

impl Frames {
    pub fn new(response: Response<Incoming>) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        Self { body: response.into_body(), buffer: Vec::new() }
    }

    /// The next frame; `None` at the stream's end.
    pub async fn next(&mut self) -> Option<msg::OrderFrame> {
        loop {
            let mut rest = self.buffer.as_slice();
            if let Ok(frame) = msg::OrderFrame::decode_length_delimited(&mut rest) {
                let used = self.buffer.len() - rest.len();
                self.buffer.drain(..used);
                return Some(frame);
            }
            let chunk = self.body.frame().await?.ok()?;
            self.buffer.extend_from_slice(&chunk.into_data().unwrap_or_default());
        }
    }

    /// The next frame that carries an order.
    pub async fn order(&mut self) -> Option<msg::SignedOrder> {
        loop {
            if let Some(order) = self.next().await?.order {
                return Some(order);
            }
        }
    }
}
