//! The running product without a sensor of its own: whose rows are seen, which role reaches what,
//! and what stays behind when parts of it are killed. Needs PostgreSQL; the users need root.

mod access;
mod leftovers;
mod tables;
