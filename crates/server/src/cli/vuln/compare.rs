//! `palisade vuln compare`.

use std::io::{self, BufRead, BufWriter, Read, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use palisade_advisory::Scheme;
use serde::Deserialize;
use serde_json::json;

/// Longest line, bytes; two versions and their names.
const MAX_LINE: usize = 8 * 1024;
/// The exit code when some lines were not compared.
const SOME_BAD: u8 = 3;

#[derive(Deserialize)]
struct Pair {
    a: String,
    b: String,
}

/// Answers each line of standard input.
pub fn run(ecosystem: &str) -> Result<ExitCode> {
    let scheme = Scheme::of(ecosystem).with_context(|| {
        let names = Scheme::ALL.map(Scheme::name).join(", ");
        format!("unknown ecosystem {ecosystem:?}; one of {names}, or an ecosystem that uses one of them")
    })?;
    let out = BufWriter::new(io::stdout().lock());
    match answer(scheme, io::stdin().lock(), out) {
        Ok(0) => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::from(SOME_BAD)),
        // Who reads only the first lines has what they want.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(e) => Err(e).context("comparing"),
    }
}

/// Returns how many lines were not compared.
fn answer(scheme: Scheme, mut lines: impl BufRead, mut out: impl Write) -> io::Result<u64> {
    let mut bad = 0;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        (&mut lines).take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        let text = line.trim_ascii();
        let reply = if line.len() > MAX_LINE && !line.ends_with(b"\n") {
            skip_line(&mut lines)?;
            Err(("line_too_long", format!("longer than {MAX_LINE} bytes")))
        } else if text.is_empty() {
            continue;
        } else {
            compared(scheme, text)
        };
        match reply {
            Ok(reply) => writeln!(out, "{reply}")?,
            Err((code, message)) => {
                bad += 1;
                writeln!(out, "{}", json!({"line": number, "error": {"code": code, "message": message}}))?;
            }
        }
    }
    out.flush()?;
    Ok(bad)
}

fn compared(scheme: Scheme, line: &[u8]) -> Result<serde_json::Value, (&'static str, String)> {
    let pair: Pair = serde_json::from_slice(line).map_err(|e| ("bad_line", e.to_string()))?;
    let order = scheme.compare(&pair.a, &pair.b).map_err(|e| (e.code.as_str(), e.to_string()))?;
    Ok(json!({"a": pair.a, "b": pair.b, "result": order as i8}))
}

/// Reads over the rest of a line, without keeping it.
fn skip_line(lines: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = lines.fill_buf()?;
        let (used, found) = match buffer.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        lines.consume(used);
        if found {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_each_line_and_counts_what_is_none() -> anyhow::Result<()> {
        let long = format!("{{\"a\":\"{}\",\"b\":\"1\"}}", "9".repeat(20_000));
        let input = format!(
            "{{\"a\":\"1.0~rc1\",\"b\":\"1.0\"}}\n\n{long}\nnot json\n{{\"a\":\"x:1\",\"b\":\"1\"}}\n{{\"a\":\"1:1\",\"b\":\"2\"}}"
        );
        let mut out = Vec::new();
        assert_eq!(answer(Scheme::Deb, input.as_bytes(), &mut out)?, 3);
        let said: Vec<serde_json::Value> =
            std::str::from_utf8(&out)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        assert_eq!(said[0], json!({"a": "1.0~rc1", "b": "1.0", "result": -1}));
        let code = |i: usize| (said[i]["line"].as_u64(), said[i]["error"]["code"].as_str());
        assert_eq!(code(1), (Some(3), Some("line_too_long")));
        assert_eq!(code(2), (Some(4), Some("bad_line")));
        assert_eq!(code(3), (Some(5), Some("version_malformed")));
        assert_eq!(said[4]["result"], 1);
        Ok(())
    }
}
