//! Behaviour of the whole service: real PostgreSQL, the real router, requests as they come.

mod accounts;
mod devices;
mod edge;
mod events;
mod groups;
mod hunting;
mod openapi;
mod orders;
mod people;
mod recorder;
mod tokens;
mod usage;
mod walk;
mod world;
