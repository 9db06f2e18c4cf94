//! What an inventory's packages are vulnerable to, how much that exposes, and what to fix first; without I/O.
//!
//! [`IndexBuilder`] takes what `palisade_advisory` decodes and [`Index`] holds it by the keys under which packages
//! look it up. [`read()`] makes [`Component`]s of an inventory, [`Index::matches`] says what each one has and
//! [`Index::explain`] why. [`Matcher`] keeps the answers for a whole fleet and judges again only what a change touches.
//! `docs/vulnerabilities.md` says by which rules.

/// What to fix first, and what it brings.
pub mod recommend;
/// Carrying a fix out on many machines: who is next, and when to stop.
pub mod remediation;
/// The exposure score and the secure score for devices.
pub mod score;

mod case;
mod component;
mod error;
mod finding;
mod index;
mod judge;
mod matcher;
mod read;

pub use case::{Case, CaseVerdict};
pub use component::{Component, Installed, KernelPart, Owner};
pub use error::{VulnCode, VulnError};
pub use finding::{AdvisoryRef, Feed, Finding, KernelState, Known, Presence, Unassessed};
pub use index::{AdvisoryChange, Index, IndexBuilder, IndexSizes, Ranks};
pub use judge::{Assessment, Hit};
pub use matcher::{Delta, Expanded, FeedUpdate, Matcher, MatcherSizes, TupleDelta};
pub use read::{
    BadItem, InventoryFormat, MAX_COMPONENTS, MAX_INVENTORY, ReadInventory, from_inventory, read,
};
