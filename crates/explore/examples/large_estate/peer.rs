//! The same questions to DuckDB, as SQL over the same estate in tables.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::estate::{ACCESS, ENDPOINTS, Estate, PRODUCTS, TAGS};
use super::{NOW, quantile};

const SCRIPT: &str = include_str!("peer.py");

/// What the peer says of the templates that it was asked.
pub struct Peer {
    answers: BTreeMap<String, Theirs>,
    /// Megabytes at the most, when it had answered.
    pub peak: f64,
}

pub struct Theirs {
    pub count: u64,
    /// The first rows by name: a node's name, or its key where names are not unique.
    pub first: Vec<String>,
    /// Milliseconds.
    pub p50: f64,
}

impl Peer {
    /// What it says of a template; none if there is no SQL for it.
    pub fn of(&self, template: &str) -> Option<&Theirs> {
        self.answers.get(template)
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
    let peak = said["peak_mb"].as_f64().context("peak_mb")?;
    println!(
        "peer: DuckDB {} with {} threads, loaded in {:.0} s, resident {:.0} MB after loading, {peak:.0} MB at the most",
        said["version"].as_str().unwrap_or("?"),
        said["threads"],
        said["loaded_s"].as_f64().unwrap_or(0.0),
        said["resident_mb"].as_f64().unwrap_or(0.0)
    );
    let mut all = BTreeMap::new();
    for (name, answer) in said["answers"].as_object().context("answers")? {
        let mut times: Vec<f64> =
            answer["ms"].as_array().context("times")?.iter().filter_map(Value::as_f64).collect();
        let count = answer["count"].as_u64().context("a count")?;
        let first = answer["first"].as_array().context("first rows")?;
        let first = first.iter().filter_map(|v| Some(v.as_str()?.to_owned())).collect();
        all.insert(name.clone(), Theirs { count, first, p50: quantile(&mut times, 0.5) });
    }
    Ok(Peer { answers: all, peak })
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
    table(folder, "runs", |f| {
        for m in machines.clone() {
            if let Some(product) = Estate::product(m) {
                let (key, name, of_kind) = PRODUCTS[product];
                writeln!(f, "{m},{key},{name},{of_kind}")?;
            }
        }
        Ok(())
    })?;
    table(folder, "recommendation", |f| {
        for m in machines.clone().filter(|m| Estate::product(*m).is_none()) {
            writeln!(f, "{m},edr_installed")?;
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
