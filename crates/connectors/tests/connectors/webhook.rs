//! Webhooks against a real server on loopback: what it gets, and how it can misbehave.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use palisade_connectors::webhook::{Address, Egress, Envelope, Sealed, Sender, Sent, WebhookError, sign};
use palisade_estate::notify::{Document, DocumentTicket, DocumentType, Format, WebhookSettings};
use palisade_types::TimeMicros;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::door::certificates;

/// What a server got.
#[derive(Clone, Debug, Default)]
struct Got {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// What it does then.
#[derive(Clone)]
enum Then {
    /// Answers with these bytes.
    Says(String),
    /// Begins to answer and never ends.
    Floods,
    /// Says nothing.
    Hangs,
}

struct Receiver {
    port: u16,
    got: Arc<Mutex<Vec<Got>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn answer(status: &str, more: &str, body: &str) -> Then {
    Then::Says(format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n{body}",
        body.len()
    ))
}

impl Receiver {
    async fn start(then: Then, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let (kept, tls) = (got.clone(), tls.map(|config| TlsAcceptor::from(Arc::new(config))));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, then, tls) = (kept.clone(), then.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, kept, then).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, kept, then).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, got, task }
    }

    fn url(&self, path: &str) -> Address {
        Address { url: format!("http://127.0.0.1:{}{path}", self.port) }
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, kept: Arc<Mutex<Vec<Got>>>, then: Then) {
    let Some(got) = request(&mut stream).await else { return };
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(got);
    match then {
        Then::Says(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Then::Floods => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            let chunk = format!("2000\r\n{}\r\n", "x".repeat(0x2000));
            let _ = stream.write_all(head.as_bytes()).await;
            // Until nobody reads it any more.
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
        }
        Then::Hangs => std::future::pending().await,
    }
}

async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Got> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&part[..n]);
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.split("\r\n");
    let line = lines.next()?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = bytes[head + 4..].to_vec();
    while body.len() < length {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.ok().filter(|n| *n > 0)?;
        body.extend_from_slice(&part[..n]);
    }
    Some(Got { line, headers, body })
}

fn allowing(blocks: &[&str]) -> Egress {
    Egress { allow: blocks.iter().map(|b| b.parse().expect("a block")).collect(), ..Egress::default() }
}

fn document() -> Document {
    let named = ("t".to_owned(), "Example".to_owned());
    let ticket = DocumentTicket {
        subject: "remediation:1".into(),
        title: "Update openssl".into(),
        text: "Bring it to 3.0.3.".into(),
        ..DocumentTicket::default()
    };
    Document { ticket: Some(ticket), ..Document::of(DocumentType::Ticket, named, TimeMicros(0)) }
}

async fn send_as(
    sender: &Sender,
    address: &Address,
    (format, settings): (Format, &WebhookSettings),
) -> Result<Sent, WebhookError> {
    let headers = BTreeMap::from([("authorization".to_owned(), "Basic dTpw".to_owned())]);
    let sealed = Sealed { signing: "a secret of a test".to_owned(), headers };
    let document = document();
    let envelope = Envelope { id: "7f3c", format, settings, document: &document };
    sender.send(address, &sealed, &envelope).await
}

async fn send(sender: &Sender, address: &Address) -> Result<Sent, WebhookError> {
    send_as(sender, address, (Format::Palisade, &WebhookSettings::default())).await
}

#[tokio::test]
async fn the_receiver_gets_a_signed_body_that_it_can_check() {
    let receiver = Receiver::start(answer("204 No Content", "", ""), None).await;
    let sent = send(&Sender::new(allowing(&["127.0.0.1"])), &receiver.url("/in?x=1")).await.expect("sent");
    assert_eq!((sent.status, sent.unread), (204, false));
    let got = receiver.got().remove(0);
    assert_eq!(got.line, "POST /in?x=1 HTTP/1.1");
    assert_eq!(got.headers["content-type"], "application/json");
    assert_eq!(got.headers["authorization"], "Basic dTpw");
    assert_eq!(got.headers["palisade-delivery"], "7f3c");
    let signature = &got.headers["palisade-signature"];
    let seconds: i64 = signature
        .strip_prefix("t=")
        .and_then(|s| s.split_once(','))
        .expect("a time")
        .0
        .parse()
        .expect("a number");
    assert_eq!(*signature, sign(b"a secret of a test", seconds, &got.body));
    assert!((TimeMicros::now().0 / 1_000_000 - seconds).abs() < 120, "the time is the present");
    let body: Value = serde_json::from_slice(&got.body).expect("JSON");
    assert_eq!((&body["type"], &body["ticket"]["title"]), (&json!("ticket"), &json!("Update openssl")));
}

#[tokio::test]
async fn a_ticket_system_says_where_the_ticket_is() {
    let body = json!({"id": "10", "key": "SEC-7", "self": "https://jira.example/rest/10"}).to_string();
    let receiver = Receiver::start(answer("201 Created", "", &body), None).await;
    let settings = WebhookSettings {
        project: "SEC".into(),
        ticket_link: "https://jira.example/browse/{key}".into(),
        ..WebhookSettings::default()
    };
    let sender = Sender::new(allowing(&["127.0.0.0/8"]));
    let sent = send_as(&sender, &receiver.url("/rest/api/2/issue"), (Format::Jira, &settings)).await;
    let sent = sent.expect("sent");
    assert_eq!(
        (sent.ticket_key.as_str(), sent.ticket_url.as_str()),
        ("SEC-7", "https://jira.example/browse/SEC-7")
    );
    let issue: Value = serde_json::from_slice(&receiver.got()[0].body).expect("JSON");
    assert_eq!(issue["fields"]["project"]["key"], "SEC");
}

#[tokio::test]
async fn failures_are_answers_with_their_status_and_wish_to_wait() {
    let receiver = Receiver::start(answer("503 Busy", "Retry-After: 120\r\n", "{\"key\":\"X\"}"), None).await;
    let sent = send(&Sender::new(allowing(&["127.0.0.1"])), &receiver.url("/")).await.expect("an answer");
    assert_eq!((sent.status, sent.retry_after), (503, Some(120)));
    assert_eq!(sent.ticket_key, "", "a failure opens no ticket");
}

#[tokio::test]
async fn no_redirection_is_followed() {
    let inner = Receiver::start(answer("200 OK", "", ""), None).await;
    let to = format!("Location: http://127.0.0.1:{}/stolen\r\n", inner.port);
    let receiver = Receiver::start(answer("307 Temporary Redirect", &to, ""), None).await;
    let sent = send(&Sender::new(allowing(&["127.0.0.1"])), &receiver.url("/")).await.expect("an answer");
    assert_eq!(sent.status, 307);
    assert!(inner.got().is_empty(), "the other address was asked");
}

#[tokio::test]
async fn a_giant_answer_is_read_up_to_its_bound_and_no_further() {
    let receiver = Receiver::start(Then::Floods, None).await;
    let sent = send(&Sender::new(allowing(&["127.0.0.1"])), &receiver.url("/")).await.expect("an answer");
    assert_eq!((sent.status, sent.unread), (200, true));
    assert_eq!(sent.ticket_key, "");
}

#[tokio::test]
async fn what_was_taken_does_not_come_again_because_the_rest_of_the_answer_is_missing() {
    let broken = "HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{\"key\": \"SEC-".to_owned();
    let receiver = Receiver::start(Then::Says(broken), None).await;
    let sent = send(&Sender::new(allowing(&["127.0.0.1"])), &receiver.url("/")).await.expect("an answer");
    assert_eq!((sent.status, sent.unread, sent.ticket_key.as_str()), (201, true, ""));
}

#[tokio::test]
async fn a_receiver_that_hangs_is_left() {
    let receiver = Receiver::start(Then::Hangs, None).await;
    let sender = Sender::new(allowing(&["127.0.0.1"])).with_deadline(Duration::from_millis(300));
    let began = Instant::now();
    let left = send(&sender, &receiver.url("/")).await.expect_err("no answer");
    assert_eq!(left.code(), "webhook_timeout");
    assert!(began.elapsed() < Duration::from_secs(30), "the deadline did not hold");
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn addresses_of_this_machine_and_of_private_networks_are_not_reached() {
    let receiver = Receiver::start(answer("200 OK", "", ""), None).await;
    let port = receiver.port;
    let nothing = Sender::new(Egress::default());
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0.0.0.0"] {
        for scheme in ["http", "https"] {
            let address = Address { url: format!("{scheme}://{host}:{port}/") };
            let refused = send(&nothing, &address).await.expect_err(host);
            assert_eq!(refused.code(), "webhook_address_refused", "{scheme} {host}: {refused}");
        }
    }
    for host in ["169.254.169.254", "10.0.0.1", "192.168.0.1", "[fd00::1]", "[fe80::1]"] {
        let refused = send(&nothing, &Address { url: format!("https://{host}/") }).await.expect_err(host);
        assert_eq!(refused.code(), "webhook_address_refused", "{host}");
    }
    // What the operator allowed is reached, and nothing else of this machine.
    let some = Sender::new(allowing(&["127.0.0.2"]));
    assert_eq!(send(&some, &receiver.url("/")).await.expect_err("another").code(), "webhook_address_refused");
    assert!(receiver.got().is_empty());
    let plain = Address { url: "http://8.8.8.8/".into() };
    assert_eq!(send(&nothing, &plain).await.expect_err("no TLS").code(), "webhook_insecure");
    let unknown = Address { url: "https://nowhere.invalid/".into() };
    assert_eq!(send(&nothing, &unknown).await.expect_err("no name").code(), "webhook_unresolved");
}

#[tokio::test]
async fn a_certificate_has_to_be_of_an_authority_that_is_believed() {
    let (config, authority) = certificates();
    let receiver = Receiver::start(answer("200 OK", "", ""), Some(config)).await;
    let address = Address { url: format!("https://localhost:{}/", receiver.port) };
    let unknown = Sender::new(allowing(&["127.0.0.1", "::1"]));
    let refused = send(&unknown, &address).await.expect_err("unknown authority");
    assert!(["webhook_unreachable", "webhook_settings_broken"].contains(&refused.code()), "{refused}");
    assert!(receiver.got().is_empty());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).expect("written");
    let egress = Egress { ca_file: Some(file), ..allowing(&["127.0.0.1", "::1"]) };
    assert_eq!(send(&Sender::new(egress), &address).await.expect("believed").status, 200);
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_without_the_address_in_it() {
    let receiver = Receiver::start(answer("200 OK", "", ""), None).await;
    let address = receiver.url("/secret-path");
    receiver.task.abort();
    drop(receiver);
    let sender = Sender::new(allowing(&["127.0.0.1"])).with_deadline(Duration::from_secs(5));
    let failed = send(&sender, &address).await.expect_err("nobody answers");
    assert!(["webhook_unreachable", "webhook_timeout"].contains(&failed.code()), "{failed}");
    assert!(!failed.to_string().contains("secret-path"), "{failed}");
}
