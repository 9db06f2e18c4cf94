//! An instance of two regions: no byte of a region's data lies outside it, a tenant that is reset is
//! gone, a subscription moves between tenants of two regions, and the central export tells nothing but
//! counts and pseudonyms.

mod bytes;
mod export;
mod moving;
mod resetting;
#[allow(dead_code, reason = "the server's own search, of which its tests need a part")]
#[path = "../../src/scan.rs"]
mod scan;
mod world;
