//! Installing, repairing, upgrading and removing the sensor for real: the built program, a root of its
//! own, its supervisor, the kernel, and a server that speaks the real protocol.

mod beside;
mod blocking;
mod crashing;
mod failing;
mod installing;
mod remediating;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../../src/tests/server.rs"]
mod server;
mod upgrading;
mod world;
