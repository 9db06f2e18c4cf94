//! Security baselines: checks of a system's configuration as typed probes without a shell, and what they say.
//!
//! A check is data (`checks/*.toml`): words for people, ids of other catalogues, and a probe. A probe only
//! reads: nothing is executed, no link leads out of the root, every file and walk has a bound. What could
//! not be read is `not_evaluated` with a reason, never `compliant`.

mod catalogue;
mod check;
mod condition;
mod error;
pub mod format;
mod host;
mod page;
mod parameter;
mod probe;
mod profile;
mod report;
mod run;
mod told;
mod walk;
mod want;

pub use catalogue::{Catalogue, builtin};
pub use check::{Aspect, Category, Check, References, Severity};
pub use condition::Condition;
pub use error::BaselineError;
pub use host::{Host, Options};
pub use page::catalogue as catalogue_page;
pub use parameter::{Parameter, Scalar, Values};
pub use probe::Probe;
pub use profile::{FORMAT as PROFILE_FORMAT, Profile};
pub use report::{Counts, Evidence, FORMAT, Finding, Reason, Report, State};
pub use run::run;
pub use told::{
    Assigned, Assignment, MAX_ASSIGNED, MAX_ASSIGNMENT, MAX_TOLD, PART, Seen, TOLD_FORMAT, Told,
    default_profile,
};
pub use want::Want;
