//! Issuing certificates to devices.

use std::path::Path;
use std::time::{Duration, SystemTime};

use palisade_state::NewCertificate;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use rcgen::string::Ia5String;
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer};

use crate::identity::{device_uri, parse_uri};
use crate::refusal::{Code, Refusal};
use crate::server::IngestError;
use crate::tls;

/// Largest request for a certificate, bytes.
const MAX_CSR: usize = 8 << 10;
/// A device whose clock is a little behind must not find its new certificate in the future.
const BACKDATE: Duration = Duration::from_secs(3600);

/// The CA with its key.
pub(crate) struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    pub certificate: CertificateDer<'static>,
    life: Duration,
}

/// A new certificate.
pub(crate) struct Issued {
    pub der: Vec<u8>,
    pub record: NewCertificate,
}

/// A request whose signature holds and whose key is one we take.
pub(crate) struct Request(CertificateSigningRequestParams);

impl Request {
    pub fn parse(der: &[u8]) -> Result<Self, Refusal> {
        let bad = |text: String| Refusal::new(Code::CsrInvalid, text);
        if der.is_empty() || der.len() > MAX_CSR {
            return Err(bad(format!("the request has {} bytes; 1 to {MAX_CSR} are taken", der.len())));
        }
        let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der))
            .map_err(|e| bad(e.to_string()))?;
        let key = &request.public_key;
        // The length tells a curve that does not fit the signature's name.
        let length = match key.algorithm() {
            a if a == &rcgen::PKCS_ECDSA_P256_SHA256 => 65,
            a if a == &rcgen::PKCS_ECDSA_P384_SHA384 => 97,
            a if a == &rcgen::PKCS_ED25519 => 32,
            _ => return Err(bad("the key must be ECDSA P-256, P-384 or Ed25519".into())),
        };
        if key.der_bytes().len() != length {
            return Err(bad("the key does not fit its algorithm".into()));
        }
        Ok(Self(request))
    }

    /// Refuses a renewal whose request names another device or tenant than the certificate.
    pub fn must_name(&self, tenant: TenantId, device: DeviceId) -> Result<(), Refusal> {
        let named = |text: &str| text.is_empty() || text == device.to_string();
        let name = match self.0.params.distinguished_name.get(&DnType::CommonName) {
            Some(DnValue::Utf8String(s)) => s.clone(),
            Some(DnValue::PrintableString(s)) => s.as_str().to_owned(),
            // What rcgen fills in where a request has no name.
            _ => String::new(),
        };
        if name.parse::<DeviceId>().is_ok() && !named(&name) {
            return Err(Refusal::new(Code::DeviceMismatch, "the request names another device").of(tenant));
        }
        for san in &self.0.params.subject_alt_names {
            let SanType::URI(uri) = san else { continue };
            match parse_uri(uri.as_str()) {
                Some((t, _)) if t != tenant => {
                    return Err(
                        Refusal::new(Code::TenantMismatch, "the request names another tenant").of(tenant)
                    );
                }
                Some((_, d)) if d != device => {
                    return Err(
                        Refusal::new(Code::DeviceMismatch, "the request names another device").of(tenant)
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl CertificateAuthority {
    pub fn load(certificate: &Path, key: &Path, life: Duration) -> Result<Self, IngestError> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|e| IngestError::Key(format!("{}: {e}", path.display())))
        };
        let bad = |e: rcgen::Error| IngestError::Key(format!("CA: {e}"));
        let pair = KeyPair::from_pem(&read(key)?).map_err(bad)?;
        let issuer = Issuer::from_ca_cert_pem(&read(certificate)?, pair).map_err(bad)?;
        let certificate = tls::certificates(certificate)?.swap_remove(0);
        Ok(Self { issuer, certificate, life })
    }

    /// Issues a certificate to a device. Of the request only the key is used.
    pub fn issue(
        &self,
        request: &Request,
        tenant: TenantId,
        device: DeviceId,
        now: TimeMicros,
    ) -> Result<Issued, Refusal> {
        let failed = |what: String| {
            tracing::error!(error = what, "a certificate could not be issued");
            Refusal::new(Code::Internal, "the certificate could not be issued").of(tenant)
        };
        let mut serial = [0u8; 16];
        getrandom::fill(&mut serial).map_err(|e| failed(e.to_string()))?;
        // Positive and of full length, as DER wants it.
        serial[0] = serial[0] & 0x7f | 0x40;
        let begin = SystemTime::UNIX_EPOCH + Duration::from_micros(now.0.unsigned_abs()) - BACKDATE;
        let end = begin + BACKDATE + self.life;
        let mut params = CertificateParams::default();
        params.not_before = begin.into();
        params.not_after = end.into();
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, device.to_string());
        let uri = Ia5String::try_from(device_uri(tenant, device)).map_err(|e| failed(e.to_string()))?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate =
            params.signed_by(&request.0.public_key, &self.issuer).map_err(|e| failed(e.to_string()))?;
        let der = certificate.der().to_vec();
        let seconds = |t: SystemTime| {
            let s = t.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            TimeMicros(i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1_000_000))
        };
        let record = NewCertificate {
            serial: hex::encode(serial),
            fingerprint: palisade_wire::digest_of(&der),
            not_before: seconds(begin),
            not_after: seconds(end),
        };
        Ok(Issued { der, record })
    }
}
