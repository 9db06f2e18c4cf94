//! The table of times, the means of the ratios, and whether the engines agree.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::ours::Measured;
use crate::peer::Others;
use crate::shapes::Shape;

#[derive(Default)]
pub struct Report {
    warm: Vec<(String, f64)>,
    cold: Vec<(String, f64)>,
    hot: Vec<(String, f64)>,
    wrong: Vec<String>,
    begun: bool,
}

impl Report {
    pub fn add(&mut self, shape: &Shape, own: Measured, others: Option<Others>) {
        if !std::mem::replace(&mut self.begun, true) {
            println!(
                "{:<26} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}",
                "milliseconds", "cold", "clickh.", "duckdb", "warm", "clickh.", "duckdb", "ratio", "rows"
            );
        }
        let ms = |s: f64| format!("{:.1}", s * 1e3);
        let others = others.unwrap_or_default();
        let time = |engine: &str, cold: bool| {
            others.get(engine).filter(|t| t.error.is_none()).map(|t| if cold { t.cold } else { t.warm })
        };
        let shown = |engine: &str, cold: bool| time(engine, cold).map_or_else(|| "-".to_owned(), ms);
        let best = |cold: bool| {
            let times = ["clickhouse", "duckdb"].into_iter().filter_map(|e| time(e, cold));
            times.min_by(f64::total_cmp)
        };
        let ratio = best(false).map(|b| own.warm / b);
        println!(
            "{:<26} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}",
            shape.name,
            ms(own.cold),
            shown("clickhouse", true),
            shown("duckdb", true),
            ms(own.warm),
            shown("clickhouse", false),
            shown("duckdb", false),
            ratio.map_or_else(|| "-".to_owned(), |r| format!("{r:.2}")),
            own.answer.rows
        );
        if let Some(ratio) = ratio {
            self.warm.push((shape.name.clone(), ratio));
        }
        if let Some(best) = best(true) {
            self.cold.push((shape.name.clone(), own.cold / best));
        }
        if shape.hot {
            self.hot.push((shape.name.clone(), own.warm));
        }
        for (engine, timed) in &others {
            if let Some(error) = &timed.error {
                println!("  {engine} failed: {error}");
                self.wrong.push(format!("{}: {engine} failed", shape.name));
            } else if timed.answer.rows != own.answer.rows
                || (!shape.any_rows && timed.answer.sum != own.answer.sum)
            {
                println!("  {engine} answers {:?}, ours is {:?}", timed.answer, own.answer);
                self.wrong.push(format!("{}: {engine} answers otherwise", shape.name));
            }
        }
    }

    pub fn finish(self, memory: Option<BTreeMap<String, f64>>) -> Result<()> {
        for (what, ratios) in [("warm", &self.warm), ("cold", &self.cold)] {
            if ratios.is_empty() {
                continue;
            }
            let mean = (ratios.iter().map(|(_, r)| r.ln()).sum::<f64>() / ratios.len() as f64).exp();
            let worst = ratios.iter().max_by(|a, b| a.1.total_cmp(&b.1));
            let (name, worst) = worst.map_or(("", 0.0), |(n, r)| (n.as_str(), *r));
            let slow = ratios.iter().filter(|(_, r)| *r > 3.0).count();
            println!(
                "{what}: ours to the faster peer, geometric mean {mean:.3}; worst {worst:.2} ({name}); {slow} over 3"
            );
        }
        for (name, seconds) in &self.hot {
            println!("hot: {name} {:.1} ms", seconds * 1e3);
        }
        println!("memory: ours {:.0} MB at the most", peak()?);
        for (engine, megabytes) in memory.unwrap_or_default() {
            println!("memory: {engine} {megabytes:.0} MB at the most");
        }
        anyhow::ensure!(self.wrong.is_empty(), "the engines disagree: {:?}", self.wrong);
        Ok(())
    }
}

fn peak() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0.0);
    Ok(kilobytes / 1e3)
}
