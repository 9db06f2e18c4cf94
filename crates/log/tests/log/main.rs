//! Behaviour of the log: what survives cuts, kills, full disks and other processes.

mod common;
mod cuts;
mod erasing;
mod processes;
mod properties;
mod room;
mod seeds;
