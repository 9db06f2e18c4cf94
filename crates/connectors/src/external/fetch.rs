//! Fetching one file.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::hosts::{AllowedHost, AllowedHosts};
use crate::outward::{in_words, resolve, unmapped};

/// Longest address, bytes.
pub const MAX_URL: usize = 8_192;
/// Most redirections that are followed, each of them judged.
pub const MOST_REDIRECTS: usize = 5;
/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// From the first connection to the last byte.
const WHOLE: Duration = Duration::from_secs(60);
/// Bytes that are given at once, as far as there are so many.
const PART: usize = 256 << 10;

/// The command that lists a host.
const ALLOW: &str = "palisade hunting external-hosts allow";

/// Why a file was not fetched. Its text is shown to people; of an address it names the host alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// It may not be read.
    #[error("{host} may not be read: {why}")]
    Refused {
        /// The host.
        host: String,
        /// Why not, and what would allow it.
        why: String,
    },
    /// It has more bytes than were asked for.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// Its host did not give it.
    #[error("{host} did not give the file: {why}")]
    Unavailable {
        /// The host.
        host: String,
        /// What it did.
        why: String,
    },
}

impl FetchError {
    /// The stable code, which is that of the query that fails.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "external_refused",
            Self::TooLarge(_) => "query_limit",
            Self::Unavailable { .. } => "external_unavailable",
        }
    }
}

/// The host of an address as messages name it.
fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or("the address").to_owned()
}

fn refused(url: &Url, why: impl Into<String>) -> FetchError {
    FetchError::Refused { host: host_of(url), why: why.into() }
}

fn unavailable(url: &Url, why: impl Into<String>) -> FetchError {
    FetchError::Unavailable { host: host_of(url), why: why.into() }
}

/// An address as it may be written down: scheme, host, port and path, without user and query, which may be secrets.
pub fn named(address: &str) -> String {
    let front = address.split(['?', '#', ';']).next().unwrap_or_default();
    match Url::parse(front) {
        Ok(url) if url.has_host() => {
            let (scheme, host, path) = (url.scheme(), host_of(&url), url.path());
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{scheme}://{host}{port}{path}").chars().take(500).collect()
        }
        _ => "an address that cannot be read".to_owned(),
    }
}

/// Reads the address that a query names.
fn parsed(text: &str) -> Result<Url, FetchError> {
    let bad = |why: &str| FetchError::Refused { host: "the address".to_owned(), why: why.to_owned() };
    if text.len() > MAX_URL {
        return Err(bad("it has more than 8192 bytes"));
    }
    let (front, rest) = text.split_once(';').map_or((text, None), |(front, rest)| (front, Some(rest)));
    let url = Url::parse(front).map_err(|_| bad("it is none such as https://host/file.csv"))?;
    if rest.is_some() {
        let why = "what stands behind a semicolon (;impersonate, ;token=…, an account's key) is not supported; write %3B \
                   where the path or the query has one";
        return Err(refused(&url, why));
    }
    Ok(url)
}

/// Fetches. It holds what the operator lists.
#[derive(Clone, Debug)]
pub struct Fetcher {
    hosts: AllowedHosts,
    whole: Duration,
}

impl Fetcher {
    /// A fetcher that reads from these hosts.
    pub fn new(hosts: AllowedHosts) -> Self {
        Self { hosts, whole: WHOLE }
    }

    /// The same with another time from the first connection to the last byte.
    #[must_use]
    pub fn with_deadline(self, whole: Duration) -> Self {
        Self { whole, ..self }
    }

    /// Begins to fetch a file of at most so many bytes; redirections have been followed when it has begun.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn open(&self, address: &str, max_bytes: u64) -> Result<Fetched, FetchError> {
        let first = parsed(address)?;
        let until = Instant::now() + self.whole;
        let answered = timeout_at(until, Box::pin(self.follow(&first))).await;
        let (url, response) = answered.unwrap_or_else(|_| Err(unavailable(&first, self.too_slow())))?;
        if response.content_length().is_some_and(|length| length > max_bytes) {
            return Err(FetchError::TooLarge(max_bytes));
        }
        Ok(Fetched {
            url,
            response,
            left: max_bytes,
            max_bytes,
            until,
            too_slow: self.too_slow(),
            over: false,
        })
    }

    fn too_slow(&self) -> String {
        format!("it took longer than {} s", self.whole.as_secs())
    }

    /// The answer that is no redirection.
    async fn follow(&self, first: &Url) -> Result<(Url, Response), FetchError> {
        let mut url = first.clone();
        for hop in 0..=MOST_REDIRECTS {
            let reached = self.judged(&url).await.map_err(|e| match e {
                FetchError::Refused { host, why } if hop > 0 => {
                    FetchError::Refused { host, why: format!("{} sends on to it, and {why}", host_of(first)) }
                }
                other => other,
            })?;
            let client = client(&url, &reached)?;
            let response =
                client.get(url.clone()).send().await.map_err(|e| unavailable(&url, in_words(&e)))?;
            match response.status() {
                StatusCode::OK => return Ok((url, response)),
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                    let to = to.filter(|to| to.len() <= MAX_URL).and_then(|to| url.join(to).ok());
                    url = to.ok_or_else(|| unavailable(&url, "it sends on to no address"))?;
                }
                other => return Err(unavailable(&url, format!("it answered {}", other.as_u16()))),
            }
        }
        Err(unavailable(first, format!("it sends on more than {MOST_REDIRECTS} times")))
    }

    /// The addresses that are connected to, each of them judged.
    async fn judged(&self, url: &Url) -> Result<Vec<SocketAddr>, FetchError> {
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(refused(url, format!("{} is not read, only https is", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused(url, "an address holds no user and no password"));
        }
        let host = host_of(url);
        if !self.hosts.lists(url) {
            let entry = AllowedHost::wanted(&host, url);
            let why = format!("the server's operator has not listed it (on the server: {ALLOW} {entry})");
            return Err(refused(url, why));
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let found: Vec<IpAddr> = match url.host() {
            Some(Host::Ipv4(v4)) => vec![v4.into()],
            Some(Host::Ipv6(v6)) => vec![v6.into()],
            Some(Host::Domain(name)) => {
                resolve(name, port).await.ok_or_else(|| unavailable(url, "its name cannot be resolved"))?
            }
            None => Vec::new(),
        };
        let (mut good, inward): (Vec<IpAddr>, Vec<IpAddr>) =
            found.into_iter().partition(|address| self.hosts.reaches(*address, url));
        if good.is_empty() {
            return Err(match inward.first() {
                Some(address) => {
                    let entry = AllowedHost::wanted(&bracketed(unmapped(*address)), url);
                    let why = format!(
                        "it stands for {address}, an address of this machine or of a private network, which is not \
                         listed itself (on the server: {ALLOW} {entry})"
                    );
                    refused(url, why)
                }
                None => unavailable(url, "its name stands for no address"),
            });
        }
        if url.scheme() != "https" {
            good.retain(|address| {
                unmapped(*address).is_loopback() && self.hosts.lists_address(*address, url)
            });
            if good.is_empty() {
                return Err(refused(url, "without TLS only the server's own loopback addresses are read"));
            }
        }
        Ok(good.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }
}

/// An IP address as a host of an address.
fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// A client for this one request: the name stands for the judged addresses and no others, so that no second
/// resolution comes between.
fn client(url: &Url, reached: &[SocketAddr]) -> Result<Client, FetchError> {
    // Another part of the process may have chosen one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("palisade/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .https_only(url.scheme() == "https")
        .connect_timeout(CONNECT)
        .pool_max_idle_per_host(0)
        .resolve_to_addrs(url.host_str().unwrap_or_default(), reached)
        .build()
        .map_err(|e| unavailable(url, in_words(&e)))
}

/// A file that is being fetched. Dropping it ends the connection.
pub struct Fetched {
    url: Url,
    response: Response,
    left: u64,
    max_bytes: u64,
    until: Instant,
    too_slow: String,
    over: bool,
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a secret.
        f.debug_struct("Fetched").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Fetched {
    /// Its next bytes; none when there are no more.
    ///
    /// # Errors
    /// [`FetchError`], after which there is nothing more to ask for.
    pub async fn part(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        let mut part = Vec::new();
        while !self.over && part.len() < PART {
            let chunk = timeout_at(self.until, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| unavailable(&self.url, self.too_slow.as_str()))?;
            let Some(chunk) = chunk.map_err(|e| unavailable(&self.url, in_words(&e)))? else {
                self.over = true;
                break;
            };
            let left = self.left.checked_sub(chunk.len() as u64);
            self.left = left.ok_or(FetchError::TooLarge(self.max_bytes))?;
            part.extend_from_slice(&chunk);
        }
        Ok((!part.is_empty()).then_some(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(listed: &[&str], address: &str) -> (&'static str, String) {
        let fetcher = Fetcher::new(AllowedHosts::read(listed).0);
        let error = fetcher.open(address, 10).await.expect_err(address);
        (error.code(), error.to_string())
    }

    #[tokio::test]
    async fn what_may_not_be_read_is_refused_before_anything_goes_out() {
        let listed = ["lists.example", "192.0.2.1", "127.0.0.1", "10.0.0.1"];
        for (address, said) in [
            ("https://other.example/a.csv?sig=secret", "external-hosts allow other.example)"),
            ("https://other.example:8443/a.csv", "external-hosts allow other.example:8443)"),
            ("https://lists.example:8443/a.csv", "external-hosts allow lists.example:8443)"),
            ("https://169.254.169.254/latest/meta-data", "external-hosts allow 169.254.169.254)"),
            ("https://[::1]/", "external-hosts allow [::1])"),
            ("https://user:secret@lists.example/a.csv", "no user and no password"),
            ("https://user@lists.example/a.csv", "no user and no password"),
            ("https://lists.example/a.csv;impersonate", "behind a semicolon"),
            ("https://lists.example/a.csv;token=secret", "behind a semicolon"),
            ("https://lists.example/a.csv?a=1;secret", "behind a semicolon"),
            ("http://192.0.2.1/a.csv", "without TLS"),
            ("http://10.0.0.1/a.csv", "without TLS"),
            ("ftp://lists.example/a.csv", "only https is"),
            ("file:///etc/passwd", "only https is"),
            ("abfss://store@account.example/a.csv", "only https is"),
            ("https://", "it is none such as"),
            ("://", "it is none such as"),
        ] {
            let (code, message) = told(&listed, address).await;
            assert_eq!(code, "external_refused", "{address}: {message}");
            assert!(message.contains(said) && !message.contains("secret"), "{address}: {message}");
        }
        let long = format!("https://lists.example/{}", "x".repeat(MAX_URL));
        assert!(told(&listed, &long).await.1.contains("8192 bytes"));
    }

    #[test]
    fn an_address_is_written_down_without_what_may_be_secret() {
        for (address, named_as) in [
            ("https://Lists.example/a/b.csv?sv=1&sig=secret#x", "https://lists.example/a/b.csv"),
            ("https://user:secret@lists.example:8443/a.csv", "https://lists.example:8443/a.csv"),
            ("https://lists.example/a.csv;secret", "https://lists.example/a.csv"),
            ("https://", "an address that cannot be read"),
        ] {
            assert_eq!(named(address), named_as);
        }
        assert!(named(&format!("https://lists.example/{}", "x".repeat(9000))).len() <= 500);
    }
}
