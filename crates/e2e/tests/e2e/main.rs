//! Behaviour of the whole product on this machine. Needs root and a kernel with BTF.

mod aws;
mod console;
mod demo_estate;
mod guests;
mod hosts;
mod lifecycle;
mod queries;
mod vulnerabilities;
