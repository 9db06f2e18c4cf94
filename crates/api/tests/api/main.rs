//! Behaviour of the whole service: real PostgreSQL, the real router, requests as they come.

mod accounts;
mod devices;
mod edge;
mod events;
mod hunting;
mod openapi;
mod orders;
mod recorder;
mod tokens;
mod walk;
mod world;
