//! Records of the central export: pseudonyms, and the schema that every line is held against.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha256;

/// Longest line, bytes.
const MAX_LINE: usize = 8 << 10;

/// Largest number that every reader of JSON takes exactly.
const MAX_COUNT: u64 = 1 << 53;

/// The key of the pseudonyms.
pub struct Key([u8; 32]);

impl Key {
    /// Reads it from the secrets.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).context("the central export's key is damaged")?;
        Ok(Self(bytes))
    }

    fn mac(&self, domain: &str, bytes: &[u8]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a MAC takes keys of every length");
        // The length keeps one domain's names apart from another's.
        mac.update(&(domain.len() as u64).to_le_bytes());
        mac.update(domain.as_bytes());
        mac.update(bytes);
        mac.finalize().into_bytes().to_vec()
    }

    /// What stands for something in the export; the same thing of two domains has two pseudonyms.
    pub fn pseudonym(&self, domain: &str, bytes: &[u8]) -> String {
        hex::encode(&self.mac(domain, bytes)[..16])
    }

    /// Names the key without telling it.
    pub fn name(&self) -> String {
        hex::encode(&self.mac("key", b"")[..4])
    }
}

/// A record in the making.
pub struct Record(Map<String, Value>);

impl Record {
    /// A record of that name with the fields that each one has.
    pub fn new(name: &str, schema: &Schema, hour: i64, key: &Key) -> Self {
        let mut fields = Map::new();
        fields.insert("record".into(), name.into());
        fields.insert("schema".into(), schema.schema.into());
        fields.insert("hour".into(), hour.into());
        fields.insert("key".into(), key.name().into());
        Self(fields)
    }

    /// One more pseudonym.
    pub fn pseudonym(mut self, field: &str, value: String) -> Self {
        self.0.insert(field.into(), value.into());
        self
    }

    /// One more count.
    pub fn count(mut self, field: &str, value: usize) -> Self {
        self.0.insert(field.into(), value.into());
        self
    }

    /// More counts.
    pub fn counts(mut self, of: &BTreeMap<&'static str, u64>) -> Self {
        self.0.extend(of.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        self
    }

    /// The record.
    pub fn json(self) -> Value {
        Value::Object(self.0)
    }
}

/// What may be exported, as checked in.
#[derive(Debug, Deserialize)]
pub struct Schema {
    schema: u64,
    records: BTreeMap<String, BTreeMap<String, Kind>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Record,
    Version,
    Hour,
    Key,
    Pseudonym,
    Count,
}

impl Schema {
    /// The one of this version.
    pub fn checked_in() -> Result<Self> {
        serde_json::from_str(include_str!("../../data/central-export.json"))
            .context("the schema of the central export is damaged")
    }

    /// Whether a line is a record that may leave the instance: every field that the schema names, of
    /// its kind, and no other.
    pub fn check(&self, line: &str) -> Result<()> {
        ensure!(line.len() <= MAX_LINE, "the line is longer than {MAX_LINE} bytes");
        let record: Map<String, Value> = serde_json::from_str(line).context("the line is no record")?;
        let name = record.get("record").and_then(Value::as_str).unwrap_or_default();
        let Some(fields) = self.records.get(name) else { bail!("there is no record {name:?}") };
        for field in record.keys() {
            ensure!(fields.contains_key(field), "a record {name} has no field {field}");
        }
        for (field, kind) in fields {
            let value = record.get(field).with_context(|| format!("the field {field} is missing"))?;
            ensure!(self.fits(name, *kind, value), "the field {field} is no {kind:?}");
        }
        Ok(())
    }

    fn fits(&self, record: &str, kind: Kind, value: &Value) -> bool {
        let hex = |digits: usize| {
            value.as_str().is_some_and(|text| {
                text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            })
        };
        match kind {
            Kind::Record => value == record,
            Kind::Version => value.as_u64() == Some(self.schema),
            Kind::Hour => value.as_u64().is_some_and(|hour| hour < 10_000_000),
            Kind::Key => hex(8),
            Kind::Pseudonym => hex(32),
            Kind::Count => value.as_u64().is_some_and(|count| count <= MAX_COUNT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key([byte; 32])
    }

    fn record(key: &Key) -> Record {
        Record::new("instance", &Schema::checked_in().expect("a schema"), 491_000, key)
            .pseudonym("instance", key.pseudonym("instance", b"ab12cd34"))
            .count("regions", 2)
    }

    #[test]
    fn only_what_the_schema_names_passes() {
        let schema = Schema::checked_in().expect("a schema");
        let fine = record(&key(1)).count("tenants", 3).json();
        schema.check(&fine.to_string()).expect("fits");
        schema.check(&record(&key(1)).json().to_string()).expect_err("a field is missing");
        for (field, value) in [
            ("name", Value::from("Example")),
            ("tenants", Value::from(-1)),
            ("tenants", Value::from("3")),
            ("tenants", Value::from(1u64 << 54)),
            ("instance", Value::from("ab12cd34")),
            ("instance", Value::from("ab12cd34ab12cd34ab12cd34ab12cd3x")),
            ("hour", Value::from(1_700_000_000_000_000u64)),
            ("schema", Value::from(2)),
            ("record", Value::from("person")),
        ] {
            let mut bad = fine.clone();
            bad[field] = value.clone();
            schema.check(&bad.to_string()).expect_err(&format!("{field}: {value}"));
        }
        for noise in ["", "[]", "null", "{", &"x".repeat(MAX_LINE + 1)] {
            schema.check(noise).expect_err("noise");
        }
    }

    #[test]
    fn a_pseudonym_depends_on_key_and_domain_and_tells_nothing() {
        let (one, two) = (key(1), key(2));
        assert_eq!(one.pseudonym("tenant", b"x"), one.pseudonym("tenant", b"x"));
        assert_ne!(one.pseudonym("tenant", b"x"), two.pseudonym("tenant", b"x"));
        assert_ne!(one.pseudonym("tenant", b"x"), one.pseudonym("region", b"x"));
        assert_ne!(one.pseudonym("a", b"bc"), one.pseudonym("ab", b"c"));
        assert_ne!(one.name(), two.name());
        // RFC 4231, test case 2, through the same MAC.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").expect("any length");
        mac.update(b"what do ya want for nothing?");
        assert_eq!(hex::encode(&mac.finalize().into_bytes()[..8]), "5bdcc146bf60754e");
    }
}
