//! FIRST's exploit prediction scores: a comment with the day, a head, and a line for each CVE.

use super::common::{instant, is_cve};
use super::csv::Rows;
use super::{Fault, FaultCode, Origin, Sink};
use crate::model::{Cve, Epss, Record};

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|e| origin.fault("", FaultCode::NotText, e))?;
    let (comment, rest) = match text.strip_prefix('#') {
        Some(rest) => rest.split_once('\n').unwrap_or((rest, "")),
        None => ("", text),
    };
    let date = comment.trim().split(',').find_map(|part| part.strip_prefix("score_date:")).and_then(instant);
    let mut rows = Rows(rest);
    let head = rows.next().unwrap_or_default();
    if head.first().is_none_or(|h| h != "cve") || head.get(1).is_none_or(|h| h != "epss") {
        return Err(origin.fault("", FaultCode::BadRecord, "its head does not begin with cve,epss"));
    }
    for row in rows {
        let id = row.first().map_or("", |f| f.as_ref());
        let number =
            |at: usize| row.get(at).and_then(|f| f.parse::<f64>().ok()).filter(|n| (0.0..=1.0).contains(n));
        match (is_cve(id), number(1)) {
            (true, Some(score)) => sink.record(Record::Cve(Cve {
                id: id.to_owned(),
                source: origin.feed.to_owned(),
                epss: Some(Epss { score, percentile: number(2), date }),
                ..Cve::default()
            })),
            _ if row.iter().all(|f| f.is_empty()) => {}
            _ => sink.fault(origin.fault(id, FaultCode::BadRecord, "no CVE with a score from 0 to 1")),
        }
    }
    Ok(())
}
