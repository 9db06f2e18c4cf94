//! Which security products a machine has, what is wrong with their set-up, and what that means for
//! two recommendations: that an EDR solution is installed, and that its set-up is in order.
//!
//! Facts come as [`HostFacts`], from [`script`]'s output by [`parse`] where there is no sensor, or
//! from the sensor itself. [`recognise`] finds products in them by evidence, [`assess`] judges each,
//! and [`recommend`] says what follows for a machine. `docs/edr.md` explains it for people.

mod action;
mod age;
mod assess;
mod catalogue;
mod code;
mod facts;
mod page;
mod parse;
mod preflight;
mod recognise;
mod recommend;
mod script;
mod summary;
mod value;

pub use action::{Action, Request};
pub use assess::{Assessed, Outcome, SubCheck, Topic, assess};
pub use catalogue::{
    Beside, Check, Confidence, Kind, Missing, Permission, Product, Products, Source, ValueSpec,
    products_known,
};
pub use code::{Reason, Recommendation, State, UnknownRecommendation};
pub use facts::{
    FanotifyUser, FileFact, HostFacts, Manager, Package, Place, Process, Section, SourceState, Unit,
    UnitState,
};
pub use page::page;
pub use parse::{FactsError, MAX_BYTES, MAX_ENTRIES, parse};
pub use preflight::{fanotify_user, products};
pub use recognise::{Found, Misplaced, Recognised, Running, Trace, recognise};
pub use recommend::{Assessment, Own, Subject, recommend};
pub use script::{SCRIPT, lists, with_lists};
pub use summary::{Affected, Counts, MOST_LISTED, Summary};
pub use value::{take, tidy};

#[cfg(test)]
mod tests;
