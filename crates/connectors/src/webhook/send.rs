//! One attempt.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use palisade_estate::notify::{
    Attempt, Document, Format, MAX_ANSWER, TicketPlace, WebhookSettings, render, ticket_of,
};
use palisade_types::TimeMicros;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response};
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use zeroize::Zeroizing;

use super::egress::Egress;
use super::sign::{DELIVERY_HEADER, SIGNATURE_HEADER, sign};
use crate::outward::{in_words, resolve};
use crate::secret::{OpeningKey, SecretError};

/// Longest address of a webhook, bytes.
pub const MAX_URL: usize = 2_048;
/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// Until an answer begins.
const WHOLE: Duration = Duration::from_secs(30);
/// Until the rest of the answer is read.
const BODY: Duration = Duration::from_secs(10);

/// A webhook's address as it is sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Address {
    /// The whole of it.
    pub url: String,
}

/// What else is sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Sealed {
    /// What bodies are signed with.
    pub signing: String,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(..)")
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(..)")
    }
}

/// Why nothing was sent, or no answer came. Its text is shown to people and tells no secret: of an address only the
/// host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The address is none, or no HTTP address.
    #[error("{0}")]
    Address(String),
    /// It is not HTTPS and leads out of what the operator allowed.
    #[error("{0} is not HTTPS: without TLS only addresses are reached that the operator has allowed")]
    Insecure(String),
    /// It leads inwards.
    #[error("{0}")]
    Inward(String),
    /// The operator's file is broken.
    #[error("{0}")]
    Settings(String),
    /// What is sealed does not open.
    #[error("its secret does not open: {0}")]
    Secret(String),
    /// The name stands for no address.
    #[error("{0} cannot be resolved")]
    Unresolved(String),
    /// It took too long.
    #[error("no answer within {} s", WHOLE.as_secs())]
    TimedOut,
    /// The connection failed.
    #[error("{0}")]
    Unreachable(String),
}

impl WebhookError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "webhook_address_invalid",
            Self::Insecure(_) => "webhook_insecure",
            Self::Inward(_) => "webhook_address_refused",
            Self::Settings(_) => "webhook_settings_broken",
            Self::Secret(_) => "webhook_secret_unusable",
            Self::Unresolved(_) => "webhook_unresolved",
            Self::TimedOut => "webhook_timeout",
            Self::Unreachable(_) => "webhook_unreachable",
        }
    }

    /// Whether another attempt may go otherwise.
    pub fn attempt(&self) -> Attempt {
        match self {
            Self::Address(_) | Self::Insecure(_) | Self::Inward(_) | Self::Secret(_) => Attempt::Refused,
            Self::Settings(_) | Self::Unresolved(_) | Self::TimedOut | Self::Unreachable(_) => {
                Attempt::Unanswered
            }
        }
    }
}

impl From<SecretError> for WebhookError {
    fn from(e: SecretError) -> Self {
        Self::Secret(e.to_string())
    }
}

/// Reads an address and gives it with its origin: scheme, host and port.
///
/// # Errors
/// When it is none that a body can be sent to.
pub fn origin_of(text: &str) -> Result<(Url, String), WebhookError> {
    let bad = |why: &str| Err(WebhookError::Address(format!("the address of a webhook {why}")));
    if text.len() > MAX_URL {
        return bad("has at most 2048 bytes");
    }
    let Ok(url) = Url::parse(text.trim()) else { return bad("must be https://host/path") };
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return bad("must be https://host/path");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("holds no user and no password: put them into the header authorization");
    }
    if url.fragment().is_some() {
        return bad("has no fragment");
    }
    let origin = url.origin().ascii_serialization();
    Ok((url, origin))
}

/// What goes into one attempt.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// The delivery's identifier.
    pub id: &'a str,
    /// The form.
    pub format: Format,
    /// What the webhook needs to know.
    pub settings: &'a WebhookSettings,
    /// What is sent.
    pub document: &'a Document,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, seconds.
    pub retry_after: Option<u64>,
    /// The ticket's key, if the answer has one.
    pub ticket_key: String,
    /// Its address.
    pub ticket_url: String,
    /// Whether the answer was not read to its end: it was too long, too slow, or broke off.
    pub unread: bool,
}

/// Sends. It holds what the operator allows.
#[derive(Debug)]
pub struct Sender {
    egress: Egress,
    whole: Duration,
}

impl Sender {
    /// A sender within these bounds.
    pub fn new(egress: Egress) -> Self {
        Self { egress, whole: WHOLE }
    }

    /// The same with another deadline for one attempt.
    #[must_use]
    pub fn with_deadline(self, whole: Duration) -> Self {
        Self { whole, ..self }
    }

    /// Opens what is sealed for an owner.
    ///
    /// # Errors
    /// `webhook_secret_unusable`.
    pub fn open(
        key: &OpeningKey,
        owner: &str,
        (target, secret): (&[u8], &[u8]),
    ) -> Result<(Address, Sealed), WebhookError> {
        let read = |e: serde_json::Error| WebhookError::Secret(e.to_string());
        let (target, secret) = (key.open(owner, target)?, key.open(owner, secret)?);
        Ok((serde_json::from_slice(&target).map_err(read)?, serde_json::from_slice(&secret).map_err(read)?))
    }

    /// Sends once.
    ///
    /// # Errors
    /// Why nothing was sent, or no answer came.
    pub async fn send(
        &self,
        address: &Address,
        sealed: &Sealed,
        envelope: &Envelope<'_>,
    ) -> Result<Sent, WebhookError> {
        let answered = tokio::time::timeout(self.whole, self.attempt(address, sealed, envelope)).await;
        let response = answered.unwrap_or(Err(WebhookError::TimedOut))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok());
        let retry_after = retry_after.and_then(|v| v.trim().parse().ok());
        // Whoever has answered has taken it, however the rest of the answer goes: it must not come again.
        let answer = tokio::time::timeout(BODY, read(response)).await.unwrap_or(None);
        let place = match &answer {
            Some(answer) if (200..300).contains(&status) => {
                ticket_of(envelope.format, envelope.settings, answer)
            }
            _ => TicketPlace::default(),
        };
        Ok(Sent {
            status,
            retry_after,
            ticket_key: place.key,
            ticket_url: place.url,
            unread: answer.is_none(),
        })
    }

    async fn attempt(
        &self,
        address: &Address,
        sealed: &Sealed,
        envelope: &Envelope<'_>,
    ) -> Result<Response, WebhookError> {
        let (url, _) = origin_of(&address.url)?;
        let reached = self.judged(&url).await?;
        let client = self.client(&url, &reached)?;
        let body = render(envelope.format, envelope.settings, envelope.id, envelope.document)
            .to_string()
            .into_bytes();
        let seconds = TimeMicros::now().0.div_euclid(1_000_000);
        let mut request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(DELIVERY_HEADER, envelope.id)
            .header(SIGNATURE_HEADER, sign(sealed.signing.as_bytes(), seconds, &body));
        for (name, value) in &sealed.headers {
            let bad = || WebhookError::Secret(format!("the header {name} cannot be sent"));
            let name = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
            let value = Zeroizing::new(value.clone());
            let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| bad())?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        request.body(body).send().await.map_err(|e| failed(&e))
    }

    /// The addresses that are connected to, each of them judged.
    async fn judged(&self, url: &Url) -> Result<Vec<SocketAddr>, WebhookError> {
        let port = url.port_or_known_default().unwrap_or(443);
        let found: Vec<IpAddr> = match url.host() {
            Some(Host::Ipv4(v4)) => vec![v4.into()],
            Some(Host::Ipv6(v6)) => vec![v6.into()],
            Some(Host::Domain(name)) => {
                resolve(name, port).await.ok_or_else(|| WebhookError::Unresolved(name.to_owned()))?
            }
            None => Vec::new(),
        };
        let host = url.host_str().unwrap_or_default();
        let mut good: Vec<IpAddr> = Vec::new();
        let mut refused = None;
        for address in found {
            match self.egress.check(address) {
                Ok(()) => good.push(address),
                Err(inward) => refused = Some(inward),
            }
        }
        if good.is_empty() {
            return Err(match refused {
                Some(inward) => WebhookError::Inward(format!("{host}: {inward}")),
                None => WebhookError::Unresolved(host.to_owned()),
            });
        }
        if url.scheme() != "https" {
            good.retain(|address| self.egress.allows(*address));
            if good.is_empty() {
                return Err(WebhookError::Insecure(host.to_owned()));
            }
        }
        Ok(good.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    /// A client for this one request: the name stands for the judged addresses and no others.
    fn client(&self, url: &Url, reached: &[SocketAddr]) -> Result<Client, WebhookError> {
        // Another part of the process may have chosen one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("palisade/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(self.whole + BODY)
            .resolve_to_addrs(url.host_str().unwrap_or_default(), reached);
        if let Some(path) = &self.egress.ca_file {
            let said = |e: &dyn std::fmt::Display| WebhookError::Settings(format!("{}: {e}", path.display()));
            let pem = std::fs::read(path).map_err(|e| said(&e))?;
            let more = Certificate::from_pem_bundle(&pem).map_err(|e| said(&e))?;
            builder = builder.tls_certs_merge(more);
        }
        builder.build().map_err(|e| WebhookError::Settings(in_words(&e)))
    }
}

/// The whole answer; none where it is longer than is read, or breaks off.
async fn read(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

fn failed(error: &reqwest::Error) -> WebhookError {
    if error.is_timeout() { WebhookError::TimedOut } else { WebhookError::Unreachable(in_words(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_without_credentials_and_its_origin_is_its_host() {
        let (_, origin) = origin_of("https://Hooks.example.com:443/T/secret?x=1").expect("good");
        assert_eq!(origin, "https://hooks.example.com");
        assert_eq!(origin_of("http://127.0.0.1:8080/x").expect("good").1, "http://127.0.0.1:8080");
        for bad in [
            "",
            "hooks.example.com",
            "ftp://example.com/",
            "https://user:pass@example.com/",
            "https://example.com/#x",
            "file:///etc/passwd",
            &format!("https://example.com/{}", "x".repeat(3000)),
        ] {
            assert_eq!(origin_of(bad).expect_err(bad).code(), "webhook_address_invalid");
        }
    }

    #[test]
    fn what_is_sealed_for_another_does_not_open() {
        let (opening, sealing) = crate::secret::generate();
        let opening = OpeningKey::parse(&opening).expect("a key");
        let sealing = crate::secret::SealingKey::parse(&sealing).expect("a key");
        let seal = |text: &str| sealing.seal("owner", text.as_bytes()).expect("sealed");
        let (target, secret) =
            (seal("{\"url\":\"https://a.example/\"}"), seal("{\"signing\":\"s\",\"headers\":{}}"));
        let opened = Sender::open(&opening, "owner", (&target, &secret)).expect("ours");
        assert_eq!((opened.0.url.as_str(), opened.1.signing.as_str()), ("https://a.example/", "s"));
        assert!(!format!("{:?}", opened.1).contains("signing"));
        let other = Sender::open(&opening, "another", (&target, &secret)).expect_err("not theirs");
        assert_eq!((other.code(), other.attempt()), ("webhook_secret_unusable", Attempt::Refused));
    }
}
