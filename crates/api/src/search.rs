//! What somebody may mean by a few letters, and where it is looked for.

pub(crate) mod events;
mod input;

pub(crate) use input::{Input, InputKind};
