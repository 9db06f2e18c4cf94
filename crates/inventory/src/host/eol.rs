//! Until when a release is supported: a table that comes with the program, and says of which day it is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use palisade_types::TimeMicros;
use serde::Deserialize;

use crate::model::{EndOfLife, Os, Support};

#[derive(Deserialize)]
struct Table {
    data_of: String,
    /// Distribution, then release: last day for everybody, last day of further support, its name.
    distributions: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

static TABLE: LazyLock<Option<Table>> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/end-of-life.toml")).ok());

/// What the table says of a release on the day of `now`.
pub(super) fn of(os: &Os, now: TimeMicros) -> Option<EndOfLife> {
    let table = TABLE.as_ref()?;
    let releases = table.distributions.get(&os.id)?;
    let major = os.version.split('.').next().unwrap_or_default();
    let two = os.version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let days = [&os.version[..], &two, major].into_iter().find_map(|v| releases.get(v))?;
    let day = |n: usize| days.get(n).cloned().unwrap_or_default();
    let today = now.to_rfc3339();
    let today = today.get(..10)?;
    let (standard, extended) = (day(0), day(1));
    let support = match () {
        () if today <= standard.as_str() => Support::Supported,
        () if today <= extended.as_str() => Support::Extended,
        () => Support::Ended,
    };
    Some(EndOfLife { standard, extended, extended_by: day(2), support, data_of: table.data_of.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_table_is_a_day() {
        let table = TABLE.as_ref().expect("it parses");
        let is_day = |d: &str| format!("{d}T00:00:00Z").parse::<TimeMicros>().is_ok();
        assert!(is_day(&table.data_of));
        for (id, releases) in &table.distributions {
            for (release, days) in releases {
                assert!(is_day(&days[0]), "{id} {release}");
                assert!(days.len() == 1 || days.len() == 3 && is_day(&days[1]), "{id} {release}");
                assert!(days.get(1).is_none_or(|d| *d > days[0]), "{id} {release}");
            }
        }
        assert_eq!(table.distributions.keys().collect::<Vec<_>>(), ["debian", "ubuntu"]);
    }
}
