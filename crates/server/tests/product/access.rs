//! Which role's user reaches what on disk, asked of the system with the users that really run.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use palisade_e2e::Product;

/// User and groups of a running process.
struct Credentials {
    uid: String,
    gid: String,
    groups: String,
}

impl Credentials {
    fn of(pid: i32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let field = |name: &str| {
            let line = status.lines().find(|l| l.starts_with(name)).expect("the field");
            line[name.len()..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        Self {
            uid: field("Uid:")[0].clone(),
            gid: field("Gid:")[0].clone(),
            groups: field("Groups:").join(","),
        }
    }

    /// Whether these credentials may do that with a path: `r`, `w` or `x`.
    fn may(&self, access: char, path: &Path) -> bool {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &self.uid, "--regid", &self.gid]);
        if self.groups.is_empty() {
            command.arg("--clear-groups");
        } else {
            command.args(["--groups", &self.groups]);
        }
        let done = command.arg("test").arg(format!("-{access}")).arg(path).status().expect("setpriv runs");
        match done.code() {
            Some(0) => true,
            Some(1) => false,
            other => panic!("setpriv: {other:?}"),
        }
    }
}

/// Path, access, and the roles that have it; nobody else does.
const MATRIX: [(&str, char, &[&str]); 37] = [
    ("secrets/connect.key", 'r', &["connect"]),
    ("secrets/action.key", 'r', &["api"]),
    ("secrets/ca.key", 'r', &["ingest"]),
    ("secrets/ingest-tls.key", 'r', &["ingest"]),
    ("secrets/api-tls.key", 'r', &["api"]),
    ("secrets/cli.token", 'r', &[]),
    ("secrets", 'w', &[]),
    ("regions/local/log", 'r', &["ingest", "lake"]),
    ("regions/local/log", 'w', &["ingest"]),
    ("regions/local/cursors", 'r', &["ingest", "lake"]),
    ("regions/local/cursors", 'w', &["ingest", "lake"]),
    ("regions/local/ingest", 'r', &["ingest"]),
    ("regions/local/ingest", 'w', &["ingest"]),
    ("regions/local/lake", 'r', &["lake", "query"]),
    ("regions/local/lake", 'w', &["lake"]),
    ("regions/local/hunting", 'r', &["api"]),
    ("regions/local/hunting", 'w', &["api"]),
    ("hot", 'r', &["lake", "query"]),
    ("hot", 'w', &["lake"]),
    ("run", 'w', &[]),
    ("run/supervisor.pid", 'w', &[]),
    ("run/query.sock", 'w', &["api"]),
    ("run/external.sock", 'w', &["api"]),
    ("run/ingest", 'w', &["ingest"]),
    ("run/lake", 'w', &["lake"]),
    ("run/api", 'w', &["api"]),
    ("run/estate", 'w', &["estate"]),
    ("run/connect", 'w', &["connect"]),
    ("run/vuln", 'w', &["vuln"]),
    ("pg/run", 'x', &["ingest", "lake", "api", "estate", "connect", "vuln", "pg"]),
    ("pg/data", 'r', &["pg"]),
    ("feeds", 'w', &["feeds"]),
    ("logs", 'r', &[]),
    ("sensor", 'r', &[]),
    ("bin", 'w', &[]),
    ("instance.json", 'w', &[]),
    (".", 'w', &[]),
];

fn place(product: &Product, path: &str) -> PathBuf {
    if path != "hot" {
        return product.home().join(path);
    }
    let record = product.record().expect("the record");
    let id = record["instance_id"].as_str().expect("an id");
    Path::new("/dev/shm").join(format!("palisade-{id}")).join("hot")
}

#[test]
fn each_role_reaches_what_it_needs_and_nothing_else() {
    if std::fs::metadata("/proc/self").map_or(1, |m| m.uid()) != 0 {
        palisade_testkit::skipped("users of the roles need root");
        return;
    }
    let product = Product::up(false).expect("up");
    let postmaster = std::fs::read_to_string(product.home().join("pg/data/postmaster.pid")).expect("it runs");
    let postmaster = postmaster.lines().next().and_then(|l| l.trim().parse().ok()).expect("a process id");
    let mut roles: Vec<(&str, Credentials)> =
        ["ingest", "lake", "api", "query", "estate", "connect", "vuln", "feeds"]
            .into_iter()
            .map(|role| (role, Credentials::of(product.role_pids(role)[0])))
            .collect();
    roles.push(("pg", Credentials::of(postmaster)));
    let users: std::collections::BTreeSet<&str> = roles.iter().map(|(_, c)| c.uid.as_str()).collect();
    assert!(users.len() == roles.len() && !users.contains("0"), "a user for each role: {users:?}");

    let mut wrong = Vec::new();
    for (path, access, allowed) in MATRIX {
        let whole = place(&product, path);
        assert!(whole.exists(), "{}", whole.display());
        for (role, credentials) in &roles {
            if credentials.may(access, &whole) != allowed.contains(role) {
                wrong.push(format!("{role} {access} {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not as the table says: {wrong:#?}");

    // A new secret or folder is looked at too: none is open to a role that the table does not name.
    for entry in std::fs::read_dir(product.home().join("secrets")).expect("listed").flatten() {
        let name = format!("secrets/{}", entry.file_name().to_string_lossy());
        let public = [".pem", ".pub"].iter().any(|end| name.ends_with(end));
        let known = MATRIX.iter().any(|(path, access, _)| *path == name && *access == 'r');
        assert!(public || known, "{name} is in no line of the table");
    }
    for pid in product.role_pids("query") {
        let first_to_go = std::fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).expect("it runs");
        assert_eq!(first_to_go.trim(), "500", "the kernel ends a query worker before anything else");
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("it runs");
        let space = limits.lines().find(|l| l.starts_with("Max address space")).expect("the limit");
        assert!(!space.contains("unlimited"), "{space}");
    }
}
