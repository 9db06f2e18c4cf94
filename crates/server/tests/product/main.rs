//! The running product without a sensor of its own: whose rows are seen, which role reaches what, what queries
//! read from outside, what stays behind when parts of it are killed, and what lies where when it has two
//! regions. Needs PostgreSQL; the users need root.

mod access;
mod addresses;
mod console;
mod exports;
mod external;
mod feeds;
mod functions;
mod leftovers;
mod limited;
mod regions;
mod tables;
mod views;
