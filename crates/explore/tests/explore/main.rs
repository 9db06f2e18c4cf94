//! The explorer from outside: queries over small estates, and against a plain model.
#![allow(clippy::unwrap_used)]

mod document;
mod estate;
mod exposure;
mod model;
mod paging;
mod refusals;
mod snapshots;
mod templates;
