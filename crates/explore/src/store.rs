//! Where nodes and edges lie. Everything is in chunks that snapshots share: a clone costs a few counters,
//! and a change copies only the chunks that it touches and that somebody else still holds.

mod column;
mod dictionary;
mod index;
mod leaf;
mod order;
mod packed;
mod relations;
mod set;
mod sizes;
mod spine;
mod state;
mod table;
mod texts;
mod vector;

pub(crate) use column::{Cell, Column};
pub(crate) use dictionary::Dictionary;
pub(crate) use index::Index;
pub(crate) use leaf::{Leaf, Neighbours};
pub(crate) use order::Order;
pub(crate) use packed::Packed;
pub(crate) use relations::Relations;
pub(crate) use set::Set;
pub use sizes::Sizes;
pub(crate) use spine::Spine;
pub(crate) use state::State;
pub(crate) use table::Table;
pub(crate) use texts::Texts;
pub(crate) use vector::Chunked;
