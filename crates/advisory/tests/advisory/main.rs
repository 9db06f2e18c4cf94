//! Behaviour of the crate against recorded truth.

mod cvss;
mod data;
mod decoders;
mod purl;
mod ranges;
mod versions;
