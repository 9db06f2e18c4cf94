//! Looking for what could be left of a tenant: its id and its devices' ids, as text and as bytes, in
//! every table of every database and in every file of the instance.

use anyhow::Result;
use palisade_state::{CONTROL_DATABASE, REGION_DATABASE, TableSearch, search_tables};
use palisade_types::{DeviceId, TenantId};
use serde_json::{Value, json};

use crate::database;
use crate::instance::Instance;
use crate::scan::{Found, Needles};

/// The patterns, and the words that a text search of tables needs.
pub fn needles(tenant: TenantId, devices: &[DeviceId]) -> Patterns {
    let text = [tenant.0.hyphenated().to_string(), tenant.0.simple().to_string()];
    let mut words: Vec<String> = text.to_vec();
    words.extend(devices.iter().map(ToString::to_string));
    let mut patterns: Vec<Vec<u8>> = words.iter().map(|w| w.clone().into_bytes()).collect();
    patterns.extend(text.iter().map(|t| t.to_uppercase().into_bytes()));
    patterns.push(tenant.0.as_bytes().to_vec());
    patterns.extend(devices.iter().map(|d| d.0.to_vec()));
    Patterns { words, needles: Needles::new(patterns) }
}

/// What is looked for.
pub struct Patterns {
    words: Vec<String>,
    needles: Needles,
}

impl std::ops::Deref for Patterns {
    type Target = Needles;

    fn deref(&self) -> &Needles {
        &self.needles
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Default)]
pub struct Proof {
    /// How many patterns were looked for.
    pub patterns: usize,
    /// Every table, with the region whose cluster holds it.
    pub tables: Vec<(String, TableSearch)>,
    /// Every file, by the root that was walked.
    pub files: Vec<(String, Found)>,
}

impl Proof {
    /// Where something was found.
    pub fn left(&self) -> Vec<String> {
        let tables = self
            .tables
            .iter()
            .filter(|(_, t)| t.hits > 0)
            .map(|(region, t)| format!("{region}: {}", t.table));
        let files = self.files.iter().flat_map(|(_, f)| f.named.iter().map(|p| p.display().to_string()));
        tables.chain(files).collect()
    }

    /// Counts, for the audit.
    pub fn summary(&self) -> Value {
        json!({
            "patterns": self.patterns,
            "tables": self.tables.len(),
            "rows": self.tables.iter().map(|(_, t)| t.rows).sum::<u64>(),
            "files": self.files.iter().map(|(_, f)| f.files).sum::<u64>(),
            "bytes": self.files.iter().map(|(_, f)| f.bytes).sum::<u64>(),
            "hits": self.tables.iter().map(|(_, t)| t.hits).sum::<u64>()
                + self.files.iter().map(|(_, f)| f.hits).sum::<u64>(),
        })
    }
}

/// Looks everywhere.
pub async fn prove(instance: &Instance, patterns: &Patterns) -> Result<Proof> {
    let mut proof = Proof { patterns: patterns.count(), ..Proof::default() };
    for region in instance.all_regions() {
        let cluster = database::cluster(&region)?;
        let mut databases = vec![REGION_DATABASE];
        if region.is_first_region() {
            databases.push(CONTROL_DATABASE);
        }
        for name in databases {
            let searched = search_tables(&cluster.superuser(name), &patterns.words).await?;
            proof.tables.extend(searched.into_iter().map(|t| (region.region_name().to_owned(), t)));
        }
    }
    // The executables were made before any tenant, and are large.
    let bin = instance.home().join("bin");
    for root in [instance.home().to_owned(), instance.shm_dir()] {
        let found = patterns.below(&root, &|path| path == bin)?;
        proof.files.push((root.display().to_string(), found));
    }
    Ok(proof)
}
