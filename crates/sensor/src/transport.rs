//! HTTPS to the server: our CA only, our certificate, protobuf bodies, bounded answers.

pub mod backoff;
pub mod connection;
pub mod names;
mod pin;
pub mod proxy;
pub mod renew;
mod timeless;
pub mod tls;
pub mod upload;

use std::error::Error as _;
use std::time::Duration;

use palisade_wire::{CONTENT_TYPE, msg};
use parking_lot::RwLock;
use prost::Message;
use reqwest::{Client, Response};

use crate::error::SensorError;
use crate::identity::Identity;
use proxy::Proxy;
use tls::Trust;

/// Largest answer that is read, bytes.
const MAX_ANSWER: usize = 1 << 20;

/// The way to one server.
pub struct Link {
    url: String,
    proxy: Option<Proxy>,
    client: RwLock<Client>,
}

impl Link {
    /// A link that presents our certificate.
    ///
    /// # Errors
    /// When the identity cannot be used for TLS.
    pub fn new(identity: &Identity, proxy: Option<&Proxy>) -> Result<Self, SensorError> {
        let tls = tls::config(&Trust::Roots(identity.roots()?), Some(identity))?;
        Ok(Self {
            url: identity.url.clone(),
            client: RwLock::new(client(tls, proxy)?),
            proxy: proxy.cloned(),
        })
    }

    /// A link for enrolment: with a certificate only where there is an old identity.
    ///
    /// # Errors
    /// When the address or the CA cannot be used.
    pub fn for_enrolment(
        url: &str,
        trust: &Trust,
        old: Option<&Identity>,
        proxy: Option<&Proxy>,
    ) -> Result<Self, SensorError> {
        Self::with(url, tls::config(trust, old)?, proxy)
    }

    /// A link that only asks for the time: it also trusts a certificate of our CA that is not
    /// valid now, since it is this machine's clock that may be wrong.
    ///
    /// # Errors
    /// When the address or the CA cannot be used.
    pub fn for_time(url: &str, trust: &Trust, proxy: Option<&Proxy>) -> Result<Self, SensorError> {
        Self::with(url, tls::timeless(trust)?, proxy)
    }

    fn with(url: &str, tls: rustls::ClientConfig, proxy: Option<&Proxy>) -> Result<Self, SensorError> {
        Ok(Self { url: checked_url(url)?, client: RwLock::new(client(tls, proxy)?), proxy: proxy.cloned() })
    }

    /// Uses a renewed certificate for all requests from now on.
    ///
    /// # Errors
    /// When the identity cannot be used for TLS.
    pub fn renewed(&self, identity: &Identity) -> Result<(), SensorError> {
        let tls = tls::config(&Trust::Roots(identity.roots()?), Some(identity))?;
        let fresh = client(tls, self.proxy.as_ref())?;
        *self.client.write() = fresh;
        Ok(())
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a message and reads the answer.
    ///
    /// # Errors
    /// All of transport, and what the server refuses.
    pub async fn post<A: Message + Default>(
        &self,
        path: &str,
        body: &impl Message,
    ) -> Result<A, SensorError> {
        let client = self.client.read().clone();
        let request = client
            .post(format!("{}{path}", self.url))
            .header("content-type", CONTENT_TYPE)
            .timeout(Duration::from_secs(60))
            .body(body.encode_to_vec());
        let answer = accepted(request.send().await.map_err(|e| classify(&e))?).await?;
        let bytes = read(answer).await?;
        A::decode(bytes.as_slice()).map_err(|_| SensorError::Malformed("not the expected message"))
    }

    /// Begins a GET whose body the caller reads; no limit on its time.
    ///
    /// # Errors
    /// All of transport, and what the server refuses.
    pub async fn get(&self, path: &str, limit: Option<Duration>) -> Result<Response, SensorError> {
        let client = self.client.read().clone();
        let mut request = client.get(format!("{}{path}", self.url));
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        accepted(request.send().await.map_err(|e| classify(&e))?).await
    }
}

/// An address that we use: https, no path.
///
/// # Errors
/// [`SensorError::Config`] for anything else.
pub fn checked_url(url: &str) -> Result<String, SensorError> {
    let parsed = reqwest::Url::parse(url).map_err(|e| SensorError::Config(format!("address {url}: {e}")))?;
    if parsed.scheme() != "https" || parsed.host_str().is_none() || !matches!(parsed.path(), "" | "/") {
        return Err(SensorError::Config(format!("address {url}: must be https://host:port")));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

fn client(tls: rustls::ClientConfig, proxy: Option<&Proxy>) -> Result<Client, SensorError> {
    // Only a proxy that somebody set for the sensor: the environment's is for other programs.
    let builder = Client::builder().tls_backend_preconfigured(tls).no_proxy();
    let builder = match proxy {
        Some(p) => {
            let bad = |_| SensorError::Config("proxy: cannot be used".into());
            builder.proxy(reqwest::Proxy::https(p.secret()).map_err(bad)?)
        }
        None => builder,
    };
    builder
        .dns_resolver(names::Names)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("palisade-sensor/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(90))
        .tcp_user_timeout(Duration::from_secs(30))
        // A peer that is gone without a word is noticed although the order stream only waits.
        .http2_keep_alive_interval(Duration::from_secs(15))
        .http2_keep_alive_timeout(Duration::from_secs(10))
        .build()
        .map_err(|e| SensorError::Tls(chain(&e)))
}

/// Turns an error status into what the server said.
async fn accepted(answer: Response) -> Result<Response, SensorError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let header = answer
        .headers()
        .get("retry-after")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok())
        .map(Duration::from_secs);
    let bytes = read(answer).await.unwrap_or_default();
    let said = msg::Error::decode(bytes.as_slice()).unwrap_or_default();
    let code = if said.code.is_empty() || said.code.len() > 64 {
        format!("http_{}", status.as_u16())
    } else {
        said.code
    };
    let asked = (said.retry_after_ms > 0).then(|| Duration::from_millis(u64::from(said.retry_after_ms)));
    let mut message = said.message;
    if said.protocol_max > 0 {
        message =
            format!("{message} (the server speaks versions {} to {})", said.protocol_min, said.protocol_max);
    }
    if message.is_empty() {
        message = status.to_string();
    }
    Err(SensorError::Refused { code, message, retry_after: asked.or(header) })
}

/// Reads a whole bounded body.
///
/// # Errors
/// Transport, or a body past the bound.
pub async fn read(mut answer: Response) -> Result<Vec<u8>, SensorError> {
    let mut out = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| classify(&e))? {
        if out.len() + chunk.len() > MAX_ANSWER {
            return Err(SensorError::Malformed("answer over 1 MiB"));
        }
        out.extend_from_slice(&chunk);
    }
    Ok(out)
}

/// Sorts a transport error into one that says what to look at.
pub fn classify(e: &reqwest::Error) -> SensorError {
    let text = chain(e);
    let mut source = e.source();
    while let Some(s) = source {
        // rustls comes wrapped in an io::Error whose source hides it, so both ways are tried.
        let inner = s.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if s.is::<rustls::Error>() || inner.is_some_and(|i| i.is::<rustls::Error>()) {
            return SensorError::Tls(text);
        }
        source = s.source();
    }
    SensorError::Unreachable(text)
}

fn chain(e: &reqwest::Error) -> String {
    let mut parts: Vec<String> = vec![e.to_string()];
    let mut source = e.source();
    while let Some(s) = source {
        let text = s.to_string();
        if parts.last().is_none_or(|p| !p.contains(&text)) {
            parts.push(text);
        }
        source = s.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_addresses_are_used() {
        assert_eq!(checked_url("https://h:8443/").ok().as_deref(), Some("https://h:8443"));
        for bad in ["http://h", "https://h/path", "h:8443", "file:///x", ""] {
            assert_eq!(
                checked_url(bad).map_err(|e| e.code().to_owned()),
                Err("settings_invalid".into()),
                "{bad}"
            );
        }
    }
}
