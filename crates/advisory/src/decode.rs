//! Decoders of upstream formats: bytes in, [`Record`]s and [`Fault`]s out.
//!
//! A file that is not what it should be as a whole is an error. A record that is not is a fault, and the
//! others of the file go on. Nothing is left out in silence.

mod common;
mod csaf;
mod csv;
mod cve5;
mod debian_list;
mod debian_tracker;
mod end_of_life;
mod epss;
mod exploits;
mod kev;
mod nvd;
mod openvex;
mod osv;
mod oval;
mod secdb;
mod sniff;
mod stream;
mod ubuntu;
mod updateinfo;
mod xml;

use std::fmt;

use serde::Serialize;

use crate::ecosystem::Ecosystem;
use crate::model::Record;

/// Largest document that is decoded, bytes.
pub const MAX_DOCUMENT: usize = 1 << 30;

/// An upstream format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// One OSV record, or a list of them.
    Osv,
    /// Debian's security tracker, the JSON of all packages.
    DebianTracker,
    /// Debian's lists of advisories (`data/DSA/list`, DLA, DTSA).
    DebianAdvisories,
    /// Debian's list of vulnerabilities (`data/CVE/list`).
    DebianCves,
    /// Alpine's secdb, also Wolfi's and Chainguard's.
    Secdb,
    /// CSAF 2.0 advisories and VEX, of Red Hat and SUSE.
    Csaf,
    /// OpenVEX, of Ubuntu.
    OpenVex,
    /// updateinfo.xml of rpm repositories, with Amazon's ALAS.
    UpdateInfo,
    /// OVAL definitions of Debian, Ubuntu, Red Hat, SUSE, Oracle and AlmaLinux.
    Oval,
    /// Ubuntu's API of vulnerabilities.
    UbuntuCves,
    /// Ubuntu's API of notices.
    UbuntuNotices,
    /// One CVE record, version 5, with CISA's container.
    Cve5,
    /// A page or file of the NVD's version 2.0.
    Nvd,
    /// CISA's known exploited vulnerabilities.
    Kev,
    /// FIRST's scores, CSV.
    Epss,
    /// Exploit-DB's list of files, CSV.
    ExploitDb,
    /// Exploit-DB's numbers by CVE id, JSON.
    ExploitMap,
    /// The API of endoflife.date.
    EndOfLife,
    /// Debian's distro-info tables, CSV.
    DistroInfo,
    /// Debian's lists of packages whose support ended or is limited.
    SupportEnded,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 20] = [
        Self::Osv,
        Self::DebianTracker,
        Self::DebianAdvisories,
        Self::DebianCves,
        Self::Secdb,
        Self::Csaf,
        Self::OpenVex,
        Self::UpdateInfo,
        Self::Oval,
        Self::UbuntuCves,
        Self::UbuntuNotices,
        Self::Cve5,
        Self::Nvd,
        Self::Kev,
        Self::Epss,
        Self::ExploitDb,
        Self::ExploitMap,
        Self::EndOfLife,
        Self::DistroInfo,
        Self::SupportEnded,
    ];
}

/// Which file is decoded, for whom.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The feed's name, which the records carry.
    pub feed: &'a str,
    /// The file's name, which faults carry.
    pub file: &'a str,
    /// The release that the file is about, where the format itself does not say it.
    pub ecosystem: Option<&'a Ecosystem>,
}

/// Why a file or a record was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{file}: {}{reason}", if record.is_empty() { String::new() } else { format!("{record}: ") })]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The record within it; empty if it is the whole file.
    pub record: String,
    /// What kind of trouble it is.
    pub code: FaultCode,
    /// What is wrong, in words.
    pub reason: String,
}

/// The kinds of [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// Larger than the bound.
    TooLarge,
    /// An archive or a compressed stream that ends early or does not fit its checksum.
    BadArchive,
    /// Not of a format that is known.
    UnknownFormat,
    /// Not JSON.
    NotJson,
    /// Not XML.
    NotXml,
    /// Not text, or not of the lines that the format asks for.
    NotText,
    /// Of the syntax, but without what the format asks for.
    BadRecord,
    /// A record that names a release, product or version that cannot be understood.
    BadReference,
}

impl FaultCode {
    /// The code that does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::BadArchive => "bad_archive",
            Self::UnknownFormat => "unknown_format",
            Self::NotJson => "not_json",
            Self::NotXml => "not_xml",
            Self::NotText => "not_text",
            Self::BadRecord => "bad_record",
            Self::BadReference => "bad_reference",
        }
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who takes what a decoder finds.
pub trait Sink {
    /// A record.
    fn record(&mut self, record: Record);
    /// A record that was not taken.
    fn fault(&mut self, fault: Fault);
}

/// Keeps everything.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// The records.
    pub records: Vec<Record>,
    /// What was not taken.
    pub faults: Vec<Fault>,
}

impl Sink for Collected {
    fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }
}

impl Origin<'_> {
    pub(crate) fn fault(&self, record: &str, code: FaultCode, reason: impl fmt::Display) -> Fault {
        Fault {
            file: self.file.to_owned(),
            record: common::cut(record, 200),
            code,
            reason: common::cut(&reason.to_string(), 400),
        }
    }
}

/// Decodes one document, which is not compressed.
///
/// # Errors
/// If the file as a whole is not of the format or too large; nothing of it counts then, even if records
/// were handed over already.
pub fn decode(format: Format, origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(origin.fault("", FaultCode::TooLarge, format_args!("larger than {MAX_DOCUMENT} bytes")));
    }
    match format {
        Format::Osv => osv::decode(origin, bytes, sink),
        Format::DebianTracker => debian_tracker::decode(origin, bytes, sink),
        Format::DebianAdvisories => debian_list::advisories(origin, bytes, sink),
        Format::DebianCves => debian_list::cves(origin, bytes, sink),
        Format::Secdb => secdb::decode(origin, bytes, sink),
        Format::Csaf => csaf::decode(origin, bytes, sink),
        Format::OpenVex => openvex::decode(origin, bytes, sink),
        Format::UpdateInfo => updateinfo::decode(origin, bytes, sink),
        Format::Oval => oval::decode(origin, bytes, sink),
        Format::UbuntuCves => ubuntu::cves(origin, bytes, sink),
        Format::UbuntuNotices => ubuntu::notices(origin, bytes, sink),
        Format::Cve5 => cve5::decode(origin, bytes, sink),
        Format::Nvd => nvd::decode(origin, bytes, sink),
        Format::Kev => kev::decode(origin, bytes, sink),
        Format::Epss => epss::decode(origin, bytes, sink),
        Format::ExploitDb => exploits::csv(origin, bytes, sink),
        Format::ExploitMap => exploits::map(origin, bytes, sink),
        Format::EndOfLife => end_of_life::api(origin, bytes, sink),
        Format::DistroInfo => end_of_life::distro_info(origin, bytes, sink),
        Format::SupportEnded => end_of_life::packages(origin, bytes, sink),
    }
}
