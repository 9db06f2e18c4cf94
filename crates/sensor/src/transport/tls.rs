//! TLS with our CA only and, once enrolled, our certificate.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::pin::PinVerifier;
use super::timeless::Timeless;
use crate::error::SensorError;
use crate::identity::Identity;

/// What vouches for the server.
#[derive(Clone, Debug)]
pub enum Trust {
    /// One of these CA certificates.
    Roots(Vec<CertificateDer<'static>>),
    /// A CA certificate with this SHA-256, which the server sends with its chain.
    Pin([u8; 32]),
}

impl Trust {
    /// Reads `--ca`: a PEM file, or the CA certificate's SHA-256 as 64 hexadecimal digits, with or
    /// without colons and a `sha256:` in front.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, SensorError> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text).replace(':', "");
        let mut pin = [0u8; 32];
        if digits.len() == 64 && hex::decode_to_slice(&digits, &mut pin).is_ok() {
            return Ok(Self::Pin(pin));
        }
        let pem = crate::files::read_bounded(text, 1 << 20).map_err(SensorError::file(text))?;
        let roots: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|e| SensorError::Certificate(format!("{text}: {e}")))?;
        if roots.is_empty() {
            return Err(SensorError::Certificate(format!("{text}: holds no certificate")));
        }
        Ok(Self::Roots(roots))
    }

    /// Whether this trusts one of these CA certificates too.
    pub fn shares(&self, roots: &[CertificateDer<'_>]) -> bool {
        roots.iter().any(|root| match self {
            Self::Roots(mine) => mine.iter().any(|m| m == root),
            Self::Pin(pin) => palisade_wire::digest_of(root) == *pin,
        })
    }

    /// The certificates that were named outright.
    pub fn roots(&self) -> &[CertificateDer<'static>] {
        match self {
            Self::Roots(r) => r,
            Self::Pin(_) => &[],
        }
    }
}

/// The TLS configuration for a client.
///
/// # Errors
/// When a certificate or the key cannot be used.
pub fn config(trust: &Trust, identity: Option<&Identity>) -> Result<ClientConfig, SensorError> {
    let bad = |e: rustls::Error| SensorError::Certificate(e.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(bad)?;
    let builder = match trust {
        Trust::Roots(roots) => {
            let mut store = RootCertStore::empty();
            for r in roots {
                store.add(r.clone()).map_err(bad)?;
            }
            builder.with_root_certificates(store)
        }
        Trust::Pin(pin) => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(PinVerifier::new(*pin, provider)))
        }
    };
    let mut config = match identity {
        Some(i) => {
            let (chain, key) = i.client_auth()?;
            builder.with_client_auth_cert(chain, key).map_err(bad)?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// A configuration without our certificate that does not mind this machine's clock.
///
/// # Errors
/// When a certificate cannot be used.
pub fn timeless(trust: &Trust) -> Result<ClientConfig, SensorError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let strict: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Roots(roots) => {
            let bad = |e: rustls::Error| SensorError::Certificate(e.to_string());
            let mut store = RootCertStore::empty();
            for r in roots {
                store.add(r.clone()).map_err(bad)?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                .build()
                .map_err(|e| SensorError::Certificate(e.to_string()))?
        }
        Trust::Pin(pin) => Arc::new(PinVerifier::new(*pin, provider)),
    };
    let mut config = config(trust, None)?;
    config.dangerous().set_certificate_verifier(Arc::new(Timeless(strict)));
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_is_a_pin_or_a_pem_file() {
        let hex = "ab".repeat(32);
        assert!(matches!(Trust::parse(&format!("sha256:{hex}")), Ok(Trust::Pin(p)) if p == [0xab; 32]));
        assert!(matches!(Trust::parse(&["AB"; 32].join(":")), Ok(Trust::Pin(_))));
        assert!(Trust::parse("/nonexistent/ca.pem").is_err());
        let file = tempfile::NamedTempFile::new().expect("file");
        assert!(Trust::parse(file.path().to_str().expect("utf-8")).is_err());
        let key = rcgen::KeyPair::generate().expect("key");
        let ca = rcgen::CertificateParams::new(vec!["x".into()])
            .and_then(|p| p.self_signed(&key))
            .expect("certificate");
        std::fs::write(file.path(), ca.pem()).expect("written");
        let trust = Trust::parse(file.path().to_str().expect("utf-8")).expect("parses");
        assert_eq!(trust.roots(), [ca.der().clone()]);
    }
}
