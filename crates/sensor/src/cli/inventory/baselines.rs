//! Baselines in the process that reads the machine: once a day, and when somebody asks, the profiles that the
//! server gave, or the one for this system. Results are kept in the state folder, so that a sensor that starts
//! again still has them.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use palisade_baseline::{
    Assigned, Assignment, Host, MAX_ASSIGNMENT, Options, Profile, Told, builtin, default_profile, run,
};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::files;

/// The profiles that the server gave; not there where it gave none.
pub const ASSIGNED: &str = "baselines.json";
/// What was last found.
const RESULTS: &str = "baseline-results.json";
/// Most bytes of that file: eight runs, each once more escaped as text.
const MAX_RESULTS: u64 = 16 << 20;
/// How often they are run by themselves, microseconds.
const EVERY: i64 = 24 * 3600 * 1_000_000;

/// What is kept between runs.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// The sensor's version: another one may have other checks.
    version: String,
    /// When they were run.
    ran_us: TimeMicros,
    /// Parts by name.
    bodies: BTreeMap<String, String>,
}

/// The profiles of this machine and what they said.
pub struct Baselines {
    root: PathBuf,
    /// Nothing is run without one.
    folder: Option<PathBuf>,
    kept: Kept,
    wanted: bool,
}

impl Baselines {
    /// Over the root, with what the state folder holds.
    pub fn open(root: &Path, folder: Option<&Path>) -> Self {
        let kept = folder.and_then(|f| files::read_bounded(f.join(RESULTS), MAX_RESULTS).ok());
        let kept = kept.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Self { root: root.to_owned(), folder: folder.map(Path::to_owned), kept, wanted: false }
    }

    /// Has them run at the next occasion.
    pub fn ask(&mut self) {
        self.wanted = true;
    }

    /// Whether it is time to run them.
    pub fn due(&self) -> bool {
        let age = TimeMicros::now().0 - self.kept.ran_us.0;
        let old = !(0..EVERY).contains(&age) || self.kept.version != env!("CARGO_PKG_VERSION");
        self.folder.is_some() && (self.wanted || old)
    }

    /// Parts by name, as last found.
    pub fn bodies(&self) -> &BTreeMap<String, String> {
        &self.kept.bodies
    }

    /// Runs them and keeps what they say.
    pub fn run(&mut self) {
        let Some(folder) = &self.folder else { return };
        self.wanted = false;
        let told = told(&self.root, assigned(folder));
        self.kept = Kept {
            version: env!("CARGO_PKG_VERSION").into(),
            ran_us: TimeMicros::now(),
            bodies: told.iter().map(|one| (one.part(), one.body())).collect(),
        };
        // Where the disk is full they are run again after the next start, no more.
        if let Ok(text) = serde_json::to_vec(&self.kept) {
            let _ = files::write_lightly(&folder.join(RESULTS), &text, 0o600);
        }
    }
}

/// What the server gave. Checked when it came: if this version of the sensor cannot run one, its result says so.
fn assigned(folder: &Path) -> Vec<Assigned> {
    let text = files::read_bounded(folder.join(ASSIGNED), MAX_ASSIGNMENT as u64).unwrap_or_default();
    serde_json::from_slice::<Assignment>(&text).unwrap_or_default().profiles
}

fn told(root: &Path, assigned: Vec<Assigned>) -> Vec<Told> {
    let catalogue = builtin();
    let host = match Host::open(root, Options::default()) {
        Ok(host) => host,
        Err(e) => {
            let why = format!("{}: {e}", e.code());
            return assigned.iter().map(|a| Told::failed(&a.profile.name, &a.revision, &why)).collect();
        }
    };
    let one = |profile: &Profile, revision: &str, by_default: bool| {
        // A check that fails on what it finds here must not take the inventory with it.
        let ran = std::panic::catch_unwind(AssertUnwindSafe(|| run(catalogue, profile, &host)));
        match ran {
            Ok(Ok(report)) => Told::of(&report, revision, by_default),
            Ok(Err(e)) => Told::failed(&profile.name, revision, &format!("{}: {e}", e.code())),
            Err(_) => {
                Told::failed(&profile.name, revision, "baseline_fault: a check failed by a fault of its own")
            }
        }
    };
    if assigned.is_empty() {
        let profile = catalogue.profile(default_profile(host.os()));
        return profile.iter().map(|p| one(p, "", true)).collect();
    }
    assigned.iter().map(|a| one(&a.profile, &a.revision, false)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn machine() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("etc/ssh")).expect("made");
        fs::create_dir_all(root.path().join("var/lib/dpkg")).expect("made");
        fs::write(root.path().join("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n").expect("written");
        let status =
            "Package: openssh-server\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n";
        fs::write(root.path().join("var/lib/dpkg/status"), status).expect("written");
        fs::write(root.path().join("etc/ssh/sshd_config"), "PermitRootLogin yes\n").expect("written");
        root
    }

    fn read(baselines: &Baselines, part: &str) -> Told {
        serde_json::from_str(&baselines.bodies()[part]).expect("a told run")
    }

    #[test]
    fn without_a_choice_the_systems_own_profile_is_run_and_kept() {
        let (root, state) = (machine(), tempfile::tempdir().expect("a folder"));
        let mut baselines = Baselines::open(root.path(), Some(state.path()));
        assert!(baselines.due());
        baselines.run();
        let told = read(&baselines, "baseline/debian-server-level1");
        assert!(told.by_default && told.revision.is_empty() && told.error.is_empty());
        let seen = &told.checks["ssh.permit_root_login"];
        assert_eq!(seen.state, palisade_baseline::State::NotCompliant);
        assert_eq!(seen.evidence[0].path, "/etc/ssh/sshd_config");

        let again = Baselines::open(root.path(), Some(state.path()));
        assert!(!again.due(), "a sensor that starts again has what was found");
        assert_eq!(again.bodies(), baselines.bodies());
        assert!(!Baselines::open(root.path(), None).due());
    }

    #[test]
    fn what_the_server_gave_takes_the_place_of_it_and_is_named_in_the_results() {
        let (root, state) = (machine(), tempfile::tempdir().expect("a folder"));
        let profile = |name: &str, checks: &str| {
            format!(
                "{{\"revision\":\"7-{name}\",\"profile\":{{\"format\":\"palisade-baseline-profile/1\",\
                 \"name\":\"{name}\",\"title\":\"T\",\"checks\":[\"{checks}\"]}}}}"
            )
        };
        let given = format!(
            "{{\"profiles\":[{},{}]}}",
            profile("own", "ssh.permit_root_login"),
            profile("odd", "none")
        );
        fs::write(state.path().join(ASSIGNED), given).expect("written");
        let mut baselines = Baselines::open(root.path(), Some(state.path()));
        baselines.run();
        let told = read(&baselines, "baseline/own");
        assert_eq!((told.revision.as_str(), told.by_default, told.checks.len()), ("7-own", false, 1));
        let odd = read(&baselines, "baseline/odd");
        assert!(odd.error.starts_with("baseline_unknown_check"), "{}", odd.error);
        assert_eq!(baselines.bodies().len(), 2);

        fs::write(root.path().join("etc/ssh/sshd_config"), "PermitRootLogin no\n").expect("written");
        baselines.ask();
        assert!(baselines.due());
        baselines.run();
        let state = read(&baselines, "baseline/own").checks["ssh.permit_root_login"].state;
        assert_eq!(state, palisade_baseline::State::Compliant);
    }
}
