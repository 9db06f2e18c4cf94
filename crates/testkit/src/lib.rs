//! What tests share: one private PostgreSQL for all test processes with a fresh pair of databases
//! per test, whole hosts, a real SSH server, AWS as moto plays it, processes that cannot outlive
//! their test, waiting on conditions, unique names, and skipping that is counted.

mod cluster;
mod database;
mod debian_root;
pub mod hosts;
mod moto;
mod names;
mod own_root;
mod reaper;
mod skip;
mod sshd;
mod supervised;
mod vulnerable;
mod wait;

pub use database::TestDb;
pub use debian_root::{Deb, DebianRoot};
pub use moto::{Moto, REGION, SsmCommand};
pub use names::{scratch, unique};
pub use own_root::OwnRoot;
pub use skip::{kernel_available, repository, shared_data, skipped};
pub use sshd::{HostUser, Sshd, ssh_key};
pub use supervised::Supervised;
pub use vulnerable::VulnerableRows;
pub use wait::{Condition, PATIENCE, eventually};
