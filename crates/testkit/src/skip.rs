//! Tests that this machine cannot run say so, and are counted by whoever started the run.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Notes that the running test is skipped: a line `<test>: <why>` is added to the file that
/// `PALISADE_SKIPS` names, and printed.
#[expect(clippy::print_stderr, reason = "a person who runs one test reads it")]
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = std::env::var("NEXTEST_TEST_NAME").ok().or_else(|| thread.name().map(str::to_owned));
    let line = format!("{}: {why}\n", test.as_deref().unwrap_or("a test"));
    eprint!("skipped: {line}");
    if let Some(path) = std::env::var_os("PALISADE_SKIPS") {
        // One write of one line, so that processes do not mix their lines.
        let file = OpenOptions::new().create(true).append(true).open(path);
        if let Err(e) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            eprintln!("cannot count the skipped test: {e}");
        }
    }
}

/// Whether BPF programs can be tried here: root, and a kernel that describes its types. If not,
/// the test is noted as skipped and should return.
pub fn kernel_available() -> bool {
    if !nix::unistd::geteuid().is_root() {
        skipped("needs root");
        return false;
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        skipped("needs a kernel with BTF");
        return false;
    }
    true
}

/// The checkout that is tested. Asked when it runs: a build may be shared by several checkouts, and what was
/// compiled in names the one that built it.
pub fn repository() -> PathBuf {
    let started_in = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = started_in.or_else(|| std::env::current_dir().ok()).unwrap_or_default();
    let root = here.ancestors().find(|folder| folder.join("layers.toml").exists());
    root.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), Path::to_path_buf)
}

/// A file or folder of the shared test data: under `PALISADE_DATA`, by default the folder
/// `../shared/data` beside the repository. If it is absent the test is noted as skipped and should
/// return.
pub fn shared_data(relative: &str) -> Option<PathBuf> {
    let root =
        std::env::var_os("PALISADE_DATA").map_or_else(|| repository().join("../shared/data"), PathBuf::from);
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    skipped(&format!("needs the shared test data {relative}"));
    None
}
