//! A proxy on the way to the server: CONNECT through plain HTTP, TLS stays between us and the server.

use crate::error::SensorError;

/// A proxy's address. It may hold a password, which is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: reqwest::Url,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Proxy {
    /// Reads `http://[user:password@]host:port`; without a scheme, http is meant.
    ///
    /// # Errors
    /// [`SensorError::Config`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SensorError> {
        let bad = || {
            // The text may hold a password, so it is not repeated.
            SensorError::Config("proxy: must be http://[user:password@]host:port".into())
        };
        let text = text.trim();
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = reqwest::Url::parse(&full).map_err(|_| bad())?;
        let plain = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let port = url.port_or_known_default().is_some_and(|p| p != 0);
        if url.scheme() != "http" || url.host_str().is_none() || !plain || !port {
            return Err(bad());
        }
        Ok(Self { url })
    }

    /// For people: without user and password.
    pub fn shown(&self) -> String {
        format!("http://{}:{}", self.host(), self.port())
    }

    /// Everything, for the client and the installation's record.
    pub fn secret(&self) -> &str {
        self.url.as_str()
    }

    /// Its host.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_and_its_password_hidden() {
        let p = Proxy::parse("http://anna:geheim@proxy.test:3128").expect("parses");
        assert_eq!((p.host(), p.port(), p.shown().as_str()), ("proxy.test", 3128, "http://proxy.test:3128"));
        assert!(!format!("{p:?}").contains("geheim") && p.secret().contains("geheim"));
        assert_eq!(
            Proxy::parse("10.0.0.1:8080").map(|p| p.shown()).ok().as_deref(),
            Some("http://10.0.0.1:8080")
        );
        for bad in ["https://p:1", "socks5://p:1", "http://p/x", "", "http://", "http://p:1/?q"] {
            let said = Proxy::parse(bad).map_err(|e| e.code().to_owned());
            assert_eq!(said, Err("settings_invalid".into()), "{bad}");
        }
    }
}
