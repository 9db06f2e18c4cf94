//! `palisade-sensor spool show`: what was recorded and is not acknowledged yet.

mod json;

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use clap::Args;
use palisade_types::{Lane, TimeMicros};
use palisade_wire::msg::{Fact, Process, fact};
use serde_json::{Value, json};

use super::say;
use super::settings::{self, Common};
use crate::error::SensorError;
use crate::spool::read::{Reader, Stored};

/// Arguments of `spool show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Only this lane: control, priority or bulk
    #[arg(long, value_parser = lane)]
    lane: Option<Lane>,
    /// The batches instead of the facts in them
    #[arg(long)]
    batches: bool,
    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
}

fn lane(text: &str) -> Result<Lane, String> {
    Lane::ALL.into_iter().find(|l| l.to_string() == text).ok_or_else(|| "control, priority or bulk".into())
}

/// Prints the spool; 0 if all of it could be read, 2 if a batch is damaged.
///
/// # Errors
/// When the folder cannot be read.
pub fn show(common: &Common, args: &ShowArgs) -> Result<i32, SensorError> {
    let settings = settings::common(common)?;
    let dir = settings.state_dir.join("spool");
    let Some(reader) = Reader::open(&dir, args.lane).map_err(SensorError::file(&dir))? else {
        if !args.json {
            say(format_args!("there is no spool in {}", settings.state_dir.display()));
        }
        return Ok(0);
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match print(reader, args, &mut out).and_then(|well| out.flush().map(|()| well)) {
        Ok(well) => Ok(if well { 0 } else { 2 }),
        // Whoever read us has seen enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(e) => Err(SensorError::File { path: "stdout".into(), source: e }),
    }
}

fn print(reader: Reader, args: &ShowArgs, out: &mut impl Write) -> io::Result<bool> {
    let mut well = true;
    let epoch = reader.epoch();
    if args.batches && !args.json {
        writeln!(out, "epoch {epoch}")?;
        writeln!(out, "{:<9} {:>9} {:<8} {:>7} SEALED", "LANE", "SEQUENCE", "STATE", "FACTS")?;
    }
    for stored in reader {
        well &= stored.batch.is_some();
        let count = stored.batch.as_ref().map_or(0, |b| b.facts.len());
        match (args.batches || stored.batch.is_none(), args.json) {
            (true, true) => writeln!(
                out,
                "{}",
                json!({
                    "kind": "batch", "lane": stored.lane.to_string(), "epoch": epoch.to_string(),
                    "sequence": stored.sequence, "state": state(&stored), "facts": count,
                    "sealed": stored.sealed_us.map(|us| TimeMicros(us).to_string()),
                })
            )?,
            (true, false) => writeln!(
                out,
                "{:<9} {:>9} {:<8} {count:>7} {}",
                stored.lane.to_string(),
                stored.sequence,
                state(&stored),
                stored.sealed_us.map_or_else(|| "-".into(), |us| TimeMicros(us).to_string()),
            )?,
            (false, json) => facts(&stored, json, out)?,
        }
    }
    Ok(well)
}

fn state(stored: &Stored) -> &'static str {
    match (&stored.batch, stored.sealed_us) {
        (None, _) => "damaged",
        (_, Some(_)) => "sealed",
        (_, None) => "open",
    }
}

fn facts(stored: &Stored, json: bool, out: &mut impl Write) -> io::Result<()> {
    let Some(batch) = &stored.batch else { return Ok(()) };
    let processes: HashMap<u64, &Process> = batch.processes.iter().map(|p| (p.unique_id, p)).collect();
    for f in &batch.facts {
        if json {
            let mut line = json::fact(f, &processes);
            line["lane"] = Value::from(stored.lane.to_string());
            line["sequence"] = Value::from(stored.sequence);
            writeln!(out, "{line}")?;
        } else {
            let text = summary(f, &processes);
            let at = TimeMicros(f.time_us);
            writeln!(out, "{at} {:<9} {:<19} {}", stored.lane.to_string(), json::kind(f), harmless(&text))?;
        }
    }
    Ok(())
}

/// What a person wants to see of a fact in one line.
fn summary(f: &Fact, processes: &HashMap<u64, &Process>) -> String {
    let process = |id: u64| {
        processes.get(&id).map_or_else(
            || "an unknown process".to_owned(),
            |p| {
                let what = if p.command_line.is_empty() { &p.path } else { &p.command_line };
                format!("{} {} ({})", p.pid, what, p.user)
            },
        )
    };
    match &f.kind {
        Some(fact::Kind::ProcessCreated(p)) => format!("{} by {}", process(p.created), process(f.process)),
        Some(fact::Kind::ProcessTerminated(p)) if p.signal != 0 => {
            format!("{}, signal {}", process(p.terminated), p.signal)
        }
        Some(fact::Kind::ProcessTerminated(p)) => format!("{}, code {}", process(p.terminated), p.exit_code),
        Some(fact::Kind::Connection(c)) => {
            let end = |ip: &[u8], port: u32| match json::address(ip) {
                Some(ip) if ip.is_ipv6() => format!("[{ip}]:{port}"),
                Some(ip) => format!("{ip}:{port}"),
                None => format!("?:{port}"),
            };
            let (from, to) = (end(&c.local_ip, c.local_port), end(&c.remote_ip, c.remote_port));
            format!("{from} to {to} by {}", process(f.process))
        }
        Some(fact::Kind::File(e)) if e.previous_path.is_empty() => {
            format!("{} by {}", e.path, process(f.process))
        }
        Some(fact::Kind::File(e)) => {
            format!("{} from {} by {}", e.path, e.previous_path, process(f.process))
        }
        Some(fact::Kind::DeviceInfo(d)) => format!("{} {} {}", d.name, d.os_distribution, d.kernel),
        Some(fact::Kind::Heartbeat(h)) => {
            let ill = h.components.iter().filter(|c| c.state != "ok" && c.state != "off");
            let ill: Vec<String> = ill.map(|c| format!("{} {}", c.name, c.state)).collect();
            if ill.is_empty() { "all well".into() } else { ill.join(", ") }
        }
        Some(fact::Kind::Receipt(r)) => {
            format!("order {} {}", r.order_id, if r.ok { "done" } else { r.code.as_str() })
        }
        Some(fact::Kind::Products(p)) => format!("security products, {} bytes of facts", p.facts.len()),
        Some(fact::Kind::InventoryPart(p)) => format!("inventory: {}, {} bytes", p.name, p.body.len()),
        Some(fact::Kind::InventoryList(l)) => format!("inventory of {} parts", l.parts.len()),
        Some(fact::Kind::ApplicationBlocked(a)) => {
            format!("{} of {} {} by {}", a.path, a.package, a.version, process(f.process))
        }
        None => "of a kind that this version does not know".into(),
    }
}

/// Recorded text is not ours: control characters must not reach the terminal.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use palisade_wire::msg::{Connection, ProcessCreated};

    use super::*;

    #[test]
    fn a_fact_is_one_line_without_control_characters() {
        let parent = Process { unique_id: 1, pid: 10, path: "/bin/sh".into(), ..Process::default() };
        let child = Process {
            unique_id: 2,
            pid: 11,
            command_line: "echo \u{1b}[2J\nno".into(),
            user: "root".into(),
            ..Process::default()
        };
        let processes = HashMap::from([(1, &parent), (2, &child)]);
        let created = fact::Kind::ProcessCreated(ProcessCreated { created: 2 });
        let text = summary(&Fact { process: 1, kind: Some(created), ..Fact::default() }, &processes);
        assert_eq!(harmless(&text), "11 echo \\u{1b}[2J\\nno (root) by 10 /bin/sh ()");
        let connection = fact::Kind::Connection(Connection {
            local_ip: vec![127, 0, 0, 1].into(),
            local_port: 5,
            remote_ip: vec![0; 16].into(),
            remote_port: 6,
            ..Connection::default()
        });
        let text = summary(&Fact { process: 9, kind: Some(connection), ..Fact::default() }, &processes);
        assert_eq!(text, "127.0.0.1:5 to [::]:6 by an unknown process");
    }

    #[test]
    fn lanes_are_named() {
        assert_eq!(lane("bulk"), Ok(Lane::Bulk));
        assert!(lane("2").is_err());
    }
}
