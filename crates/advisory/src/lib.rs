//! Vulnerability advisories as data: no I/O, no clock, no network. Bytes come in, findings go out.
//!
//! [`Scheme`] orders versions as each ecosystem's own tools do; [`Purl`] reads package URLs, [`Cvss`] scores
//! vectors.
//! `docs/advisory.md` names the source of every format and formula.

mod container;
mod cvss;
mod decode;
mod ecosystem;
mod model;
mod purl;
mod version;

pub use container::{Limits, documents};
pub use cvss::{Cvss, CvssError, CvssVersion, MAX_VECTOR, Rating};
pub use decode::{Collected, Fault, FaultCode, Format, MAX_DOCUMENT, Origin, Sink, decode};
pub use ecosystem::Ecosystem;
pub use model::{
    Advisory, Affected, Automatable, Cve, End, EndOfLife, Epss, Exploit, Exploitation, Kev, Named, Range,
    Record, Remedy, Severity, Ssvc, Status, TechnicalImpact,
};
pub use purl::{MAX_PURL, Purl, PurlError};
pub use version::{MAX_VERSION, Scheme, VersionCode, VersionError};
