//! What a certificate says.

use std::net::IpAddr;

use palisade_types::TimeMicros;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::model::Certificate;

/// Names of one certificate that are kept.
const MAX_NAMES: usize = 256;
const MAX_TEXT: usize = 1024;

/// Algorithms by their numbers: kind and, where the number tells it, size.
const KEYS: [(&str, &str, u32); 12] = [
    ("1.2.840.10045.3.1.7", "EC", 256),
    ("1.3.132.0.34", "EC", 384),
    ("1.3.132.0.35", "EC", 521),
    ("1.3.132.0.10", "EC", 256),
    ("1.2.840.10045.3.1.1", "EC", 192),
    ("1.3.132.0.33", "EC", 224),
    ("1.3.101.112", "Ed25519", 256),
    ("1.3.101.113", "Ed448", 456),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44", 0),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65", 0),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87", 0),
    ("1.2.840.113549.1.1.10", "RSA-PSS", 0),
];

const SIGNATURES: [(&str, &str); 19] = [
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.10045.4.1", "ecdsaWithSHA1"),
    ("1.2.840.10045.4.3.2", "ecdsaWithSHA256"),
    ("1.2.840.10045.4.3.3", "ecdsaWithSHA384"),
    ("1.2.840.10045.4.3.4", "ecdsaWithSHA512"),
    ("1.2.840.10040.4.3", "dsaWithSHA1"),
    ("2.16.840.1.101.3.4.3.2", "dsaWithSHA256"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

/// Reads a certificate; nothing if the bytes are none.
pub(super) fn parse(der: &[u8]) -> Option<Certificate> {
    let (_, c) = X509Certificate::from_der(der).ok()?;
    let text = |s: String| crate::bytes::text(s.as_bytes(), MAX_TEXT);
    let micros = |t: i64| TimeMicros(t.saturating_mul(1_000_000));
    let (key, key_bits) = key(&c);
    let algorithm = c.signature_algorithm.algorithm.to_id_string();
    let signature = SIGNATURES.iter().find(|(id, _)| *id == algorithm).map(|(_, n)| (*n).to_owned());
    Some(Certificate {
        subject: text(c.subject().to_string()),
        issuer: text(c.issuer().to_string()),
        serial: hex::encode(c.raw_serial()),
        not_before_us: micros(c.validity().not_before.timestamp()),
        not_after_us: micros(c.validity().not_after.timestamp()),
        key,
        key_bits,
        signature: signature.unwrap_or(algorithm),
        self_signed: c.subject().as_raw() == c.issuer().as_raw() && c.verify_signature(None).is_ok(),
        authority: c.is_ca(),
        names: names(&c),
        usage: usage(&c),
        ..Certificate::default()
    })
}

fn key(c: &X509Certificate<'_>) -> (String, u32) {
    let spki = c.public_key();
    let bits = |n: &[u8]| {
        let zeros = n.iter().take_while(|b| **b == 0).count();
        let first = n.get(zeros).map_or(0, |b| b.leading_zeros());
        u32::try_from((n.len() - zeros) * 8).unwrap_or(u32::MAX).saturating_sub(first)
    };
    let id = spki.algorithm.algorithm.to_id_string();
    let named = |id: &str| {
        KEYS.iter().find(|(known, _, _)| *known == id).map(|(_, kind, bits)| ((*kind).to_owned(), *bits))
    };
    match spki.parsed() {
        Ok(PublicKey::RSA(rsa)) => ("RSA".into(), bits(rsa.modulus)),
        Ok(PublicKey::EC(point)) => {
            let curve =
                spki.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()).map(|o| o.to_id_string());
            curve
                .and_then(|c| named(&c))
                .unwrap_or_else(|| ("EC".into(), u32::try_from(point.key_size()).unwrap_or(0)))
        }
        Ok(PublicKey::DSA(y)) => ("DSA".into(), bits(y)),
        _ => named(&id).unwrap_or((id, 0)),
    }
}

fn names(c: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = c.subject_alternative_name() else { return Vec::new() };
    let of = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(n) | GeneralName::RFC822Name(n) | GeneralName::URI(n) => Some((*n).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            _ => None,
        },
        _ => None,
    };
    let names = extension.value.general_names.iter().filter_map(of).take(MAX_NAMES);
    names.map(|n| crate::bytes::text(n.as_bytes(), MAX_TEXT)).collect()
}

fn usage(c: &X509Certificate<'_>) -> Vec<String> {
    let mut all = Vec::new();
    if let Ok(Some(e)) = c.extended_key_usage() {
        let u = e.value;
        let words = [
            (u.any, "any"),
            (u.server_auth, "server"),
            (u.client_auth, "client"),
            (u.code_signing, "code"),
            (u.email_protection, "mail"),
            (u.time_stamping, "time"),
            (u.ocsp_signing, "ocsp"),
        ];
        all.extend(words.iter().filter(|(on, _)| *on).map(|(_, w)| (*w).to_owned()));
    }
    if let Ok(Some(e)) = c.key_usage() {
        let u = e.value;
        let words = [
            (u.digital_signature(), "digital_signature"),
            (u.key_encipherment(), "key_encipherment"),
            (u.key_agreement(), "key_agreement"),
            (u.key_cert_sign(), "certificate_signing"),
            (u.crl_sign(), "revocation_signing"),
        ];
        all.extend(words.iter().filter(|(on, _)| *on).map(|(_, w)| (*w).to_owned()));
    }
    all
}
