//! Behaviour of the lake: what goes in by the log comes out by pins, once and whole.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout)]

mod codes;
mod compaction;
mod corpus;
mod facts;
mod groups;
mod kill;
mod limits;
mod pins;
mod projection;
mod replay;
mod room;
mod run;
mod terms;
