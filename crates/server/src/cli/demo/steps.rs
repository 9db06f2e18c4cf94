//! The commands, and what each must leave behind.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::Row;

/// Who runs a command; both exist on every Debian machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// uid 0.
    Root,
    /// uid 1.
    Daemon,
}

impl User {
    /// The account's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Daemon => "daemon",
        }
    }

    fn uid(self) -> u32 {
        u32::from(self == Self::Daemon)
    }
}

/// A row in another table that the command must cause.
pub struct Effect {
    pub table: &'static str,
    pub action: &'static str,
    /// A further operator that picks the row.
    pub condition: String,
}

/// One command.
pub struct Step {
    pub user: User,
    program: &'static str,
    args: Vec<String>,
    /// Unique text in its command line.
    tag: String,
    pub effect: Option<Effect>,
    /// Text that must not be recorded.
    pub secret: Option<&'static str>,
    /// It starts further processes.
    pub nested: bool,
}

/// A command that was run.
pub struct Ran {
    pub pid: u32,
    pub sha256: String,
}

impl Step {
    /// Whether a row of DeviceProcessEvents is this command's.
    pub fn is_process(&self, row: &Row) -> bool {
        let file = Path::new(self.program).file_name().unwrap_or_default().to_string_lossy();
        row["ProcessCommandLine"].as_str().is_some_and(|c| c.contains(&self.tag))
            && (self.nested || row["FileName"] == *file || !self.program_is_link())
    }

    fn program_is_link(&self) -> bool {
        std::fs::canonicalize(self.program).is_ok_and(|real| real != Path::new(self.program))
    }

    /// For the report.
    pub fn shown(&self) -> String {
        let text = format!("{}: {} {}", self.user.name(), self.program, self.args.join(" "));
        if text.chars().count() > 60 { text.chars().take(59).collect::<String>() + "…" } else { text }
    }
}

/// Runs one command to its end.
pub fn run(step: &Step, folder: &Path) -> Result<Ran> {
    let mut command = Command::new(step.program);
    command.args(&step.args).current_dir(folder).uid(step.user.uid()).gid(step.user.uid());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("running {}", step.program))?;
    let pid = child.id();
    child.wait()?;
    let sum = Command::new("sha256sum").arg(step.program).output().context("running sha256sum")?;
    let sha256 = String::from_utf8_lossy(&sum.stdout).split(' ').next().unwrap_or_default().to_owned();
    Ok(Ran { pid, sha256 })
}

/// The 20 commands. `marker` makes this run's texts unique; something listens on `port`.
pub fn all(marker: &str, port: u16) -> Vec<Step> {
    use User::{Daemon, Root};
    let mut steps: Vec<Step> = Vec::new();
    let mut add = |user, program, args: &[&str], effect: Option<(&'static str, &'static str, String)>| {
        let tag = format!("{marker}n{:02}", steps.len() + 1);
        let args = args.iter().map(|a| a.replace("{m}", marker).replace("{t}", &tag)).collect();
        let effect = effect.map(|(table, action, condition)| Effect {
            table,
            action,
            condition: condition.replace("{m}", marker),
        });
        steps.push(Step { user, program, args, tag, effect, secret: None, nested: false });
    };
    let file = |action, name: &str| Some(("DeviceFileEvents", action, format!("where FileName == '{name}'")));
    let connect = |action, port: u16| {
        Some((
            "DeviceNetworkEvents",
            action,
            format!("where RemotePort == {port} and RemoteIP == '127.0.0.1'"),
        ))
    };
    let tcp = |port: u16| format!("exec 3<>/dev/tcp/127.0.0.1/{port} # {{t}}");
    add(Root, "/usr/bin/echo", &["{t}"], None);
    add(Root, "/usr/bin/basename", &["/some/{t}"], None);
    add(Root, "/usr/bin/dirname", &["/some/{t}"], None);
    add(Root, "/usr/bin/touch", &["{m}-a", "-d", "2020-01-01", "{t}"], file("FileCreated", "{m}-a"));
    add(Root, "/usr/bin/bash", &["-c", "echo more >> {m}-a # {t}"], file("FileModified", "{m}-a"));
    add(Root, "/usr/bin/mv", &["-v", "-T", "--suffix={t}", "{m}-a", "{m}-b"], file("FileRenamed", "{m}-b"));
    add(Root, "/usr/bin/rm", &["-f", "{m}-b", "{t}"], file("FileDeleted", "{m}-b"));
    add(Root, "/usr/bin/bash", &["-c", &tcp(port)], connect("ConnectionSuccess", port));
    // Port 1 is nobody's.
    add(Root, "/usr/bin/bash", &["-c", &tcp(1)], connect("ConnectionFailed", 1));
    add(Root, "/usr/bin/bash", &["-c", "/usr/bin/env LC_ALL=C /usr/bin/sort /dev/null; true {t}"], None);
    add(Daemon, "/usr/bin/echo", &["{t}"], None);
    add(Daemon, "/usr/bin/id", &["--user", "--name", "daemon", "{t}"], None);
    add(Daemon, "/usr/bin/cp", &["/etc/hostname", "{m}-c", "--suffix={t}"], file("FileCreated", "{m}-c"));
    add(Daemon, "/usr/bin/rm", &["-f", "{m}-c", "{t}"], file("FileDeleted", "{m}-c"));
    add(Daemon, "/usr/bin/echo", &["--password=correct-horse", "{t}"], None);
    add(Daemon, "/usr/bin/expr", &["{t}", ":", "{t}"], None);
    add(Daemon, "/usr/bin/seq", &["-s", "{t}", "1", "3"], None);
    add(Daemon, "/usr/bin/bash", &["-c", &tcp(port)], connect("ConnectionSuccess", port));
    add(Daemon, "/usr/bin/sha1sum", &["/etc/hostname", "{t}"], None);
    add(Daemon, "/usr/bin/printf", &["%s", "{t}"], None);
    steps[9].nested = true;
    steps[14].secret = Some("correct-horse");
    steps
}
