//! Running the script, and file systems to run it on.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use palisade_estate::edr::{HostFacts, SCRIPT, parse};
use tempfile::TempDir;

/// Notes that a test is skipped, where whoever started the tests counts them.
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let line = format!("{}: {why}\n", thread.name().unwrap_or("a test"));
    #[expect(clippy::print_stderr, reason = "a person who runs one test reads it")]
    {
        eprint!("skipped: {line}");
    }
    if let Some(path) = std::env::var_os("PALISADE_SKIPS") {
        let file = fs::OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut f| f.write_all(line.as_bytes())).expect("the skipped test is counted");
    }
}

/// Whether a program is there.
pub fn have(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|p| p.join(program).is_file())
}

/// Whether this is root.
pub fn root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// Sends the script to a shell, as a connector does, and gives what it printed. A time limit ends it.
pub fn output(shell: &[&str], set: impl FnOnce(&mut Command)) -> Vec<u8> {
    let mut command = Command::new("timeout");
    command.args(["-k", "2", "120"]).args(shell);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    set(&mut command);
    let mut child = command.spawn().expect("the shell starts");
    child.stdin.take().expect("a pipe").write_all(SCRIPT.as_bytes()).expect("the script is read whole");
    let out = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{shell:?}: {} {said}", out.status);
    assert!(said.is_empty(), "{shell:?} complained: {said}");
    assert!(out.stdout.len() <= 20_000, "{} bytes", out.stdout.len());
    out.stdout
}

/// The facts that a shell found.
pub fn facts(shell: &[&str], set: impl FnOnce(&mut Command)) -> HostFacts {
    let out = output(shell, set);
    let facts = parse(&out).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out)));
    assert!(facts.complete, "{}", String::from_utf8_lossy(&out));
    facts
}

/// A file system in a folder.
pub struct Tree(TempDir);

impl Tree {
    pub fn new() -> Self {
        let tree = Self(TempDir::new().expect("a folder"));
        tree.file("etc/os-release", "NAME=\"Test Linux\"\nID=\"debian\"\nVERSION_ID='12'\n");
        tree
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn at(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    pub fn dir(&self, relative: &str) -> PathBuf {
        let path = self.at(relative);
        fs::create_dir_all(&path).expect("made");
        path
    }

    pub fn file(&self, relative: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(relative);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, text).expect("written");
        path
    }

    pub fn program(&self, relative: &str, text: &str, mode: u32) {
        let path = self.file(relative, text);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }

    /// Looks at it as at a mounted file system.
    pub fn look(&self) -> HostFacts {
        facts(&["sh", "-s"], |c| {
            c.env("PALISADE_ROOT", self.path());
        })
    }
}

/// Runs a tool that must succeed.
#[track_caller]
pub fn tool(program: &str, args: &[&str], folder: &Path) {
    let out = Command::new(program).args(args).current_dir(folder).output().expect("it starts");
    let said = || format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{program} {args:?}: {}", said());
}
