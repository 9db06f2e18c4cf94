//! Behaviour of the shared tools.

mod reaping;
