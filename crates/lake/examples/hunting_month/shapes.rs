//! The shapes of queries, one for each engine.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::rows::World;

/// One shape in three languages.
#[derive(Clone, Debug)]
pub struct Shape {
    pub name: String,
    pub hot: bool,
    pub any_rows: bool,
    pub kql: String,
    pub clickhouse: String,
    pub duckdb: String,
}

/// A shape as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    /// What a hunter asks with it; for readers of the file.
    #[serde(rename = "asks")]
    _asks: String,
    /// The last hour of one device.
    #[serde(default)]
    hot: bool,
    /// Engines may choose which rows: only their number is compared.
    #[serde(default)]
    any_rows: bool,
    kql: String,
    /// For both peers; each may have its own instead.
    #[serde(default)]
    sql: String,
    clickhouse: Option<String>,
    duckdb: Option<String>,
}

#[derive(Deserialize)]
struct File {
    shape: Vec<Written>,
}

/// The shapes of `bench/hunting-shapes.toml`, with a machine, indicators and instants of this month.
pub fn load(world: &World, now_us: i64) -> Result<Vec<Shape>> {
    let text = include_str!("../../../../bench/hunting-shapes.toml");
    let file: File = toml::from_str(text).context("bench/hunting-shapes.toml")?;
    let hashes: Vec<String> =
        world.programs.iter().rev().take(20).map(|p| format!("'{}'", p.sha256)).collect();
    let addresses: Vec<String> =
        (0..200).map(|n| format!("'203.{}.{}.{}'", n % 3, n % 128, (n * 37) % 128)).collect();
    let fill = |text: &str, clickhouse: bool| {
        let text = text
            .trim()
            .replace("$DEVICE", &world.devices[3])
            .replace("$HASHES", &hashes.join(","))
            .replace("$ADDRESSES", &addresses.join(","));
        let text = expand(&text, "$AGO[", |minutes| {
            let minutes: i64 = minutes.parse().unwrap_or(0);
            let at = palisade_types::TimeMicros(now_us - minutes * 60_000_000).to_rfc3339();
            let at = at.replace('T', " ");
            let at = at.get(..19).unwrap_or_default();
            if clickhouse { format!("toDateTime64('{at}', 6, 'UTC')") } else { format!("TIMESTAMP '{at}'") }
        });
        expand(&text, "$HAS[", |args| {
            let (column, word) = args.split_once(',').unwrap_or((args, ""));
            if clickhouse {
                return format!("hasTokenCaseInsensitive({column}, '{word}')");
            }
            format!(
                "(contains(lower({column}), '{word}') AND regexp_matches(lower({column}), \
                 '(^|[^a-z0-9]){word}($|[^a-z0-9])'))"
            )
        })
    };
    let kql = |text: &str| {
        let list = |items: &[String]| items.join(",");
        text.trim()
            .replace("$DEVICE", &world.devices[3])
            .replace("$HASHES", &list(&hashes))
            .replace("$ADDRESSES", &list(&addresses))
    };
    Ok(file
        .shape
        .into_iter()
        .map(|s| Shape {
            kql: kql(&s.kql),
            clickhouse: fill(s.clickhouse.as_deref().unwrap_or(&s.sql), true),
            duckdb: fill(s.duckdb.as_deref().unwrap_or(&s.sql), false),
            name: s.name,
            hot: s.hot,
            any_rows: s.any_rows,
        })
        .collect())
}

/// Replaces each `open … ]` by what stands for its inside.
fn expand(text: &str, open: &str, with: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(open) {
        let after = &rest[at + open.len()..];
        let Some(end) = after.find(']') else { break };
        out.push_str(&rest[..at]);
        out.push_str(&with(&after[..end]));
        rest = &after[end + 1..];
    }
    out.push_str(rest);
    out
}
