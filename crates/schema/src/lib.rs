//! The hunting tables as data: name, type, kind, meaning and what fills each column.
//!
//! One JSON file per table under `tables/`; lake, language, API, editor and docs read this and
//! nothing else. No Arrow here: that is the lake's translation.

mod table;
pub mod terms;
mod unfilled;

pub use table::{ColumnSpec, ColumnType, Fill, TableKind, TableSpec};
pub use unfilled::{UnfilledTable, unfilled};

use std::sync::LazyLock;

const FILES: [&str; 24] = [
    include_str!("../tables/DeviceBaselineComplianceAssessment.json"),
    include_str!("../tables/DeviceBaselineComplianceAssessmentKB.json"),
    include_str!("../tables/DeviceBaselineComplianceProfiles.json"),
    include_str!("../tables/DeviceEvents.json"),
    include_str!("../tables/DeviceFileEvents.json"),
    include_str!("../tables/DeviceInfo.json"),
    include_str!("../tables/DeviceNetworkEvents.json"),
    include_str!("../tables/DeviceProcessEvents.json"),
    include_str!("../tables/DeviceTvmBrowserExtensions.json"),
    include_str!("../tables/DeviceTvmBrowserExtensionsKB.json"),
    include_str!("../tables/DeviceTvmCertificateInfo.json"),
    include_str!("../tables/DeviceTvmHardwareFirmware.json"),
    include_str!("../tables/DeviceTvmSecureConfigurationAssessment.json"),
    include_str!("../tables/DeviceTvmSecureConfigurationAssessmentKB.json"),
    include_str!("../tables/DeviceTvmSoftwareEvidenceBeta.json"),
    include_str!("../tables/DeviceTvmSoftwareInventory.json"),
    include_str!("../tables/DeviceTvmSoftwareVulnerabilities.json"),
    include_str!("../tables/DeviceTvmSoftwareVulnerabilitiesKB.json"),
    include_str!("../tables/ExposureGraphEdges.json"),
    include_str!("../tables/ExposureGraphNodes.json"),
    include_str!("../tables/PalisadeSensorCounters.json"),
    include_str!("../tables/resourcecontainers.json"),
    include_str!("../tables/resources.json"),
    include_str!("../tables/securityresources.json"),
];

static TABLES: LazyLock<Vec<TableSpec>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|text| serde_json::from_str(text).expect("a table file of this crate parses, as a test shows"))
        .collect()
});

/// Every hunting table, by name.
pub fn tables() -> &'static [TableSpec] {
    &TABLES
}

/// The table with that exact name, or in another case where the table allows it.
pub fn table(name: &str) -> Option<&'static TableSpec> {
    let named = |t: &&TableSpec| t.name == name || t.any_case && t.name.eq_ignore_ascii_case(name);
    tables().iter().find(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_table_is_well_formed() {
        for t in tables() {
            let names: BTreeSet<String> = t.columns.iter().map(|c| c.name.to_lowercase()).collect();
            assert_eq!(names.len(), t.columns.len(), "{}: columns differ by more than case", t.name);
            for c in &t.columns {
                assert!(!c.description.is_empty(), "{}.{} has a meaning", t.name, c.name);
                assert_eq!(
                    c.fill == Fill::Filled,
                    c.reason.is_empty(),
                    "{}.{} is filled or says why not",
                    t.name,
                    c.name
                );
            }
            for (alias, target) in &t.aliases {
                assert!(t.column(target).is_some() && t.column(alias).is_none(), "{}.{alias}", t.name);
            }
            if t.kind == TableKind::View {
                let known = |c: &ColumnSpec| {
                    let kinds = [
                        ColumnType::String,
                        ColumnType::Dynamic,
                        ColumnType::Datetime,
                        ColumnType::Bool,
                        ColumnType::Real,
                    ];
                    kinds.contains(&c.kind)
                };
                assert!(t.columns.iter().all(known) && t.lane.is_empty(), "{}", t.name);
                continue;
            }
            assert!(!t.lane.is_empty(), "{}", t.name);
            for must in ["Timestamp", "DeviceId", "ReportId"] {
                assert!(t.column(must).is_some_and(|c| c.fill == Fill::Filled), "{}.{must}", t.name);
            }
        }
    }

    #[test]
    fn tables_are_sorted_and_found_by_name() {
        assert!(tables().is_sorted_by_key(|t| &t.name));
        assert_eq!(table("DeviceProcessEvents").map(|t| t.kind), Some(TableKind::Event));
        assert!(table("deviceprocessevents").is_none());
        assert_eq!(table("SecurityResources").map(|t| t.name.as_str()), Some("securityresources"));
    }
}
