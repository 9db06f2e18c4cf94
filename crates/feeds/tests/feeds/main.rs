//! Feeds from a loopback upstream, by hand and by bundle, with everything that goes wrong on the way.

mod addresses;
mod bundle;
mod crash;
mod data;
mod fetch;
mod formats;
mod page;
mod read;
mod refuse;
mod schedule;
mod upstream;
mod world;
