//! The same questions to DuckDB, as SQL over the same estate in tables.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::NOW;
use super::estate::{ACCESS, ENDPOINTS, Estate, TAGS};
use crate::statistics::quantile;

const SCRIPT: &str = include_str!("peer.py");

/// What the peer says of each template.
pub struct Peer(BTreeMap<String, Theirs>);

#[derive(Clone, Copy)]
pub struct Theirs {
    pub count: u64,
    /// Milliseconds.
    pub p50: f64,
}

impl Peer {
    pub fn of(&self, template: &str) -> Result<Theirs> {
        self.0.get(template).copied().with_context(|| format!("the peer has no answer to {template}"))
    }
}

/// A folder that is gone when it is no longer needed.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn run(python: &Path, estate: &Estate, runs: usize) -> Result<Peer> {
    let folder = Folder(std::env::temp_dir().join(format!("pal-bench-explore-{}", std::process::id())));
    std::fs::create_dir(&folder.0)?;
    write(&folder.0, estate)?;
    let script = folder.0.join("peer.py");
    std::fs::write(&script, SCRIPT)?;
    let output = Command::new(python)
        .arg(&script)
        .arg(&folder.0)
        .arg(runs.to_string())
        .arg(NOW.0.to_string())
        .output()
        .with_context(|| format!("starting {}", python.display()))?;
    if !output.status.success() {
        bail!("the peer failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let said: Value = serde_json::from_slice(&output.stdout).context("the peer's answer")?;
    println!(
        "peer: DuckDB {}, loaded in {:.0} s, resident {:.0} MB, the same rows as ours",
        said["version"].as_str().unwrap_or("?"),
        said["loaded_s"].as_f64().unwrap_or(0.0),
        said["resident_mb"].as_f64().unwrap_or(0.0)
    );
    let mut all = BTreeMap::new();
    for (name, answer) in said["answers"].as_object().context("answers")? {
        let mut times: Vec<f64> =
            answer["ms"].as_array().context("times")?.iter().filter_map(Value::as_f64).collect();
        let count = answer["count"].as_u64().context("a count")?;
        all.insert(name.clone(), Theirs { count, p50: quantile(&mut times, 0.5) });
    }
    Ok(Peer(all))
}

fn table(folder: &Path, name: &str, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(folder.join(format!("{name}.csv")))?);
    fill(&mut file)?;
    Ok(file.flush()?)
}

fn write(folder: &Path, estate: &Estate) -> Result<()> {
    let machines = 0..estate.machines;
    table(folder, "machine", |f| {
        for m in machines.clone() {
            let (name, applicable) = (Estate::machine_name(m), Estate::applicable(m));
            writeln!(f, "{m},{name},{},{applicable},{}", Estate::power(m), Estate::criticality(m))?;
        }
        Ok(())
    })?;
    table(folder, "sensor", |f| {
        for m in machines.clone() {
            if let Some((state, seen)) = Estate::sensor(m) {
                writeln!(f, "{m},{state},{seen}")?;
            }
        }
        Ok(())
    })?;
    table(folder, "finding", |f| {
        for m in machines.clone().filter(|m| Estate::finding(*m)) {
            writeln!(f, "{m},{}", Estate::finding_node(m).name)?;
        }
        Ok(())
    })?;
    table(folder, "endpoint", |f| {
        for m in machines.clone() {
            for n in 0..ENDPOINTS {
                let (port, reachable) = Estate::endpoint(m, n);
                writeln!(f, "{m},{},{port},{reachable}", Estate::endpoint_name(m, n))?;
            }
        }
        Ok(())
    })?;
    table(folder, "tag", |f| {
        for m in machines.clone() {
            for t in Estate::tags_of(m) {
                let (key, value) = TAGS[t as usize];
                writeln!(f, "{m},{key},{value}")?;
            }
        }
        Ok(())
    })?;
    table(folder, "access", |f| {
        for m in machines.clone() {
            for u in estate.users_of(m, ACCESS, 40) {
                writeln!(f, "{u},{m}")?;
            }
        }
        Ok(())
    })?;
    table(folder, "account", |f| {
        for u in 0..estate.users {
            let (privileged, external) = Estate::user(u);
            writeln!(f, "{u},{},{privileged},{external}", Estate::user_name(u))?;
        }
        Ok(())
    })?;
    table(folder, "software", |f| {
        for s in 0..estate.software {
            writeln!(f, "{s},{},{}", estate.software_key(s), Estate::unsupported(s))?;
        }
        Ok(())
    })?;
    table(folder, "vulnerability", |f| {
        for v in 0..estate.vulnerabilities {
            let (severity, exploit, remote) = Estate::vulnerability(v);
            writeln!(f, "{v},{},{severity},{exploit},{remote}", Estate::vulnerability_name(v))?;
        }
        Ok(())
    })?;
    table(folder, "affects", |f| {
        for v in 0..estate.vulnerabilities {
            for s in estate.affected(v) {
                writeln!(f, "{v},{s}")?;
            }
        }
        Ok(())
    })?;
    table(folder, "alert", |f| {
        for a in 0..estate.alerts {
            let (machine, severity, status) = estate.alert(a);
            writeln!(f, "{machine},{severity},{status}")?;
        }
        Ok(())
    })?;
    table(folder, "installed", |f| {
        for m in machines {
            for s in estate.programs_of(m) {
                writeln!(f, "{m},{s}")?;
            }
        }
        Ok(())
    })
}
