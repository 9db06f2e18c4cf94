//! `palisade demo`: 20 harmless commands as two users, and the proof that each was recorded.

mod columns;
mod steps;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use palisade_types::TimeMicros;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::output::line;
use super::query::rows_of;
use crate::instance::Instance;
use steps::{Ran, Step};

/// How long the last event may take to become queryable.
const PATIENCE: Duration = Duration::from_secs(20);

/// The sensor's default bound on the size of hashed files, bytes.
const HASH_BOUND: u64 = 64 << 20;

/// A row as column → value.
pub type Row = Map<String, Value>;

/// Runs the commands, then asks for each.
pub async fn run(instance: &Instance) -> Result<()> {
    if !nix::unistd::Uid::effective().is_root() {
        bail!("the demo runs commands as two users and needs root for that");
    }
    let client = Client::local(instance)?;
    let folder = Folder::make()?;
    let since = TimeMicros::now().plus_micros(-1_000_000);
    let marker = format!("demo{:x}", since.0);
    let steps = steps::all(&marker, instance.record.ports.console);
    let mut ran = Vec::new();
    for step in &steps {
        ran.push(steps::run(step, folder.path())?);
    }
    line(&format!("demo: ran {} commands as root and daemon in {}", ran.len(), folder.path().display()));
    let processes = wait_for(&client, &steps, since, &marker).await?;
    let began = Instant::now();
    let mut failures = Vec::new();
    for (step, run) in steps.iter().zip(&ran) {
        let found = check(&client, step, run, &processes, since, folder.path(), began).await?;
        line(&format!(
            "  {} {:<60} {}",
            if found.is_empty() { "ok  " } else { "FAIL" },
            step.shown(),
            found.join("; ")
        ));
        failures.extend(found);
    }
    match tree(&client, &steps, &processes).await {
        Ok(shown) => line(&format!("  ok   process tree: {shown}")),
        Err(e) => {
            line(&format!("  FAIL process tree: {e:#}"));
            failures.push("tree".into());
        }
    }
    for empty in columns::empty(&client, since).await? {
        line(&format!("  FAIL no row fills {empty}"));
        failures.push(empty);
    }
    if !failures.is_empty() {
        bail!("{} of the demo's checks failed", failures.len());
    }
    line("demo: every command is in the right table; no column that is declared filled is empty");
    Ok(())
}

/// Asks until every step's process is there, or patience ends; what is missing then is reported
/// step by step.
async fn wait_for(client: &Client, steps: &[Step], since: TimeMicros, marker: &str) -> Result<Vec<Row>> {
    let query = format!(
        "DeviceProcessEvents | where Timestamp >= datetime({since}) | where ProcessCommandLine contains '{marker}' \
         | where ActionType == 'ProcessCreated'"
    );
    let until = Instant::now() + PATIENCE;
    loop {
        let rows = ask(client, &query).await?;
        let all = steps.iter().all(|s| rows.iter().any(|r| s.is_process(r)));
        if all || Instant::now() > until {
            return Ok(rows);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What is wrong with the record of one step; nothing if all is right.
async fn check(
    client: &Client,
    step: &Step,
    ran: &Ran,
    processes: &[Row],
    since: TimeMicros,
    folder: &Path,
    began: Instant,
) -> Result<Vec<String>> {
    let Some(row) = processes.iter().find(|r| step.is_process(r) && r["ProcessId"] == ran.pid) else {
        return Ok(vec!["no ProcessCreated row".into()]);
    };
    let mut wrong = Vec::new();
    let mut expect = |what: &str, is: &Value, want: &str| {
        if is.as_str() != Some(want) {
            wrong.push(format!("{what} is {is}, not {want}"));
        }
    };
    expect("AccountName", &row["AccountName"], step.user.name());
    expect("SHA256", &row["SHA256"], &ran.sha256);
    expect("WorkingDirectory", &row["AdditionalFields"]["WorkingDirectory"], &folder.to_string_lossy());
    if row["InitiatingProcessId"] != std::process::id() {
        wrong.push(format!("parent is {}, not {}", row["InitiatingProcessId"], std::process::id()));
    }
    // This program itself may be larger than what the sensor hashes, and then says so.
    let initiator = if own_size() <= HASH_BOUND { "InitiatingProcessSHA256" } else { "SHA1" };
    for hash in ["SHA1", "MD5", initiator] {
        if row[hash].as_str().is_none_or(str::is_empty) {
            wrong.push(format!("{hash} is empty"));
        }
    }
    if let Some(secret) = step.secret
        && row["ProcessCommandLine"].as_str().is_some_and(|c| c.contains(secret))
    {
        wrong.push("the secret is not masked".into());
    }
    if let Some(effect) = &step.effect {
        let query = format!(
            "{} | where Timestamp >= datetime({since}) | where InitiatingProcessId == {} | where ActionType == '{}' | {}",
            effect.table, ran.pid, effect.action, effect.condition
        );
        // Events of the same moment may lie in another lane and come later.
        while ask(client, &query).await?.is_empty() {
            if began.elapsed() > PATIENCE {
                wrong.push(format!("no {} row in {}", effect.action, effect.table));
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(wrong)
}

fn own_size() -> u64 {
    std::fs::metadata("/proc/self/exe").map_or(0, |m| m.len())
}

/// The tree of the nested step: a shell, `env` below it, and `sort` in the place of `env`.
async fn tree(client: &Client, steps: &[Step], processes: &[Row]) -> Result<String> {
    let step = steps.iter().find(|s| s.nested).context("one step is nested")?;
    let row = processes.iter().find(|r| step.is_process(r)).context("its row is missing")?;
    let (id, time) = (&row["ProcessUniqueId"], &row["Timestamp"]);
    let path = format!(
        "/devices/{}/process-tree?process_unique_id={}&timestamp={}",
        row["DeviceId"].as_str().unwrap_or_default(),
        id.as_str().unwrap_or_default(),
        time.as_str().unwrap_or_default()
    );
    let answer = client.get(&path).await?;
    let nodes = answer["nodes"].as_array().cloned().unwrap_or_default();
    let child = nodes.iter().find(|n| n["parent_id"] == *id).context("the shell has no child in the tree")?;
    let focus = nodes.iter().find(|n| n["focus"] == true).context("no node has the focus")?;
    if focus["id"] != *id {
        bail!("the focus is on {}", focus["id"]);
    }
    let parent = nodes
        .iter()
        .find(|n| n["id"] == focus["parent_id"])
        .context("the shell has no parent in the tree")?;
    if parent["pid"] != std::process::id() {
        bail!("the shell's parent is {}, not this program", parent["pid"]);
    }
    let name = |n: &Value| n["file_name"].as_str().unwrap_or_default().to_owned();
    Ok(format!("{} → {} → {}", name(parent), name(focus), name(child)))
}

/// Runs a query; rows as maps.
pub async fn ask(client: &Client, query: &str) -> Result<Vec<Row>> {
    let answer = client.post("/hunting/query", &json!({ "query": query, "row_cap": 100_000 })).await?;
    let (columns, rows) = rows_of(&answer);
    Ok(rows.into_iter().map(|r| columns.iter().cloned().zip(r).collect()).collect())
}

/// A folder that both users may write to; removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("palisade-demo-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o1777))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
