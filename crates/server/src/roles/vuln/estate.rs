//! A tenant's part of the matcher as the scores and recommendations take it: software by source package, version
//! and context, with sets of the tenant's own device numbers.

use std::collections::{BTreeMap, HashMap};

use palisade_advisory::{Exploitation, Rating};
use palisade_inventory::Support;
use palisade_state::AssessmentBasis;
use palisade_types::{DeviceId, TimeMicros};
use palisade_vuln::recommend::{
    Certificate, CertificateFacts, End, Estate, Exception, Exceptions, Extent, Justification, Key, Software,
    Subject, Variant, problems,
};
use palisade_vuln::score::{AttackVector, Category, Context, Criticality, Threats, Usage, Weakness};
use palisade_vuln::{Finding, Hit, KernelState, Matcher};
use roaring::RoaringBitmap;

use super::fleet::Tenant;

/// What a component has, in words, once for all devices.
pub struct Judged {
    /// The software that it is a part of.
    pub key: Key,
    /// The version that was compared.
    pub version: String,
    /// Its findings.
    pub findings: Vec<Finding>,
}

/// A device's components that have something, merged by software and version.
pub type OfDevice = BTreeMap<(Key, String), Context>;

/// A tenant's estate and what it was made of.
pub struct Built {
    /// For the plan.
    pub estate: Estate,
    /// Components with findings, by the matcher's numbers.
    pub judged: BTreeMap<u32, Judged>,
    /// What each device has, by its ordinal.
    pub of_device: BTreeMap<u32, OfDevice>,
    /// Weaknesses by software and version.
    pub weaknesses: BTreeMap<(Key, String), Vec<Weakness>>,
}

/// How much a device matters.
pub fn criticality(word: &str) -> Criticality {
    match word {
        "low" => Criticality::Low,
        "high" => Criticality::High,
        "very_high" => Criticality::Critical,
        _ => Criticality::Normal,
    }
}

/// Puts a tenant's estate together. Devices without an inventory are not in it: nothing is known of them.
pub fn build(
    matcher: &Matcher,
    tenant: &Tenant,
    ordinals: &HashMap<DeviceId, u32>,
    now: TimeMicros,
) -> Built {
    let mut judged: BTreeMap<u32, Judged> = BTreeMap::new();
    let mut of_device: BTreeMap<u32, OfDevice> = BTreeMap::new();
    let mut weaknesses: BTreeMap<(Key, String), Vec<Weakness>> = BTreeMap::new();
    let mut estate = Estate::default();
    for (device, word) in &tenant.basis().devices {
        let (Some(known), Some(ordinal)) = (tenant.devices.get(device), ordinals.get(device)) else {
            continue;
        };
        estate.devices.push((*ordinal, criticality(word)));
        let own = of_device.entry(*ordinal).or_default();
        for tuple in matcher.tuples_of(known.number) {
            let hits = matcher.hits(tuple);
            // Of several kernels the one that runs counts.
            let idle_kernel = matcher.kernel_state(tuple, known.number) == Some(KernelState::InstalledOnly);
            if hits.is_empty() || idle_kernel {
                continue;
            }
            let one = judged.entry(tuple).or_insert_with(|| judge(matcher, tuple, hits));
            let place = (one.key.clone(), one.version.clone());
            let list = weaknesses.entry(place.clone()).or_default();
            for finding in &one.findings {
                if !list.iter().any(|w| w.id == finding.vulnerability) {
                    list.push(weakness(finding));
                }
            }
            let running = matcher.running(tuple).is_some_and(|r| r.contains(known.number));
            let context = Context {
                reach: known.reach.get(&tuple).copied().unwrap_or_default(),
                usage: if running { Usage::Running } else { Usage::Unknown },
                mitigated: false,
            };
            // Binaries of one source are one software: the one that is most in use and widest in reach counts.
            own.entry(place)
                .and_modify(|c| (c.reach, c.usage) = (c.reach.max(context.reach), c.usage.max(context.usage)))
                .or_insert(context);
        }
    }
    let mut variants: BTreeMap<(Key, String), BTreeMap<Context, RoaringBitmap>> = BTreeMap::new();
    for (ordinal, own) in &of_device {
        for (place, context) in own {
            variants.entry(place.clone()).or_default().entry(*context).or_default().insert(*ordinal);
        }
    }
    let mut software: BTreeMap<Key, Software> = BTreeMap::new();
    for ((key, version), contexts) in variants {
        let list = weaknesses.get(&(key.clone(), version.clone())).cloned().unwrap_or_default();
        let entry =
            software.entry(key.clone()).or_insert_with(|| Software { key, variants: Vec::new(), end: None });
        entry.variants.extend(contexts.into_iter().map(|(context, devices)| Variant {
            version: version.clone(),
            context,
            devices,
            weaknesses: list.clone(),
        }));
    }
    estate.software = software.into_values().collect();
    estate.software.extend(ended_systems(tenant, ordinals));
    estate.certificates = certificates(tenant, ordinals, now);
    estate.configurations = super::posture::configurations(tenant, ordinals);
    Built { estate, judged, of_device, weaknesses }
}

fn judge(matcher: &Matcher, tuple: u32, hits: &[Hit]) -> Judged {
    let Some(component) = matcher.component(tuple) else {
        return Judged { key: Key::default(), version: String::new(), findings: Vec::new() };
    };
    let (source, version) = component.source_key();
    Judged {
        key: Key {
            ecosystem: component.ecosystem.family().to_owned(),
            release: component.ecosystem.release().to_owned(),
            source: source.to_owned(),
        },
        version: version.into_owned(),
        findings: hits.iter().map(|hit| matcher.index().explain(component, hit)).collect(),
    }
}

/// A finding as the score takes it.
pub fn weakness(f: &Finding) -> Weakness {
    let exploitation = f.ssvc.and_then(|s| s.exploitation);
    let vector = f.severity.as_ref().map(|s| s.value.as_str()).unwrap_or_default();
    Weakness {
        id: f.vulnerability.clone(),
        cvss: f.severity.as_ref().and_then(|s| s.score),
        rating: f.severity.as_ref().and_then(|s| s.rating),
        epss: f.epss.map(|e| e.score),
        threats: Threats {
            proof_of_concept: exploitation == Some(Exploitation::Poc),
            exploit: f.exploits > 0,
            exploited: f.kev.is_some() || exploitation == Some(Exploitation::Active),
            campaign: f.kev.as_ref().is_some_and(|k| k.ransomware),
            ..Threats::default()
        },
        vector: attack_vector(vector),
        fix: f.fix.clone(),
    }
}

fn attack_vector(vector: &str) -> Option<AttackVector> {
    vector.split('/').find_map(|metric| {
        Some(match metric.strip_prefix("AV:")? {
            "N" => AttackVector::Network,
            "A" => AttackVector::Adjacent,
            "L" => AttackVector::Local,
            "P" => AttackVector::Physical,
            _ => return None,
        })
    })
}

/// Systems whose own distribution no longer supports them.
fn ended_systems(tenant: &Tenant, ordinals: &HashMap<DeviceId, u32>) -> Vec<Software> {
    let mut ended: BTreeMap<Key, (RoaringBitmap, TimeMicros)> = BTreeMap::new();
    for (device, known) in &tenant.devices {
        let (Some(end), Some(ordinal)) = (&known.os.end_of_life, ordinals.get(device)) else { continue };
        if end.support != Support::Ended {
            continue;
        }
        let key = Key {
            ecosystem: known.os.id.clone(),
            release: known.os.version.clone(),
            source: known.os.id.clone(),
        };
        let last = if end.extended.is_empty() { &end.standard } else { &end.extended };
        let since = format!("{last}T00:00:00Z").parse().unwrap_or_default();
        ended.entry(key).or_insert_with(|| (RoaringBitmap::new(), since)).0.insert(*ordinal);
    }
    ended
        .into_iter()
        .map(|(key, (devices, since))| Software {
            variants: vec![Variant { version: key.release.clone(), devices, ..Variant::default() }],
            end: Some(End { since, replacement: None, category: Category::Os }),
            key,
        })
        .collect()
}

fn certificates(tenant: &Tenant, ordinals: &HashMap<DeviceId, u32>, now: TimeMicros) -> Vec<Certificate> {
    let mut all: BTreeMap<String, Certificate> = BTreeMap::new();
    for (device, known) in &tenant.devices {
        let Some(ordinal) = ordinals.get(device) else { continue };
        for c in &known.certificates {
            let entry = all.entry(c.fingerprint.clone()).or_insert_with(|| Certificate {
                fingerprint: c.fingerprint.clone(),
                subject: c.subject.clone(),
                devices: RoaringBitmap::new(),
                problems: problems(
                    CertificateFacts {
                        not_after: c.not_after_us,
                        key: &c.key,
                        bits: c.key_bits,
                        signature: &c.signature,
                        self_signed: c.self_signed,
                    },
                    now,
                ),
            });
            entry.devices.insert(*ordinal);
        }
    }
    all.into_values().collect()
}

/// What people decided to leave as it is.
pub fn exceptions(
    basis: &AssessmentBasis,
    ordinals: &HashMap<DeviceId, u32>,
    all: &RoaringBitmap,
    now: TimeMicros,
) -> Exceptions {
    let mut groups: BTreeMap<String, RoaringBitmap> = BTreeMap::new();
    for (group, device) in &basis.members {
        if let Some(ordinal) = ordinals.get(device) {
            groups.entry(group.to_string()).or_default().insert(*ordinal);
        }
    }
    let list: Vec<Exception> = basis
        .exceptions
        .iter()
        .map(|e| Exception {
            subject: if e.of_vulnerability {
                Subject::Cve(e.subject.clone())
            } else {
                Subject::Recommendation(e.subject.clone())
            },
            extent: e.group.map_or(Extent::Global, |g| Extent::Groups(vec![g.to_string()])),
            justification: match e.justification.as_str() {
                "third_party_control" => Justification::ThirdPartyControl,
                "alternate_mitigation" => Justification::AlternateMitigation,
                "planned_remediation" => Justification::PlannedRemediation,
                "inaccurate" => Justification::Inaccurate,
                _ => Justification::RiskAccepted,
            },
            reason: String::new(),
            from: e.from,
            until: e.until.unwrap_or(TimeMicros(i64::MAX)),
            cancelled: None,
        })
        .collect();
    Exceptions::at(now, &list, &groups, all)
}

/// The common scale's word.
pub fn severity_word(rating: Option<Rating>) -> &'static str {
    match rating {
        Some(Rating::Critical) => "critical",
        Some(Rating::High) => "high",
        Some(Rating::Medium) => "medium",
        Some(Rating::Low) => "low",
        Some(Rating::None) => "none",
        None => "unknown",
    }
}
