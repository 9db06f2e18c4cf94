//! Trust by the fingerprint of the CA certificate, for enrolment with nothing but a short text.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Accepts a server whose chain holds the CA certificate with the pinned SHA-256 and is vouched
/// for by it; names and times are checked as ever.
#[derive(Debug)]
pub struct PinVerifier {
    pin: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl PinVerifier {
    /// Trusts the CA certificate with this SHA-256.
    pub fn new(pin: [u8; 32], provider: Arc<CryptoProvider>) -> Self {
        Self { pin, provider }
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ca = intermediates.iter().find(|c| palisade_wire::digest_of(c) == self.pin);
        let ca = ca.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(ca.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|e| Error::General(e.to_string()))?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    #[test]
    fn only_a_chain_to_the_pinned_ca_for_this_name_is_trusted() {
        let ca = || {
            let key = KeyPair::generate().expect("key");
            let mut params = CertificateParams::new(Vec::new()).expect("params");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let cert = params.self_signed(&key).expect("certificate");
            (cert, Issuer::new(params, key))
        };
        let (good, issuer) = ca();
        let (other, other_issuer) = ca();
        let leaf = |issuer: &Issuer<'_, KeyPair>| {
            let key = KeyPair::generate().expect("key");
            CertificateParams::new(vec!["sensor.test".into()])
                .and_then(|p| p.signed_by(&key, issuer))
                .expect("certificate")
        };
        let v = PinVerifier::new(
            palisade_wire::digest_of(good.der()),
            Arc::new(rustls::crypto::ring::default_provider()),
        );
        let check = |leaf: &rcgen::Certificate, ca: &rcgen::Certificate, name: &'static str| {
            let name = ServerName::try_from(name).expect("name");
            v.verify_server_cert(leaf.der(), &[ca.der().clone()], &name, &[], UnixTime::now()).is_ok()
        };
        assert!(check(&leaf(&issuer), &good, "sensor.test"));
        assert!(!check(&leaf(&issuer), &good, "another.test"));
        assert!(!check(&leaf(&other_issuer), &other, "sensor.test"));
        // The pinned certificate in the chain does not help a leaf that it did not sign.
        assert!(!check(&leaf(&other_issuer), &good, "sensor.test"));
    }
}
