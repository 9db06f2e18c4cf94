//! The exposure score on a fleet that is made of real packages, real fixes and real likelihoods: it tells devices
//! apart, and fixing what it says first moves it.
//!
//! Packages are Debian 12's, fixes those that Debian's changelogs name with their dates, likelihoods those of one day
//! of EPSS, of CISA's catalogue and of SSVC. "Today" is the day of EPSS: what a changelog fixed later but EPSS knew
//! had no fix yet. Who has which package, how far behind and how open a device is, is drawn with a fixed seed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read as _;

use palisade_advisory::Record;
use palisade_vuln::recommend::{Estate, Exceptions, Key, Plan, Recommendation, Software, Variant};
use palisade_vuln::score::{
    AttackVector, Context, Criticality, Fleet, Hazard, Hazards, Points, Reach, Shift, Threats, Usage,
    Weakness, combine,
};

use crate::data::{lines, records, shared};

const DEVICES: u32 = 2000;
/// The day of the EPSS file, 2026-08-16, as days since 1970.
const TODAY: i64 = 20_681;

/// A fix in Debian 12: how many days ago (negative: later than today), and the weakness with it.
struct Fact {
    age: i64,
    weakness: Weakness,
}

/// What the fleet is drawn from.
struct World {
    facts: BTreeMap<String, Vec<Fact>>,
    base: BTreeSet<String>,
    sources: Vec<String>,
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }
}

/// Name, share in percent, how many in a hundred face the internet, and what it runs beyond the base.
const ROLES: [(&str, u64, u64, &[&str]); 8] = [
    ("minimal", 25, 10, &[]),
    ("web", 20, 70, &["nghttp2", "libxml2", "libxslt", "brotli", "libpng1.6", "tiff"]),
    ("database", 12, 5, &["postgresql-15", "libxml2"]),
    ("application", 18, 20, &["python3.11", "jinja2", "setuptools", "python-cryptography", "git", "sqlite3"]),
    ("mail", 6, 70, &["exim4", "clamav", "unbound", "p7zip"]),
    ("files", 7, 5, &["samba", "cups", "avahi", "libarchive"]),
    ("build", 8, 5, &["git", "vim", "gcc-12", "python3.11", "jq", "libarchive", "p7zip", "qemu"]),
    (
        "desktop",
        4,
        0,
        &["chromium", "gst-plugins-base1.0", "libde265", "openjpeg2", "libheif", "libx11", "cups"],
    ),
];

/// What every server has and runs beside what Debian says is important.
const COMMON: [&str; 10] =
    ["linux", "openssl", "openssh", "glibc", "systemd", "perl", "curl", "gnutls28", "expat", "krb5"];
const RUNS: [&str; 14] = [
    "linux",
    "openssl",
    "openssh",
    "glibc",
    "systemd",
    "nghttp2",
    "postgresql-15",
    "exim4",
    "clamav",
    "unbound",
    "samba",
    "cups",
    "avahi",
    "chromium",
];
const LISTENS: [&str; 9] =
    ["openssl", "openssh", "nghttp2", "postgresql-15", "exim4", "unbound", "samba", "cups", "avahi"];

fn text(relative: &str) -> Option<String> {
    let bytes = std::fs::read(shared(relative)?).expect("the test data can be read");
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("text");
    Some(text)
}

/// Days since 1970 of a changelog's date: `Mon, 18 Aug 2025 01:31:08 +0800`.
fn day(date: &str) -> i64 {
    let mut words = date.split_whitespace().skip(1);
    let number = |word: Option<&str>| word.and_then(|w| w.parse::<i64>().ok()).expect("a number");
    let day = number(words.next());
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = words.next().and_then(|w| names.iter().position(|n| *n == w)).expect("a month") as i64 + 1;
    let year = number(words.next()) - i64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

fn world() -> Option<World> {
    let rows = lines("golden/debian-changelog-facts.jsonl.gz")?;
    let field = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows: Vec<_> = rows.iter().filter(|r| field(r, "dist").starts_with("bookworm")).collect();
    let mut known: HashMap<String, Weakness> = rows
        .iter()
        .map(|r| field(r, "cve"))
        .map(|id| (id.clone(), Weakness { id, ..Weakness::default() }))
        .collect();
    for line in text("feeds/epss/epss_scores-2026-08-16.csv.gz")?.lines() {
        let mut parts = line.split(',');
        if let Some(weakness) = parts.next().and_then(|id| known.get_mut(id)) {
            weakness.epss = parts.next().and_then(|p| p.parse().ok());
        }
    }
    for line in text("feeds/cve-cvss-cwe-ssvc.csv.gz")?.lines() {
        let parts: Vec<_> = line.split(',').collect();
        let Some(weakness) = parts.first().and_then(|id| known.get_mut(*id)) else { continue };
        weakness.cvss = parts[2].parse().ok();
        weakness.vector = match parts[3].split_once("AV:").and_then(|(_, v)| v.chars().next()) {
            Some('N') => Some(AttackVector::Network),
            Some('A') => Some(AttackVector::Adjacent),
            Some('L') => Some(AttackVector::Local),
            Some('P') => Some(AttackVector::Physical),
            _ => None,
        };
        match parts[5].to_ascii_lowercase().as_str() {
            "active" => weakness.threats.exploited = true,
            "poc" => weakness.threats.proof_of_concept = true,
            _ => {}
        }
    }
    for record in records(&["feeds/kev/known_exploited_vulnerabilities.json"])? {
        if let Record::Cve(cve) = record
            && let (Some(kev), Some(weakness)) = (&cve.kev, known.get_mut(&cve.id))
        {
            let threats = Threats { exploited: true, campaign: kev.ransomware, ..Threats::default() };
            weakness.threats = weakness.threats.or(threats);
        }
    }
    let mut facts: BTreeMap<String, Vec<Fact>> = BTreeMap::new();
    for row in rows {
        let age = TODAY - day(&field(row, "date"));
        let mut weakness = known[&field(row, "cve")].clone();
        if age >= 0 {
            weakness.fix = Some(field(row, "fixed"));
        } else if weakness.epss.is_none() {
            // Nobody knew of it.
            continue;
        }
        facts.entry(field(row, "source")).or_default().push(Fact { age, weakness });
    }
    let mut base: BTreeSet<String> = COMMON.map(str::to_owned).into();
    let mut sources = BTreeSet::new();
    for line in text("inventory/debian12-universe.tsv.gz")?.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        sources.insert(columns[2].to_owned());
        if ["required", "important", "standard"].contains(&columns[6]) {
            base.insert(columns[2].to_owned());
        }
    }
    Some(World { facts, base, sources: sources.into_iter().collect() })
}

/// A fleet whose devices are up to `most` months behind, each month as likely as the others.
fn fleet(world: &World, seed: u64, most: u64) -> Estate {
    let mut dice = Dice(seed);
    let known: Vec<_> = world.facts.keys().collect();
    // Of each source: who has it how many months old and in which context.
    let mut held: BTreeMap<&str, BTreeMap<(u64, Context), roaring::RoaringBitmap>> = BTreeMap::new();
    let mut devices = Vec::new();
    for ordinal in 0..DEVICES {
        let mut draw = dice.below(100);
        let role = ROLES.iter().find(|(_, share, ..)| match draw.checked_sub(*share) {
            Some(rest) => {
                draw = rest;
                false
            }
            None => true,
        });
        let (_, _, open, runs) = role.expect("the shares add up to a hundred");
        let months = dice.below(most + 1);
        // Kernels are often behind the rest, for want of a reboot.
        let kernel = months + if dice.percent(40) { dice.below(7) } else { 0 };
        let internet = dice.percent(*open);
        let critical = match dice.below(10) {
            0 => Criticality::Critical,
            1 | 2 => Criticality::High,
            3 => Criticality::Low,
            _ => Criticality::Normal,
        };
        devices.push((ordinal, critical));
        let mut sources: BTreeSet<&str> =
            world.base.iter().map(String::as_str).chain(runs.iter().copied()).collect();
        let extra = [0, 3, 8, 15][dice.below(4) as usize];
        sources.extend((0..extra).map(|_| known[dice.below(known.len() as u64) as usize].as_str()));
        sources.extend(
            (0..extra * 40).map(|_| world.sources[dice.below(world.sources.len() as u64) as usize].as_str()),
        );
        for source in sources {
            let listens = LISTENS.contains(&source);
            let context = Context {
                reach: match source {
                    "linux" => Reach::Local,
                    _ if listens && internet => Reach::Internet,
                    _ if listens => Reach::Network,
                    _ => Reach::Unknown,
                },
                usage: if RUNS.contains(&source) { Usage::Running } else { Usage::Installed },
                mitigated: false,
            };
            let age = if source == "linux" { kernel } else { months };
            held.entry(source).or_default().entry((age, context)).or_default().insert(ordinal);
        }
    }
    let software = held.into_iter().filter_map(|(source, variants)| {
        let facts = world.facts.get(source)?;
        let variants = variants.into_iter().map(|((months, context), devices)| {
            // What was fixed after the device was last updated, and what is not fixed yet.
            let behind = (months * 365 / 12) as i64;
            let missing = facts.iter().filter(|f| f.age < behind || f.weakness.fix.is_none());
            let weaknesses = missing.map(|f| f.weakness.clone()).collect();
            Variant { version: format!("{months} months"), context, devices, weaknesses }
        });
        let key = Key { ecosystem: "debian".to_owned(), release: "12".to_owned(), source: source.to_owned() };
        Some(Software { key, variants: variants.collect(), end: None })
    });
    Estate { devices, software: software.collect(), ..Estate::default() }
}

/// The devices' exposure by the shown combination, and with every weakness counted as independent.
fn scored(estate: &Estate) -> (Fleet, Vec<Points>) {
    let mut fleet = Fleet::new();
    let mut independent = vec![Hazard::ZERO; DEVICES as usize];
    for (ordinal, criticality) in &estate.devices {
        fleet.insert(*ordinal, *criticality).expect("a small number");
    }
    for variant in estate.software.iter().flat_map(|s| &s.variants) {
        let after = combine(&variant.weaknesses, variant.context);
        fleet
            .shift_all(Shift { devices: &variant.devices, before: Hazards::ZERO, after })
            .expect("known devices");
        let sum: Hazard = variant.weaknesses.iter().map(|w| w.hazard(variant.context)).sum();
        for device in &variant.devices {
            independent[device as usize] = independent[device as usize] + sum;
        }
    }
    (fleet, independent.into_iter().map(Hazard::points).collect())
}

/// The fleet after a recommendation was followed everywhere.
fn followed(mut fleet: Fleet, estate: &Estate, recommendation: &Recommendation) -> Fleet {
    let of = |s: &&Software| recommendation.id.ends_with(&format!("/{}", s.key.source));
    let software = estate.software.iter().find(of).expect("it is of a software");
    for variant in &software.variants {
        let before = combine(&variant.weaknesses, variant.context);
        let after = combine(variant.weaknesses.iter().filter(|w| w.fix.is_none()), variant.context);
        fleet.shift_all(Shift { devices: &variant.devices, before, after }).expect("it is held");
    }
    fleet
}

fn sorted(mut points: Vec<Points>) -> Vec<f64> {
    points.sort();
    points.into_iter().map(Points::value).collect()
}

fn points(fleet: &Fleet) -> Vec<f64> {
    sorted((0..DEVICES).filter_map(|d| fleet.device(d)).map(|e| e.points).collect())
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

/// The percentiles to show, and the interquartile range.
fn shape(sorted: &[f64]) -> (String, f64) {
    let range = at(sorted, 75) - at(sorted, 25);
    let percentiles = [5, 25, 50, 75, 95].map(|p| format!("{:.1}", at(sorted, p))).join(" ");
    (format!("5/25/50/75/95 % {percentiles}, interquartile range {range:.1}"), range)
}

#[test]
fn score_fleet_tells_devices_apart_and_its_first_fix_moves_the_median() {
    assert_eq!(day("Sun, 16 Aug 2026 00:00:00 +0000"), TODAY);
    let Some(world) = world() else { return };
    let count: usize = world.facts.values().map(Vec::len).sum();
    let open = world.facts.values().flatten().filter(|f| f.weakness.fix.is_none()).count();
    println!("{count} facts of {} sources, {open} without a fix; {DEVICES} devices", world.facts.len());
    assert!(count > 2000 && open > 100);

    for (seed, most) in [(7, 24), (8, 24), (9, 24), (7, 6)] {
        let name = format!("up to {most} months behind, seed {seed}");
        let estate = fleet(&world, seed, most);
        let (fleet, independent) = scored(&estate);
        let before = points(&fleet);
        let (shown, range) = shape(&before);
        println!("{name}: {shown}");
        println!("  if all were independent: {}", shape(&sorted(independent)).0);
        let residual = sorted((0..DEVICES).filter_map(|d| fleet.device(d)).map(|e| e.residual).collect());
        println!("  without a fix: {}", shape(&residual).0);

        let plan = Plan::of(&estate, &Exceptions::default(), None).expect("a plan");
        assert_eq!(plan.exposure, fleet.exposure());
        println!("  organisation {}, without a fix {}", plan.exposure.points, plan.exposure.residual);
        let mut moved = Vec::new();
        for fix in plan.recommendations.iter().take(8) {
            let after = followed(fleet.clone(), &estate, fix);
            assert_eq!(after.exposure(), fix.exposure.after, "{}", fix.id);
            moved.push(at(&before, 50) - at(&points(&after), 50));
            println!(
                "  {}: {} devices, {} resolved, organisation -{:.2}, median -{:.2}",
                fix.id,
                fix.exposed.len(),
                fix.resolved.len(),
                fix.effect() as f64 / 1e6,
                moved.last().copied().unwrap_or_default(),
            );
        }
        for none in plan.unfixed.iter().take(3) {
            let gain = none.exposure.before.points.value() - none.exposure.after.points.value();
            println!(
                "  no fix: {}: {} weaknesses, organisation {gain:.2}",
                none.software.source,
                none.weaknesses.len()
            );
        }
        assert!(moved[0] >= 2.0, "the first fix moves the median by {:.2}", moved[0]);
        assert!(plan.exposure.residual < plan.exposure.points);
        if most == 24 {
            // What has no fix does not hide what has one.
            assert!(plan.exposure.residual.value() * 3.0 < plan.exposure.points.value());
            assert!(range >= 20.0, "the interquartile range is {range:.1}");
            assert!(at(&before, 5) < 30.0 && at(&before, 95) > 70.0, "all three levels occur");
        }
    }
}
