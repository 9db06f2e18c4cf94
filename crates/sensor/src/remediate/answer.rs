//! What the sensor answers: a code where it refused or failed, and the proof of what is so.

use serde::{Deserialize, Serialize};

use super::request::{Exact, Phase};

/// Most entries of one list of a proof, so that a receipt stays small.
const MAX_LIST: usize = 80;
/// Most bytes of the package manager's output in a proof: the last ones.
pub const MAX_OUTPUT: usize = 4 << 10;

/// Why something was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable code, `remediation_…`.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident $code:literal;)*) => {
        impl Fault {
            $($(#[$doc])* pub fn $name(message: impl Into<String>) -> Self {
                Self { code: $code, message: message.into() }
            })*
        }
    };
}

faults! {
    /// The request is none.
    malformed "remediation_malformed";
    /// It cannot be done on this machine.
    unsupported "remediation_unsupported";
    /// It would change what is never touched unless a person names it.
    never_touch "remediation_refused_never_touch";
    /// No package of the source is installed.
    not_installed "remediation_not_installed";
    /// Nothing is below the fixed version.
    nothing_to_do "remediation_nothing_to_do";
    /// The package manager offers no version that is good.
    no_candidate "remediation_no_candidate";
    /// A package would be removed, or one would become older.
    would_remove "remediation_would_remove";
    /// Somebody else works with the package manager.
    locked "remediation_locked";
    /// There is no room.
    disk_full "remediation_disk_full";
    /// It takes too long.
    timeout "remediation_timeout";
    /// The package manager failed.
    failed "remediation_failed";
}

/// A change of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The package.
    pub name: String,
    /// Its architecture.
    pub arch: String,
    /// The version before; empty for a package that is new.
    pub from: String,
    /// The version after; empty for one that goes.
    pub to: String,
}

/// Whether the change can be taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// Whether every version before is at hand.
    pub possible: bool,
    /// Why not.
    pub reason: String,
}

/// What still runs as it was before the change. Nothing of it is restarted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// Units with replaced files of the changed packages in memory.
    pub services: Vec<String>,
    /// Whether the machine has to start anew.
    pub reboot: bool,
}

/// What is so; the receipt's proof.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proof {
    /// What was asked for.
    pub phase: Phase,
    /// Which package manager: dpkg, dnf, yum, zypper, apk; empty where none was found.
    pub manager: String,
    /// Versions of the packages concerned before.
    pub before: Vec<Exact>,
    /// And after.
    pub after: Vec<Exact>,
    /// What the dry run said.
    pub would_change: Vec<Change>,
    /// What really is another version than before.
    pub changed: Vec<Change>,
    /// Every command that was run, word by word.
    pub commands: Vec<Vec<String>>,
    /// How the last one ended; none while it runs, or where a signal ended it.
    pub exit_code: Option<i32>,
    /// The end of what the last commands said.
    pub output: String,
    /// Whether it can be taken back.
    pub rollback: Rollback,
    /// What runs as it was.
    pub restart: Restart,
    /// After a failure: what the package manager says of its own state; empty if all is well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub audit: String,
    /// The package manager's process where it still works at the time of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_pid: Option<u32>,
    /// Who keeps services from being started meanwhile: `sensor` by a policy of its own, `host` has one
    /// of its own, `none`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service_policy: String,
    /// How long all of it took, milliseconds.
    pub took_ms: u64,
}

impl Proof {
    /// Of nothing yet.
    pub fn new(phase: Phase) -> Self {
        Self {
            phase,
            manager: String::new(),
            before: Vec::new(),
            after: Vec::new(),
            would_change: Vec::new(),
            changed: Vec::new(),
            commands: Vec::new(),
            exit_code: None,
            output: String::new(),
            rollback: Rollback::default(),
            restart: Restart::default(),
            audit: String::new(),
            running_pid: None,
            service_policy: String::new(),
            took_ms: 0,
        }
    }

    /// Cuts what would make the receipt too large.
    pub fn bound(&mut self) {
        self.before.truncate(MAX_LIST);
        self.after.truncate(MAX_LIST);
        self.would_change.truncate(MAX_LIST);
        self.changed.truncate(MAX_LIST);
        self.restart.services.truncate(MAX_LIST);
        // The last commands are those that tell how it ended.
        self.commands.drain(..self.commands.len().saturating_sub(24));
        for command in &mut self.commands {
            command.truncate(24);
        }
        self.output = tail(&self.output, MAX_OUTPUT);
        self.audit = tail(&self.audit, MAX_OUTPUT);
    }
}

/// The last bytes of a text, from a whole character on.
pub fn tail(text: &str, most: usize) -> String {
    let mut from = text.len().saturating_sub(most);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}

/// The answer to one request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Whether what was asked for is so.
    pub ok: bool,
    /// Stable code where it is not, and where nothing had to be done.
    pub code: String,
    /// In words.
    pub message: String,
    /// What shows it.
    pub proof: Proof,
}

impl Answer {
    /// Of work that went through to its end or to a fault.
    pub fn of(ended: Result<(), Fault>, mut proof: Proof) -> Self {
        proof.bound();
        let fault = ended.err();
        // What is good already is as good as what was made so.
        let ok = fault.as_ref().is_none_or(|f| f.code == "remediation_nothing_to_do");
        let (code, message) = fault.map_or_else(Default::default, |f| (f.code.to_owned(), f.message));
        Self { ok, code, message, proof }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_bounded_and_says_what_is_so() {
        let mut proof = Proof::new(Phase::Apply);
        proof.output = "é".repeat(5000);
        proof.before = vec![Exact { name: "a".into(), arch: "all".into(), version: "1".into() }; 1000];
        let answer = Answer::of(Err(Fault::nothing_to_do("it is good already")), proof.clone());
        assert!(answer.ok && answer.code == "remediation_nothing_to_do");
        assert!(answer.proof.output.len() <= MAX_OUTPUT && answer.proof.before.len() == MAX_LIST);
        let answer = Answer::of(Err(Fault::failed("no")), proof.clone());
        assert_eq!((answer.ok, answer.code.as_str()), (false, "remediation_failed"));
        assert!(Answer::of(Ok(()), proof).ok);
        let text = serde_json::to_value(Proof::new(Phase::DryRun)).expect("JSON");
        assert_eq!(text["phase"], "dry_run");
        assert_eq!(text["rollback"], serde_json::json!({"possible": false, "reason": ""}));
    }
}
