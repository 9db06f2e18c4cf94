//! Debian's lists as the security team writes them: `data/DSA/list`, `data/DLA/list`, `data/CVE/list`.

use super::common::{SUMMARY, cut, instant, is_cve, unique};
use super::{Fault, FaultCode, Origin, Sink};
use crate::ecosystem::{Ecosystem, release_of_codename};
use crate::model::{Advisory, Affected, Named, Range, Record, Remedy, Status};

/// `[02 Nov 2023] DSA-5546-1 chromium - security update` and the lines that belong to it.
pub(super) fn advisories(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    entries(origin, bytes, sink, &|head| {
        let (date, rest) = head.strip_prefix('[')?.split_once(']')?;
        let (id, title) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
        let advisory = Advisory {
            id: id.to_owned(),
            summary: cut(title, SUMMARY),
            published: instant(date),
            references: vec![format!("https://security-tracker.debian.org/tracker/{id}")],
            ..Advisory::default()
        };
        (id.starts_with("DSA-")
            || id.starts_with("DLA-")
            || id.starts_with("DTSA-")
            || id.starts_with("ELA-"))
        .then_some(advisory)
    })
}

/// `CVE-2023-5088 (A bug in QEMU could cause …)` and the lines that belong to it.
pub(super) fn cves(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    entries(origin, bytes, sink, &|head| {
        let (id, title) = head.split_once(' ').unwrap_or((head, ""));
        let advisory = Advisory {
            // One that has no number yet is told from the others by its text.
            id: if id.ends_with("-XXXX") { cut(head, 200) } else { id.to_owned() },
            summary: cut(title.trim_matches(['(', ')', '[', ']']), SUMMARY),
            ..Advisory::default()
        };
        id.starts_with("CVE-").then_some(advisory)
    })
}

/// Each entry begins in the first column; the lines below it are indented.
fn entries(
    origin: Origin<'_>,
    bytes: &[u8],
    sink: &mut dyn Sink,
    begin: &dyn Fn(&str) -> Option<Advisory>,
) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes).map_err(|e| origin.fault("", FaultCode::NotText, e))?;
    let mut open: Option<Advisory> = None;
    let mut entries = 0_u64;
    for (number, line) in text.lines().enumerate() {
        let record = || format!("line {}", number + 1);
        if line.trim().is_empty() {
            continue;
        }
        if !line.starts_with([' ', '\t']) {
            finish(origin, open.take(), sink);
            open = begin(line.trim());
            entries += u64::from(open.is_some());
            // Texts between the entries of these lists are notes of the team.
            if open.is_none() && !line.starts_with(['-', '#', 'N', 'T']) {
                sink.fault(origin.fault(&record(), FaultCode::BadRecord, "it begins no entry"));
            }
            continue;
        }
        let Some(advisory) = &mut open else { continue };
        let line = line.trim();
        if let Some(ids) = line.strip_prefix('{').and_then(|l| l.strip_suffix('}')) {
            advisory.aliases.extend(ids.split_whitespace().map(str::to_owned));
        } else if line.starts_with('[') || line.starts_with("- ") {
            match package_line(line) {
                Ok(Some(affected)) => advisory.affected.push(affected),
                Ok(None) => {}
                Err(reason) => sink.fault(origin.fault(&record(), FaultCode::BadRecord, reason)),
            }
        } else if line == "REJECTED" {
            advisory.withdrawn = Some(palisade_types::TimeMicros(0));
        }
    }
    finish(origin, open, sink);
    if entries == 0 && !text.trim().is_empty() {
        return Err(origin.fault("", FaultCode::BadRecord, "there is no entry in it"));
    }
    Ok(())
}

fn finish(origin: Origin<'_>, advisory: Option<Advisory>, sink: &mut dyn Sink) {
    let Some(mut advisory) = advisory else { return };
    let named = std::mem::take(&mut advisory.aliases);
    let (cves, others): (Vec<String>, Vec<String>) = named.into_iter().partition(|id| is_cve(id));
    if is_cve(&advisory.id) {
        advisory.covers = vec![advisory.id.clone()];
        for affected in &mut advisory.affected {
            affected.vendor_ids.clone_from(&others);
        }
    } else {
        advisory.covers = if cves.is_empty() { vec![advisory.id.clone()] } else { unique(cves) };
        for affected in &mut advisory.affected {
            affected.vendor_ids = vec![advisory.id.clone()];
        }
    }
    if advisory.affected.is_empty() {
        return;
    }
    origin.feed.clone_into(&mut advisory.source);
    sink.record(Record::Advisory(advisory));
}

/// `[bookworm] - vlc 3.0.20-0+deb12u1`, `- wordpress <unfixed> (low; bug #1)`.
fn package_line(line: &str) -> Result<Option<Affected>, &'static str> {
    let (release, rest) = match line.strip_prefix('[') {
        Some(rest) => {
            let (codename, rest) = rest.split_once(']').ok_or("its release has no end")?;
            // What the list says without a release holds for all that it does not name.
            (release_of_codename("debian", codename).unwrap_or(codename), rest)
        }
        None => ("", line),
    };
    let rest = rest.trim_start().strip_prefix("- ").ok_or("it names no package")?;
    let (rest, note) = rest.split_once('(').unwrap_or((rest, ""));
    let mut words = rest.split_whitespace();
    let package = words.next().ok_or("it names no package")?;
    let Some(version) = words.next() else { return Ok(None) };
    let note = note.trim_end_matches(')');
    let urgencies = ["unimportant", "low", "medium", "high"];
    let urgency = note.split(';').map(str::trim).find(|w| urgencies.contains(w));
    let mut out = Affected {
        ecosystem: Ecosystem::new("debian", release, ""),
        package: package.to_owned(),
        named: Named::Source,
        urgency: urgency.map(str::to_owned),
        ..Affected::default()
    };
    let open = |out: &mut Affected, remedy| {
        out.ranges = vec![Range::all()];
        out.remedy = remedy;
        out.reason = cut(note, 200);
    };
    match version {
        "<not-affected>" => {
            out.status = Status::NotAffected;
            out.reason = cut(note, 200);
        }
        "<unfixed>" => open(&mut out, Remedy::None),
        "<no-dsa>" | "<postponed>" => open(&mut out, Remedy::Deferred),
        "<ignored>" => open(&mut out, Remedy::WillNotFix),
        "<end-of-life>" => open(&mut out, Remedy::OutOfSupport),
        "<undetermined>" => out.status = Status::Undetermined,
        // Neither is in the archive.
        "<removed>" | "<itp>" => return Ok(None),
        version if version.starts_with('<') => return Err("a state that is not known"),
        "0" => out.status = Status::NotAffected,
        version => out.ranges = vec![Range::before_fix(version)],
    }
    Ok(Some(out))
}
