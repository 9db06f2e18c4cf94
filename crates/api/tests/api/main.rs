//! Behaviour of the whole service: real PostgreSQL, the real router, requests as they come.

mod accounts;
mod contract;
mod devices;
mod edge;
mod events;
mod hunting;
mod orders;
mod recorder;
mod tokens;
mod walk;
mod world;
