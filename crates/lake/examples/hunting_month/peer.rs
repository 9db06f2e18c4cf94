//! ClickHouse and DuckDB, in a Python process that stays for the whole run.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;

use crate::ours::Answer;
use crate::shapes::Shape;

/// A peer's times in seconds, or why there are none.
#[derive(Clone, Debug, Deserialize)]
pub struct Timed {
    pub cold: f64,
    pub warm: f64,
    pub answer: Answer,
    #[serde(default)]
    pub error: Option<String>,
}

/// By the engine's name.
pub type Others = BTreeMap<String, Timed>;

pub struct Peer {
    child: Child,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts it and has it import the export.
    pub fn start(python: &Path, folder: &Path) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/hunting-peers.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", python.display()))?;
        let (Some(ask), Some(told)) = (child.stdin.take(), child.stdout.take()) else { bail!("no pipes") };
        let mut peer = Self { child, ask, told: BufReader::new(told) };
        let loaded = peer.line()?;
        println!("peers: {loaded}");
        Ok(peer)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.told.read_line(&mut line)? == 0 {
            bail!("the peers' process ended: {:?}", self.child.wait()?);
        }
        Ok(line.trim_end().to_owned())
    }

    pub fn measure(&mut self, shape: &Shape, runs: usize) -> Result<Others> {
        let ask = json!({"clickhouse": shape.clickhouse, "duckdb": shape.duckdb, "runs": runs});
        writeln!(self.ask, "{ask}")?;
        let line = self.line()?;
        serde_json::from_str(&line).with_context(|| format!("the peers said {line}"))
    }

    /// Ends it; what it took of memory at the most, by engine, in MB.
    pub fn end(mut self) -> Result<BTreeMap<String, f64>> {
        writeln!(self.ask, "{}", json!({"end": true}))?;
        let line = self.line()?;
        drop(self.ask);
        self.child.wait()?;
        Ok(serde_json::from_str(&line)?)
    }
}
