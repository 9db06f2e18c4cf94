//! The estate against the rest of the repository, and a whole fleet in simulation.

mod coverage;
mod page;
mod simulation;
mod story;
