//! Behaviour of the whole product on this machine. Needs root and a kernel with BTF.

mod console;
mod guests;
mod hosts;
mod lifecycle;
mod queries;
