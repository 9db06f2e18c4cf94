//! The script that gathers facts, run for real: its lists, this machine, and file systems made as
//! dpkg and rpm make them.

mod actions;
mod bits;
mod image;
mod live;
mod script;
