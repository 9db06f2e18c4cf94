//! Behaviour of the baseline: against OpenSCAP's record, against changed roots, against hostile ones.

mod golden;
mod hostile;
mod live;
mod lynis;
mod mutate;
mod page;
mod world;
