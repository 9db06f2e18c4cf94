//! The estate against the rest of the repository, and a whole fleet in simulation.

mod coverage;
mod edr;
mod page;
mod simulation;
mod story;
