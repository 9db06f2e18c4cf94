//! Who this sensor is: the outcome of enrolment, one private file replaced in one step.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use palisade_types::{DeviceId, TenantId};
use palisade_wire::msg::EnrolResponse;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

use crate::error::SensorError;
use crate::files;

/// Largest identity file, bytes.
const MAX_FILE: u64 = 256 << 10;

/// The outcome of enrolment.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// The server's address, without a slash at the end.
    pub url: String,
    /// This device.
    pub device_id: DeviceId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// When the certificate was issued by the server's clock, microseconds UTC.
    pub issued_us: i64,
    /// When it ends, microseconds UTC.
    pub not_after_us: i64,
    /// Ed25519 key that signs orders, hexadecimal.
    action_key: String,
    /// CA certificates that may vouch for the server, DER in base64.
    roots: Vec<String>,
    /// Our certificate, DER in base64.
    certificate: String,
    /// Its private key, PKCS#8 DER in base64.
    key: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("url", &self.url)
            .field("device_id", &self.device_id)
            .field("tenant_id", &self.tenant_id)
            .finish_non_exhaustive()
    }
}

/// The file of the identity.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("identity.json")
}

fn bad(what: impl fmt::Display) -> SensorError {
    SensorError::Certificate(what.to_string())
}

impl Identity {
    /// Reads the identity of a state folder.
    ///
    /// # Errors
    /// [`SensorError::NotEnrolled`] where there is none, and those of reading.
    pub fn load(state_dir: &Path) -> Result<Self, SensorError> {
        let path = path(state_dir);
        match files::read_bounded(&path, MAX_FILE) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|e| SensorError::File { path, source: e.into() })
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(SensorError::NotEnrolled),
            Err(source) => Err(SensorError::File { path, source }),
        }
    }

    /// Writes the identity, readable by its owner only.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(&self, state_dir: &Path) -> Result<(), SensorError> {
        let path = path(state_dir);
        let bytes = serde_json::to_vec_pretty(self).map_err(bad)?;
        files::write_atomic(&path, &bytes, 0o600).map_err(SensorError::file(path))
    }

    /// Makes an identity of the server's answer to the CSR that `key` signed.
    ///
    /// # Errors
    /// When the answer lacks something or does not fit.
    pub fn from_response(
        url: &str,
        key: &NewKey,
        given_roots: &[CertificateDer<'_>],
        r: &EnrolResponse,
    ) -> Result<Self, SensorError> {
        if r.action_key.len() != 32 || r.certificate.is_empty() || r.ca_certificate.is_empty() {
            return Err(SensorError::Malformed("enrolment without certificate, CA or action key"));
        }
        let mut roots: Vec<String> = given_roots.iter().map(|c| STANDARD.encode(c)).collect();
        let ca = STANDARD.encode(&r.ca_certificate);
        if !roots.contains(&ca) {
            roots.push(ca);
        }
        let now = if r.server_time_us > 0 { r.server_time_us } else { palisade_types::TimeMicros::now().0 };
        Ok(Self {
            url: url.to_owned(),
            device_id: r.device_id.parse().map_err(|_| SensorError::Malformed("device id"))?,
            tenant_id: r.tenant_id.parse().map_err(|_| SensorError::Malformed("tenant id"))?,
            issued_us: now,
            not_after_us: r.not_after_us,
            action_key: hex::encode(&r.action_key),
            roots,
            certificate: STANDARD.encode(&r.certificate),
            key: STANDARD.encode(&key.pkcs8),
        })
    }

    /// The same device under another address of its server.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The key that signs orders.
    ///
    /// # Errors
    /// When the file was bent.
    pub fn action_key(&self) -> Result<[u8; 32], SensorError> {
        let mut key = [0u8; 32];
        hex::decode_to_slice(&self.action_key, &mut key).map_err(bad)?;
        Ok(key)
    }

    /// The CA certificates that may vouch for the server.
    ///
    /// # Errors
    /// When the file was bent.
    pub fn roots(&self) -> Result<Vec<CertificateDer<'static>>, SensorError> {
        self.roots.iter().map(|r| STANDARD.decode(r).map(CertificateDer::from).map_err(bad)).collect()
    }

    /// Our certificate and key for TLS.
    ///
    /// # Errors
    /// When the file was bent.
    pub fn client_auth(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), SensorError> {
        let certificate = CertificateDer::from(STANDARD.decode(&self.certificate).map_err(bad)?);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(STANDARD.decode(&self.key).map_err(bad)?));
        Ok((vec![certificate], key))
    }

    /// From when on the certificate should be renewed: at two thirds of its life.
    pub fn renew_at_us(&self) -> i64 {
        let life = self.not_after_us.saturating_sub(self.issued_us).max(0);
        self.issued_us.saturating_add(life / 3 * 2)
    }
}

/// A fresh key and its certificate request.
pub struct NewKey {
    pkcs8: Vec<u8>,
    /// PKCS#10, DER.
    pub csr: Vec<u8>,
}

impl NewKey {
    /// Makes a P-256 key and a request that names `subject`; the server decides what is in the
    /// certificate.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate(subject: &str) -> Result<Self, SensorError> {
        let key = KeyPair::generate().map_err(bad)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, subject);
        let csr = params.serialize_request(&key).map_err(bad)?;
        Ok(Self { pkcs8: key.serialize_der(), csr: csr.der().to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_private_and_read_back() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::TempDir::new().expect("dir");
        assert!(matches!(Identity::load(dir.path()), Err(SensorError::NotEnrolled)));
        let key = NewKey::generate("device").expect("key");
        let response = EnrolResponse {
            device_id: DeviceId([9; 20]).to_string(),
            tenant_id: TenantId::random().to_string(),
            certificate: vec![1].into(),
            ca_certificate: vec![2].into(),
            action_key: vec![3; 32].into(),
            not_after_us: 4_000,
            server_time_us: 1_000,
        };
        let identity = Identity::from_response("https://h:1", &key, &[], &response).expect("fits");
        assert_eq!(identity.renew_at_us(), 3_000);
        identity.save(dir.path()).expect("saved");
        let mode = std::fs::metadata(path(dir.path())).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Identity::load(dir.path()).expect("loads");
        assert_eq!(again.action_key().expect("key"), [3; 32]);
        assert!(!format!("{again:?}").contains(&again.key));
        let short = EnrolResponse { action_key: vec![1].into(), ..response };
        assert!(Identity::from_response("https://h:1", &key, &[], &short).is_err());
    }
}
