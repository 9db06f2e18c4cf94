//! When releases and packages are no longer supported.

use serde::Deserialize;
use serde_json::Value;

use super::common::{cut, instant};
use super::csv::Rows;
use super::stream::{elements, lenient};
use super::{Fault, FaultCode, Origin, Sink};
use crate::model::{EndOfLife, Record};

#[derive(Deserialize)]
struct Product {
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    releases: Vec<Release>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Release {
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    codename: String,
    #[serde(default, deserialize_with = "lenient")]
    release_date: String,
    #[serde(default, deserialize_with = "lenient")]
    eoas_from: String,
    #[serde(default, deserialize_with = "lenient")]
    eol_from: String,
    #[serde(default, deserialize_with = "lenient")]
    eoes_from: String,
    is_eol: Option<bool>,
    #[serde(default)]
    latest: Value,
}

/// The API of endoflife.date, version 1: one product, or all of them in full.
pub(super) fn api(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let mut single = serde_json::Map::new();
    let take =
        |record: &str, value: Value, sink: &mut dyn Sink| match serde_json::from_value::<Product>(value) {
            Ok(product) => product.releases.into_iter().for_each(|r| sink.record(of(&product.name, r))),
            Err(e) => sink.fault(origin.fault(record, FaultCode::BadRecord, e)),
        };
    elements(origin, bytes, &["result"], &[], &mut |key, value| {
        // The elements of a list are products; those of an object are one product's fields.
        if key.bytes().all(|b| b.is_ascii_digit()) {
            take(key, value, sink);
        } else {
            single.insert(key.to_owned(), value);
        }
    })?;
    if !single.is_empty() {
        take("result", Value::Object(single), sink);
    }
    Ok(())
}

fn of(product: &str, release: Release) -> Record {
    Record::EndOfLife(EndOfLife {
        product: product.to_owned(),
        cycle: release.name,
        codename: release.codename,
        released: instant(&release.release_date),
        support: instant(&release.eoas_from),
        end: instant(&release.eol_from),
        extended: instant(&release.eoes_from),
        ended: release.is_eol,
        latest: release.latest["name"].as_str().unwrap_or_default().to_owned(),
        reason: String::new(),
    })
}

/// Debian's `debian.csv` and `ubuntu.csv`: the product is the file's name.
pub(super) fn distro_info(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|e| origin.fault("", FaultCode::NotText, e))?;
    let name = origin.file.rsplit('/').next().unwrap_or_default();
    let product = name.split('.').next().unwrap_or_default();
    let mut rows = Rows(text);
    let head = rows.next().unwrap_or_default();
    let column = |name: &str| head.iter().position(|h| h == name);
    let (Some(version), Some(series), Some(eol)) = (column("version"), column("series"), column("eol"))
    else {
        return Err(origin.fault("", FaultCode::BadRecord, "its head has no version, series and eol"));
    };
    let (release, server) = (column("release"), column("eol-server"));
    let extended = ["eol-elts", "eol-esm"].map(column);
    let lts = column("eol-lts");
    for row in rows {
        let field = |at: Option<usize>| at.and_then(|at| row.get(at)).map_or("", |f| f.as_ref());
        let cycle = field(Some(version)).split(' ').next().unwrap_or_default();
        if field(Some(series)).is_empty() {
            continue;
        }
        let day = |at: Option<usize>| instant(field(at));
        sink.record(Record::EndOfLife(EndOfLife {
            product: product.to_owned(),
            cycle: if cycle.is_empty() { field(Some(series)) } else { cycle }.to_owned(),
            codename: field(Some(series)).to_owned(),
            released: day(release),
            // Debian's long-term support is what security support ends with; Ubuntu's servers have their own day.
            support: day(Some(eol)),
            end: day(lts).or_else(|| day(server)).or_else(|| day(Some(eol))),
            extended: extended.into_iter().find_map(day),
            ..EndOfLife::default()
        }));
    }
    Ok(())
}

/// Debian's `security-support-ended.deb12`: package, last version, day, why; and
/// `security-support-limited`: package, why.
pub(super) fn packages(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|e| origin.fault("", FaultCode::NotText, e))?;
    let release = origin.file.rsplit(".deb").next().filter(|r| r.bytes().all(|b| b.is_ascii_digit()));
    for line in text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')) {
        let mut words = line.split_whitespace();
        let Some(package) = words.next() else { continue };
        let rest: Vec<&str> = words.collect();
        let (end, reason) = match rest.as_slice() {
            [_, day, why @ ..] if instant(day).is_some() => (instant(day), why.join(" ")),
            why => (None, why.join(" ")),
        };
        sink.record(Record::EndOfLife(EndOfLife {
            product: format!("debian/{package}"),
            cycle: release.unwrap_or_default().to_owned(),
            end,
            ended: end.is_none().then_some(false),
            reason: cut(&reason, 300),
            ..EndOfLife::default()
        }));
    }
    Ok(())
}
