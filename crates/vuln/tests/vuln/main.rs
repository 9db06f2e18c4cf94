//! Behaviour of the crate against recorded truth.
// What was counted is part of what these tests say.
#![allow(clippy::print_stdout)]

mod cases;
mod data;
mod formats;
mod incremental;
mod labels;
mod neighbours;
mod registries;
mod rules;
mod score_fleet;
mod trivy;
mod yaml;
