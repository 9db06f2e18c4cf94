//! Who is at the other end of a connection.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use palisade_types::{DeviceId, TenantId, TimeMicros};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::refusal::{Code, Refusal};
use crate::server::IngestError;
use crate::tls;

/// A certificate that our CA issued to a device; its time may be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceCertificate {
    pub tenant: TenantId,
    pub device: DeviceId,
    /// Lower-case hexadecimal digits without leading zeros, as the state store writes it.
    pub serial: String,
    pub not_after: TimeMicros,
}

/// What a connection presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    Nothing,
    /// Not our CA's, or not one for a device.
    Unknown(&'static str),
    /// Ours, but its names contradict each other.
    Contradiction,
    Device(DeviceCertificate),
}

/// One connection's other end; in every request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub address: IpAddr,
    pub presented: Arc<Presented>,
}

impl Peer {
    /// The device, if the certificate's time is not over by more than `grace`.
    pub fn device(&self, grace: Duration, now: TimeMicros) -> Result<&DeviceCertificate, Refusal> {
        let device = match &*self.presented {
            Presented::Nothing => {
                return Err(Refusal::new(Code::CertificateRequired, "this route needs a client certificate"));
            }
            Presented::Unknown(why) => return Err(Refusal::new(Code::CertificateUnknown, *why)),
            Presented::Contradiction => {
                let text = "the certificate's common name and URI name different devices";
                return Err(Refusal::new(Code::DeviceMismatch, text));
            }
            Presented::Device(device) => device,
        };
        let grace = i64::try_from(grace.as_micros()).unwrap_or(i64::MAX);
        if device.not_after.plus_micros(grace) < now {
            let text = if grace == 0 {
                "the certificate's time is over: renew it"
            } else {
                "the grace for renewal is over: enrol again"
            };
            return Err(Refusal::new(Code::CertificateExpired, text).of(device.tenant));
        }
        Ok(device)
    }
}

/// Judges client certificates against the instance's CA.
#[derive(Debug)]
pub(crate) struct Authority(Arc<dyn ClientCertVerifier>);

impl Authority {
    pub fn new(ca: &CertificateDer<'static>) -> Result<Self, IngestError> {
        let mut roots = RootCertStore::empty();
        roots.add(ca.clone()).map_err(|e| IngestError::Key(format!("CA certificate: {e}")))?;
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), tls::provider())
            .build()
            .map(Self)
            .map_err(|e| IngestError::Key(format!("CA certificate: {e}")))
    }

    /// What the chain that a client presented amounts to.
    pub fn judge(&self, chain: Option<&[CertificateDer<'_>]>) -> Presented {
        let Some((leaf, rest)) = chain.and_then(<[_]>::split_first) else { return Presented::Nothing };
        let Ok((_, parsed)) = X509Certificate::from_der(leaf) else {
            return Presented::Unknown("the certificate cannot be read");
        };
        // Whether our CA stands behind it is asked of a moment in its life; its end is judged later,
        // and its beginning was set by our own clock.
        let not_after = parsed.validity().not_after.timestamp();
        let within = u64::try_from(not_after - 1).unwrap_or(0);
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(within));
        if self.0.verify_client_cert(leaf, rest, moment).is_err() {
            return Presented::Unknown("the certificate was not issued by this server's CA to a device");
        }
        let mut uris = Vec::new();
        if let Ok(Some(names)) = parsed.subject_alternative_name() {
            uris.extend(names.value.general_names.iter().filter_map(|n| match n {
                GeneralName::URI(uri) => Some(*uri),
                _ => None,
            }));
        }
        let [uri] = uris[..] else { return Presented::Unknown("the certificate is not one of a device") };
        let Some((tenant, device)) = parse_uri(uri) else {
            return Presented::Unknown("the certificate is not one of a device");
        };
        let common_names: Vec<_> =
            parsed.subject().iter_common_name().map(|n| n.as_str().unwrap_or_default()).collect();
        if common_names != [device.to_string()] {
            return Presented::Contradiction;
        }
        Presented::Device(DeviceCertificate {
            tenant,
            device,
            serial: hex::encode(parsed.raw_serial()).trim_start_matches('0').to_owned(),
            not_after: TimeMicros(not_after.saturating_mul(1_000_000)),
        })
    }
}

/// The URI that names a device in its certificate.
pub(crate) fn device_uri(tenant: TenantId, device: DeviceId) -> String {
    format!("palisade://{tenant}/{device}")
}

/// Tenant and device of such a URI.
pub(crate) fn parse_uri(uri: &str) -> Option<(TenantId, DeviceId)> {
    let (tenant, device) = uri.strip_prefix("palisade://")?.split_once('/')?;
    Some((tenant.parse().ok()?, device.parse().ok()?))
}
