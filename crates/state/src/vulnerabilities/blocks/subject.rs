//! From what a rule was made for to packages, and from packages to the devices that have them.

use std::collections::BTreeSet;

use palisade_types::{TenantId, TimeMicros};
use roaring::RoaringBitmap;
use sqlx::{Postgres, Transaction};

use super::{BlockSubject, BlockTarget, MOST_TARGETS, rule};
use crate::vulnerabilities::book::{Book, Component};
use crate::vulnerabilities::sight::Sight;
use crate::{DeviceScope, Result, State, StateError};

/// Longest name or version, bytes; the sensor takes no longer one.
const MAX_NAME: usize = 300;

impl State {
    /// The packages of a subject, and a line that names them.
    pub(super) async fn block_targets(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        scope: &DeviceScope,
        subject: &BlockSubject,
        now: TimeMicros,
    ) -> Result<(String, Vec<BlockTarget>)> {
        let targets = match subject {
            BlockSubject::Software(target) => vec![target.clone()],
            BlockSubject::Recommendation(id) => {
                let r = self.vulnerability_recommendation(tenant, scope, id, now).await?;
                if r.release.is_empty() || !matches!(r.kind.as_str(), "update" | "uninstall" | "wait") {
                    return Err(not_applicable());
                }
                vec![BlockTarget {
                    ecosystem: r.release,
                    source: r.product,
                    fixed: r.target,
                    ..BlockTarget::default()
                }]
            }
            BlockSubject::Vulnerability(id) => {
                let sight = self.sight(tx, tenant, scope, now).await?;
                of_vulnerability(&sight, id)?
            }
        };
        for target in &targets {
            check(target)?;
        }
        if targets.is_empty() {
            return Err(not_applicable());
        }
        if targets.len() > MOST_TARGETS {
            return Err(rule(
                "block_too_many_packages",
                "it would concern more than 50 packages: name them one by one",
            ));
        }
        let title = title(subject, &targets);
        Ok((title, targets))
    }
}

fn not_applicable() -> StateError {
    rule("block_not_applicable", "it names no package that a distribution's package manager installs")
}

fn of_vulnerability(sight: &Sight, id: &str) -> Result<Vec<BlockTarget>> {
    let (known, _) = sight.vulnerability(id)?;
    let of_distribution = sight.book.of_vulnerability(known).filter(|(_, c)| is_of_distribution(c));
    let targets: BTreeSet<BlockTarget> = of_distribution
        .filter(|(_, c)| !c.devices.is_disjoint(&sight.visible))
        .map(|(found, c)| BlockTarget {
            ecosystem: c.release.to_string(),
            source: source_of(c).to_owned(),
            fixed: found.fixed_version.to_string(),
            ..BlockTarget::default()
        })
        .collect();
    Ok(targets.into_iter().collect())
}

fn is_of_distribution(c: &Component) -> bool {
    // A language's package has no release.
    !c.release.is_empty()
}

fn source_of(c: &Component) -> &str {
    if c.source_name.is_empty() { &c.name } else { &c.source_name }
}

fn title(subject: &BlockSubject, targets: &[BlockTarget]) -> String {
    let first = targets.first().map(|t| {
        let name = if t.package.is_empty() { &t.source } else { &t.package };
        if t.fixed.is_empty() {
            format!("{name}, every version")
        } else {
            format!("{name} below {}", t.fixed)
        }
    });
    let first = first.unwrap_or_default();
    match (subject, targets.len()) {
        (BlockSubject::Vulnerability(id), 1) => format!("{id}: {first}"),
        (BlockSubject::Vulnerability(id), n) => format!("{id}: {first} and {} more", n - 1),
        _ => first,
    }
}

fn check(target: &BlockTarget) -> Result<()> {
    let bad = |text: &str| Err(StateError::InvalidArgument(text.into()));
    let texts = [&target.ecosystem, &target.source, &target.package, &target.introduced, &target.fixed];
    if texts.iter().any(|t| t.len() > MAX_NAME || t.chars().any(char::is_control)) {
        return bad("names and versions have at most 300 bytes and no control characters");
    }
    if target.source.is_empty() && target.package.is_empty() {
        return bad("software names a source or a package");
    }
    // Another order of versions than a distribution's would never match on a device.
    let families = [
        "debian",
        "ubuntu",
        "redhat",
        "almalinux",
        "rocky",
        "oracle",
        "fedora",
        "amazon",
        "suse",
        "opensuse",
        "alpine",
        "azurelinux",
        "photon",
        "mageia",
        "wolfi",
        "chainguard",
    ];
    let family = target.ecosystem.split(':').next().unwrap_or_default();
    if !families.contains(&family) {
        return bad("software.ecosystem names a distribution's release, such as debian:12");
    }
    Ok(())
}

/// Devices of a release, whatever they have installed.
pub(super) fn devices_of_release(book: &Book, ecosystem: &str) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for c in book.components.iter().filter(|c| is_of_distribution(c) && is_release(ecosystem, &c.release)) {
        all |= &c.devices;
    }
    all
}

fn is_release(wanted: &str, release: &str) -> bool {
    let Some(rest) = release.strip_prefix(wanted) else { return false };
    rest.is_empty() || rest.starts_with('+') || (rest.starts_with(':') && !wanted.contains(':'))
}

/// Devices whose inventory has one of the packages in its range.
pub(super) fn affected(book: &Book, targets: &[BlockTarget]) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for c in book.components.iter().filter(|c| is_of_distribution(c)) {
        if targets.iter().any(|t| is_affected(t, c)) {
            all |= &c.devices;
        }
    }
    all
}

fn is_affected(target: &BlockTarget, c: &Component) -> bool {
    let named = is_release(&target.ecosystem, &c.release)
        && (target.source.is_empty() || target.source == source_of(c))
        && (target.package.is_empty() || target.package == *c.name);
    if !named {
        return false;
    }
    let by_source = !target.source.is_empty() && !c.source_version.is_empty();
    let version = if by_source { &c.source_version } else { &c.version };
    let Some(scheme) = palisade_advisory::Ecosystem::parse(&c.release).scheme() else { return false };
    let is_below = |a: &str, b: &str| scheme.compare(a, b).is_ok_and(std::cmp::Ordering::is_lt);
    let from = target.introduced.is_empty() || !is_below(version, &target.introduced);
    from && (target.fixed.is_empty() || is_below(version, &target.fixed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_what_is_concerned() {
        let target = |source: &str, fixed: &str| BlockTarget {
            ecosystem: "debian:12".into(),
            source: source.into(),
            fixed: fixed.into(),
            ..BlockTarget::default()
        };
        let one = [target("openssl", "3.0.20-1")];
        assert_eq!(title(&BlockSubject::Software(one[0].clone()), &one), "openssl below 3.0.20-1");
        let cve = BlockSubject::Vulnerability("CVE-2026-1".into());
        assert_eq!(title(&cve, &one), "CVE-2026-1: openssl below 3.0.20-1");
        assert_eq!(
            title(&cve, &[target("openssl", ""), target("edk2", "")]),
            "CVE-2026-1: openssl, every version and 1 more"
        );
    }

    #[test]
    fn only_a_distributions_packages_can_be_named() {
        let mut target =
            BlockTarget { ecosystem: "debian:12".into(), source: "x".into(), ..BlockTarget::default() };
        check(&target).expect("fits");
        target.ecosystem = "npm".into();
        assert!(check(&target).is_err());
        target.ecosystem = "debian:12".into();
        target.source = String::new();
        assert!(check(&target).is_err());
        target.package = "a\nb".into();
        assert!(check(&target).is_err());
        assert!(is_release("debian", "debian:12") && is_release("debian:12", "debian:12"));
        assert!(!is_release("debian:11", "debian:12") && !is_release("deb", "debian:12"));
        assert!(is_release("ubuntu:22.04", "ubuntu:22.04+pro") && !is_release("debian:1", "debian:12"));
    }
}
