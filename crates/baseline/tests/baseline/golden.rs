//! The recorded run of OpenSCAP (`golden/oscap-debian.json`) against ours on a machine of that kind.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};

use palisade_baseline::{Finding, Host, Options, Report, State, builtin, run};
use palisade_testkit::{shared_data, skipped};
use serde_json::Value;

/// Rules on whose answer this machine and the recorded one may differ, because they ask about files that
/// come and go or about the processes that asked. Each is printed with the reason.
const OF_THE_MACHINE: [(&str, &str); 3] = [
    ("file_permissions_unauthorized_world_writable", "a file of today"),
    ("file_permissions_ungroupowned", "a file of today"),
    ("root_path_all_dirs", "it asks for the PATH of the shell that ran it, which was not recorded"),
];

/// What the record's note says was hidden from it: the work tree, temporary files and the caches of tool
/// chains in the home.
fn to_hide() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The folder in which work trees and data lie, unless the home is in it.
    let top = |path: &Path| path.components().take(2).collect::<PathBuf>();
    let data = std::env::var_os("PALISADE_DATA").map_or_else(|| checkout.to_owned(), PathBuf::from);
    let trees = [checkout, &data].map(top).into_iter().filter(|t| !home.starts_with(t));
    let caches = [".cargo", ".rustup", ".cache", ".npm", ".pyenv"].map(|name| home.join(name));
    let all: BTreeSet<PathBuf> = trees.chain([std::env::temp_dir()]).chain(caches).collect();
    all.into_iter().filter(|f| f.is_absolute() && f.is_dir()).collect()
}

/// Hides it from this thread and nobody else; what could not be hidden is looked at.
fn hide() -> Vec<PathBuf> {
    let mount = |what: &CStr, at: &CStr, flags: libc::c_ulong| {
        // SAFETY: every pointer is a string that ends, or none.
        unsafe { libc::mount(what.as_ptr(), at.as_ptr(), what.as_ptr(), flags, std::ptr::null()) == 0 }
    };
    // SAFETY: it concerns this thread's view of mounts only.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0
        || !mount(c"none", c"/", libc::MS_REC | libc::MS_PRIVATE)
    {
        return Vec::new();
    }
    let hidden = |f: &PathBuf| {
        let at = CString::new(f.as_os_str().as_encoded_bytes()).expect("no zero");
        mount(c"tmpfs", &at, 0)
    };
    to_hide().into_iter().filter(hidden).collect()
}

/// What our checks say of each of ComplianceAsCode's rules.
pub fn by_rule(report: &Report) -> BTreeMap<String, (State, String)> {
    let mut out = BTreeMap::new();
    let mut say = |rule: &str, state: State, f: &Finding| {
        let entry = out.entry(rule.to_owned()).or_insert((state, String::new()));
        // Several checks of one rule: it holds if each of them does.
        if state == State::NotCompliant || entry.0 == State::NotApplicable {
            entry.0 = state;
        }
        entry.1 = format!("{} {}: {}", entry.1, f.id, f.observed).trim().to_owned();
    };
    for f in &report.findings {
        let check = builtin().check(&f.id).expect("a check of ours");
        for rule in &check.rules {
            say(rule, f.state, f);
        }
        for (aspect, rules) in &check.aspect_rules {
            let state = f.aspects.get(aspect).copied().unwrap_or(f.state);
            rules.iter().for_each(|rule| say(rule, state, f));
        }
    }
    out
}

#[test]
fn as_openscap_recorded_it() {
    let Some(path) = shared_data("vuln/golden/oscap-debian.json") else { return };
    // SAFETY: it only tells a number.
    if unsafe { libc::geteuid() } != 0 {
        return skipped("needs root: others cannot read shadow and the homes");
    }
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !system.contains("ID=debian") || !system.contains("VERSION_ID=\"12\"") {
        return skipped("needs a machine of the recorded kind, Debian 12");
    }
    let golden: Value = serde_json::from_slice(&std::fs::read(path).expect("reads")).expect("JSON");
    let mut theirs: BTreeMap<String, String> = BTreeMap::new();
    for profile in golden["profiles"].as_object().expect("profiles").values() {
        for rule in profile["rules"].as_array().expect("rules") {
            let (name, result) =
                (rule["rule"].as_str().expect("a name"), rule["result"].as_str().expect("a result"));
            if matches!(result, "pass" | "fail") {
                theirs.insert(name.to_owned(), result.to_owned());
            }
        }
    }
    let options = Options { path: std::env::var("PATH").ok(), ..Options::default() };
    let look = || {
        let hidden = hide();
        let host = Host::open("/".as_ref(), options).expect("opens");
        (hidden, run(builtin(), builtin().profile("server-level2").expect("there"), &host).expect("runs"))
    };
    let (hidden, report) = std::thread::scope(|s| s.spawn(look).join().expect("it looks"));
    let ours = by_rule(&report);
    let (mut decided, mut agreed, mut fails, mut fails_agreed) = (0, 0, 0, 0);
    let (mut undecided, mut differ) = (BTreeSet::new(), Vec::new());
    for (rule, result) in &theirs {
        fails += u32::from(result == "fail");
        let said = match ours.get(rule) {
            Some((State::Compliant, _)) => "pass",
            Some((State::NotCompliant, _)) => "fail",
            _ => {
                undecided.insert(rule.as_str());
                // What it found wrong must not be passed over in silence.
                if result == "fail" {
                    differ.push(rule);
                }
                continue;
            }
        };
        decided += 1;
        if said == result {
            agreed += 1;
            fails_agreed += u32::from(result == "fail");
        } else {
            let why = OF_THE_MACHINE.iter().find(|(r, _)| r == rule).map(|(_, why)| *why);
            println!(
                "differs: {rule}: recorded {result}, ours {said} ({}) {}",
                ours[rule].1,
                why.unwrap_or("")
            );
            if why.is_none() {
                differ.push(rule);
            }
        }
    }
    println!(
        "OpenSCAP decided {} rules ({fails} fail); ours decides {decided} ({:.1} %), agrees on {agreed}, on {fails_agreed} of the fails; \
         not decided: {undecided:?}; hidden as in the record: {hidden:?}; {} names, {} ms of processor time against {} s",
        theirs.len(),
        100.0 * f64::from(decided) / theirs.len() as f64,
        report.walked,
        report.cpu_ms,
        golden["profiles"]["cis_level1_server"]["user_s"]
    );
    assert!(f64::from(decided) >= 0.9 * theirs.len() as f64, "{undecided:?}");
    assert!(differ.is_empty(), "{differ:?}");
}
