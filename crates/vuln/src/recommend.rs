//! What to do first: one recommendation for each fix, with the exact change of both scores, who is exposed, what
//! threatens, and what must start again; and apart from them, what nothing fixes yet. Exceptions take part of it
//! out, for a while and with a reason. Pure: sets of numbered devices go in, typed recommendations come out, no text.
//!
//! A [`Plan`] is made of an [`Estate`]; `docs/exposure-score.md` says how its numbers come about.

mod certificate;
mod exception;
mod gather;
mod input;
mod item;
mod part;
mod plan;
mod restart;
#[cfg(test)]
mod tests;

pub use certificate::{CertificateFacts, EXPIRING, Problem, problems};
pub use exception::{
    Coverage, Exception, ExceptionError, ExceptionStatus, Exceptions, Extent, Justification, MAX_REASON,
    Subject,
};
pub use input::{Certificate, Configuration, End, Estate, Key, Software, Variant};
pub use item::{Change, Kind, Recommendation, Remediation, State, Trend, Unfixed};
pub use plan::{CERTIFICATE_IMPACT, CountedCheck, END_IMPACT, Plan};
pub use restart::Restart;
