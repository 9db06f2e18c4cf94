//! The HTTP client: whom it trusts, how long it waits, where it may be sent on to.

use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, NoProxy, Proxy};
use url::{Host, Url};

use crate::code::{At, Code, FeedError};
use crate::site::Site;

/// Most redirections of one request.
const MAX_REDIRECTS: usize = 10;

/// A client as the site wants it.
pub(crate) fn client(site: &Site) -> Result<Client, FeedError> {
    // Whoever runs the process has usually chosen one; without any, no connection could be made.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have chosen one meanwhile, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let mut builder = Client::builder()
        .user_agent(concat!("palisade-feeds/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(site.limits.connect_seconds))
        .read_timeout(Duration::from_secs(site.limits.read_seconds))
        .redirect(Policy::custom(follow))
        .no_proxy();
    if let Some(proxy) = proxy(site) {
        let bad = |e| FeedError::new(Code::BadConfig, &proxy, e);
        let local = NoProxy::from_string("localhost,127.0.0.0/8,::1");
        builder = builder.proxy(Proxy::all(&proxy).map_err(bad)?.no_proxy(local));
    }
    if let Some(path) = &site.ca_file {
        let pem = std::fs::read(path).at(path)?;
        let bad = |e| FeedError::new(Code::BadConfig, path.display().to_string(), e);
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(&pem).map_err(bad)?);
    }
    builder.build().map_err(|e| FeedError::new(Code::NoRoots, "", in_words(&e)))
}

/// The site's proxy, else that of the environment.
fn proxy(site: &Site) -> Option<String> {
    let env = || ["HTTPS_PROXY", "https_proxy"].iter().find_map(|n| std::env::var(n).ok());
    site.proxy.clone().or_else(env).filter(|p| !p.is_empty())
}

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let from_here = attempt.previous().iter().all(is_loopback);
    let good = attempt.url().scheme() == "https" || (from_here && is_loopback(attempt.url()));
    if !good {
        let to = attempt.url().to_string();
        return attempt.error(format!("it was sent on to {to}, which is not HTTPS"));
    }
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("it was sent on too often");
    }
    attempt.follow()
}

/// Whether an address is on this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Reads an address and refuses one that anybody on the way could answer for.
pub(crate) fn address(text: &str) -> Result<Url, FeedError> {
    let url = Url::parse(text).map_err(|e| FeedError::new(Code::BadConfig, text, e))?;
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
        return Ok(url);
    }
    Err(FeedError::new(Code::InsecureAddress, text, "only HTTPS, or HTTP on this machine, is used"))
}

/// `https` in the place of `http`, but on this machine.
pub(crate) fn upgraded(text: &str) -> String {
    let known = Url::parse(text).ok().filter(|url| url.scheme() == "http" && !is_loopback(url));
    match known {
        Some(url) => url.as_str().replacen("http", "https", 1),
        None => text.to_owned(),
    }
}

/// An error with all that led to it.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_can_answer_for_is_asked() {
        for good in ["https://example.org/a", "http://127.0.0.1:80/a", "http://[::1]/a", "http://localhost/a"]
        {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in
            ["http://example.org/a", "ftp://example.org/a", "file:///etc/passwd", "http://localhost.example/"]
        {
            assert_eq!(address(bad).map_err(|e| e.code), Err(Code::InsecureAddress), "{bad}");
        }
        assert_eq!(upgraded("http://example.org/a"), "https://example.org/a");
        assert_eq!(upgraded("http://127.0.0.1:8/a"), "http://127.0.0.1:8/a");
    }
}
