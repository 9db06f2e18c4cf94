//! A small server that speaks the real protocol over real TLS, with the real dedup and order
//! signing; what it does wrong on purpose is asked for by the test.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use palisade_types::{DeviceId, Epoch, Lane, TenantId, TimeMicros};
use palisade_wire::msg::{
    Batch, BatchResult, EnrolRequest, EnrolResponse, Error, Fact, Order, OrderFrame, RenewRequest,
    SignedOrder, UploadRequest, UploadResponse, fact,
};
use palisade_wire::{BatchLimits, DedupMark, DedupTable, Verdict, digest_of, open, sign};
use parking_lot::Mutex;
use prost::Message;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyPair,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_rustls::TlsAcceptor;

/// What a test may see and bend.
#[derive(Default)]
pub struct Behaviour {
    /// Facts in the order in which they were taken, by lane number.
    pub facts: [Vec<Fact>; 3],
    /// Command lines of processes that were created, in the order in which they were taken.
    pub created: Vec<String>,
    /// Answers given instead of the right one, first to last.
    pub refusals: VecDeque<(StatusCode, &'static str, u32)>,
    /// Lives of certificates from now on.
    pub certificate_life: Duration,
    /// Uploads answered.
    pub uploads: u32,
    /// Renewals answered.
    pub renewals: u32,
    /// Drop the connection after taking a batch, before the answer, so many times.
    pub swallow_answers: u32,
    /// Streams end at once without a frame.
    pub break_streams: bool,
    /// Flush interval in answers.
    pub flush_ms: u32,
    dedup: DedupTable,
    orders: Vec<SignedOrder>,
}

/// The server; ends when dropped.
pub struct TestServer {
    pub url: String,
    pub ca_pem: String,
    pub ca_sha256: String,
    pub token: String,
    pub tenant: TenantId,
    pub device: DeviceId,
    pub behaviour: Arc<Mutex<Behaviour>>,
    pub action: SigningKey,
    pushed: broadcast::Sender<SignedOrder>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Shared {
    behaviour: Arc<Mutex<Behaviour>>,
    issuer: Issuer<'static, KeyPair>,
    ca_der: Bytes,
    tenant: TenantId,
    device: DeviceId,
    token: String,
    action_public: [u8; 32],
    pushed: broadcast::Sender<SignedOrder>,
}

type Body = BoxBody<Bytes, Infallible>;

impl TestServer {
    pub async fn start() -> Self {
        let key = KeyPair::generate().expect("key");
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = params.self_signed(&key).expect("ca");
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().expect("key");
        let leaf = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()])
            .and_then(|p| p.signed_by(&leaf_key, &issuer))
            .expect("leaf");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).expect("root");
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()
            .expect("verifier");
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients)
            .with_single_cert(
                vec![leaf.der().clone(), ca.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der())),
            )
            .expect("certificate");
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("https://127.0.0.1:{}", listener.local_addr().expect("address").port());
        let action = SigningKey::from_bytes(&[5; 32]);
        let behaviour = Arc::new(Mutex::new(Behaviour {
            certificate_life: Duration::from_secs(30 * 86_400),
            flush_ms: 1000,
            ..Behaviour::default()
        }));
        let pushed = broadcast::channel(16).0;
        let shared = Arc::new(Shared {
            behaviour: behaviour.clone(),
            issuer,
            ca_der: Bytes::copy_from_slice(ca.der()),
            tenant: TenantId::random(),
            device: DeviceId::random(),
            token: "pal-token".into(),
            action_public: action.verifying_key().to_bytes(),
            pushed: pushed.clone(),
        });
        let (tenant, device, token) = (shared.tenant, shared.device, shared.token.clone());
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let task = tokio::spawn(accept(listener, acceptor, shared));
        Self {
            url,
            ca_pem: ca.pem(),
            ca_sha256: hex::encode(digest_of(ca.der())),
            token,
            tenant,
            device,
            behaviour,
            action,
            pushed,
            task,
        }
    }

    /// Signs an order for the device, as the API does.
    pub fn order(&self, number: u64, kind: &str, expires_in: i64) -> SignedOrder {
        self.order_with(number, kind, "", expires_in)
    }

    /// The same with arguments.
    pub fn order_with(&self, number: u64, kind: &str, arguments: &str, expires_in: i64) -> SignedOrder {
        let order = Order {
            arguments: arguments.into(),
            id: format!("order-{number}-{kind}"),
            device: Bytes::copy_from_slice(&self.device.0),
            tenant: self.tenant.to_string(),
            number,
            kind: kind.into(),
            issued_us: TimeMicros::now().0,
            expires_us: TimeMicros::now().0 + expires_in,
            ..Order::default()
        };
        sign(&order, &self.action)
    }

    /// Gives an order to the streams that are open, and to those to come.
    pub fn push(&self, order: SignedOrder) {
        self.behaviour.lock().orders.push(order.clone());
        let _ = self.pushed.send(order);
    }

    /// As if another machine with this identity had sent these sequences already.
    pub fn occupy(&self, epoch: Epoch, lane: Lane, upto: u64) {
        let mut b = self.behaviour.lock();
        for sequence in 1..=upto {
            b.dedup.mark(&DedupMark {
                tenant: self.tenant,
                device: self.device,
                epoch,
                lane,
                sequence,
                digest: [9; 32],
            });
        }
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let (acceptor, shared) = (acceptor.clone(), shared.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(tcp).await else { return };
            let known = stream.get_ref().1.peer_certificates().is_some();
            let service = service_fn(move |request| answer(shared.clone(), known, request));
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn full(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut r = Response::new(Full::new(body.into()).boxed());
    *r.status_mut() = status;
    r
}

fn refused(status: StatusCode, code: &str, retry_after_ms: u32) -> Response<Body> {
    full(
        status,
        Error { code: code.into(), message: "on purpose".into(), retry_after_ms, ..Error::default() }
            .encode_to_vec(),
    )
}

/// An `Err` closes the connection without an answer.
async fn answer(
    shared: Arc<Shared>,
    known: bool,
    request: Request<Incoming>,
) -> Result<Response<Body>, std::io::Error> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
    if !known && !matches!(path.as_str(), "/v1/enrol" | "/v1/ping") {
        return Ok(refused(StatusCode::UNAUTHORIZED, "certificate_required", 0));
    }
    match path.as_str() {
        "/v1/ping" => Ok(full(
            StatusCode::OK,
            format!("{{\"server_time_us\":{},\"protocols\":[1,1]}}", TimeMicros::now().0),
        )),
        "/v1/enrol" => {
            let request = EnrolRequest::decode(body).expect("an enrolment");
            if request.token != shared.token {
                return Ok(refused(StatusCode::FORBIDDEN, "enrolment_token_invalid", 0));
            }
            Ok(full(StatusCode::OK, issue(&shared, &request.csr).encode_to_vec()))
        }
        "/v1/renew" => {
            let request = RenewRequest::decode(body).expect("a renewal");
            shared.behaviour.lock().renewals += 1;
            Ok(full(StatusCode::OK, issue(&shared, &request.csr).encode_to_vec()))
        }
        "/v1/batches" => upload(&shared, body),
        "/v1/orders" => Ok(orders(&shared, query.contains("wait="))),
        _ => Ok(refused(StatusCode::NOT_FOUND, "internal", 0)),
    }
}

fn issue(shared: &Shared, csr: &[u8]) -> EnrolResponse {
    let mut request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(csr))
        .expect("a request");
    let life = shared.behaviour.lock().certificate_life;
    request.params.distinguished_name.push(DnType::CommonName, shared.device.to_string());
    let certificate = request.signed_by(&shared.issuer).expect("signs");
    let now = TimeMicros::now().0;
    EnrolResponse {
        device_id: shared.device.to_string(),
        tenant_id: shared.tenant.to_string(),
        certificate: Bytes::copy_from_slice(certificate.der()),
        ca_certificate: shared.ca_der.clone(),
        action_key: Bytes::copy_from_slice(&shared.action_public),
        not_after_us: now + life.as_micros() as i64,
        server_time_us: now,
    }
}

fn upload(shared: &Shared, body: Bytes) -> Result<Response<Body>, std::io::Error> {
    let mut b = shared.behaviour.lock();
    if let Some((status, code, wait)) = b.refusals.pop_front() {
        return Ok(refused(status, code, wait));
    }
    let request = UploadRequest::decode(body).expect("an upload");
    let mut results = Vec::new();
    for s in request.batches {
        let lane = Lane::from_number(s.lane).expect("a lane");
        let digest = digest_of(&s.payload);
        assert_eq!(digest, s.digest.as_ref());
        let mark = DedupMark {
            tenant: shared.tenant,
            device: shared.device,
            epoch: Epoch(s.epoch),
            lane,
            sequence: s.sequence,
            digest,
        };
        let mut result =
            BatchResult { epoch: s.epoch, lane: s.lane, sequence: s.sequence, ..BatchResult::default() };
        match b.dedup.judge(&mark, s.dropped_below) {
            Verdict::Accept => {
                let batch: Batch = open(&s.payload, s.raw_length, &BatchLimits::default()).expect("opens");
                b.dedup.mark(&mark);
                for fact in &batch.facts {
                    if let Some(fact::Kind::ProcessCreated(c)) = &fact.kind {
                        let process = batch.processes.iter().find(|p| p.unique_id == c.created);
                        b.created.extend(process.map(|p| p.command_line.clone()));
                    }
                }
                b.facts[usize::from(lane.number())].extend(batch.facts);
                result.status = "acked".into();
            }
            Verdict::Duplicate => result.status = "duplicate".into(),
            Verdict::Fork => (result.status, result.code) = ("refused".into(), "new_epoch_required".into()),
            Verdict::Gap { expected } => {
                (result.status, result.code) = ("refused".into(), "sequence_gap".into());
                result.expected = expected;
            }
        }
        results.push(result);
    }
    if b.swallow_answers > 0 {
        b.swallow_answers -= 1;
        return Err(std::io::Error::other("on purpose"));
    }
    b.uploads += 1;
    let response =
        UploadResponse { results, flush_interval_ms: b.flush_ms, server_time_us: TimeMicros::now().0 };
    Ok(full(StatusCode::OK, response.encode_to_vec()))
}

fn orders(shared: &Shared, poll: bool) -> Response<Body> {
    let mut pushed = shared.pushed.subscribe();
    let (waiting, broken): (Vec<SignedOrder>, bool) = {
        let b = shared.behaviour.lock();
        let done = |o: &SignedOrder| {
            let id = Order::decode(o.order.clone()).map(|o| o.id).unwrap_or_default();
            b.facts[0].iter().any(|f| matches!(&f.kind, Some(fact::Kind::Receipt(r)) if r.order_id == id))
        };
        (b.orders.iter().filter(|o| !done(o)).cloned().collect(), b.break_streams)
    };
    let frame = |order: Option<SignedOrder>| {
        Bytes::from(
            OrderFrame { order, server_time_us: TimeMicros::now().0 }.encode_length_delimited_to_vec(),
        )
    };
    if poll {
        return full(
            StatusCode::OK,
            waiting.into_iter().map(|o| frame(Some(o))).collect::<Vec<_>>().concat(),
        );
    }
    if broken {
        return full(StatusCode::OK, Bytes::new());
    }
    let (send, receive) = tokio::sync::mpsc::channel::<Bytes>(16);
    tokio::spawn(async move {
        let _ = send.send(frame(None)).await;
        for o in waiting {
            let _ = send.send(frame(Some(o))).await;
        }
        loop {
            let next = tokio::select! {
                o = pushed.recv() => o.ok().map(Some),
                () = send.closed() => return,
            };
            let Some(o) = next else { return };
            if send.send(frame(o)).await.is_err() {
                return;
            }
        }
    });
    let frames =
        futures::stream::unfold(
            receive,
            |mut r| async move { r.recv().await.map(|b| (Ok(Frame::data(b)), r)) },
        );
    Response::new(StreamBody::new(frames).boxed())
}
