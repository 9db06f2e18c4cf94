//! Trust that does not depend on this machine's clock, to ask for the time and nothing else.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Checks chain and name as another verifier does; a certificate that is not valid now is checked
/// at a moment at which it is.
#[derive(Debug)]
pub struct Timeless(pub Arc<dyn ServerCertVerifier>);

/// More certificates than this in a chain are not moved through one after the other.
const ROUNDS: usize = 4;

impl ServerCertVerifier for Timeless {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let at = |s: u64| UnixTime::since_unix_epoch(Duration::from_secs(s));
        let mut when = now;
        for _ in 0..ROUNDS {
            let said = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, when);
            when = match said {
                Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
                    not_before, ..
                })) => at(not_before.as_secs().saturating_add(1)),
                Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
                    at(not_after.as_secs().saturating_sub(1))
                }
                other => return other,
            };
        }
        Err(Error::InvalidCertificate(CertificateError::Expired))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::pin::PinVerifier;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    #[test]
    fn a_wrong_clock_is_forgiven_and_nothing_else() {
        let key = KeyPair::generate().expect("key");
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = params.self_signed(&key).expect("certificate");
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().expect("key");
        let mut leaf = CertificateParams::new(vec!["sensor.test".into()]).expect("params");
        leaf.not_before = rcgen::date_time_ymd(2030, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2031, 1, 1);
        let leaf = leaf.signed_by(&key, &issuer).expect("certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let strict = Arc::new(PinVerifier::new(palisade_wire::digest_of(ca.der()), provider));
        let check = |verifier: &dyn ServerCertVerifier, name: &'static str, second: u64| {
            let name = ServerName::try_from(name).expect("name");
            let at = UnixTime::since_unix_epoch(Duration::from_secs(second));
            verifier.verify_server_cert(leaf.der(), &[ca.der().clone()], &name, &[], at).is_ok()
        };
        let lenient = Timeless(strict.clone());
        // In 2001, in 2030, and in 2065.
        for second in [1_000_000_000, 1_900_000_000, 3_000_000_000] {
            assert_eq!(check(&*strict, "sensor.test", second), second == 1_900_000_000);
            assert!(check(&lenient, "sensor.test", second), "{second}");
            assert!(!check(&lenient, "another.test", second), "{second}");
        }
    }
}
