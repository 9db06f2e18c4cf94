//! How machines are found and reached.
//!
//! A [`Connector`] lists machines and does on one of them what the reconciler asks for. [`Ssh`] logs
//! in with the OpenSSH client, [`Aws`] asks EC2 and SSM, [`Onboarding`] reaches nothing: its machines
//! come by themselves, by a script, a package or a cloud's user data ([`onboard`], [`package`]).
//! [`webhook`] sends to whom a tenant wants told of what changed, [`external`] fetches what queries read from outside.
//! What went wrong is always a [`palisade_estate::health::Cause`]. Nothing here touches a database:
//! the role that calls it does. `docs/estate.md` explains the concepts.

#[cfg(feature = "reach")]
mod aws;
#[cfg(feature = "reach")]
mod connector;
mod ec2;
#[cfg(feature = "reach")]
mod error;
#[cfg(feature = "reach")]
pub mod external;
#[cfg(feature = "reach")]
pub mod onboard;
#[cfg(feature = "reach")]
mod outcome;
#[cfg(feature = "reach")]
mod outward;
#[cfg(feature = "reach")]
pub mod package;
#[cfg(feature = "reach")]
mod process;
mod said;
#[cfg(feature = "reach")]
mod scan;
#[cfg(feature = "reach")]
mod script;
#[cfg(feature = "reach")]
pub mod secret;
#[cfg(feature = "reach")]
mod ssh;
#[cfg(feature = "reach")]
pub mod webhook;

#[cfg(feature = "reach")]
pub use aws::{Aws, AwsSettings};
#[cfg(feature = "reach")]
pub use connector::{
    Artefact, Connector, Cursor, Listed, Notice, Page, Place, Report, Reports, Server, Work,
};
pub use ec2::{Answer as Ec2Answer, Fault, Instance, decode_fault, decode_instances, is_instance_id};
#[cfg(feature = "reach")]
pub use error::ConnectorError;
#[cfg(feature = "reach")]
pub use onboard::{Invitation, Onboarding};
pub use said::{MAX_ANSWER, Said};
#[cfg(feature = "reach")]
pub use scan::{MAX_INVENTORY, ScanFailed, ScanWork, Scanned};
#[cfg(feature = "reach")]
pub use ssh::{HostKey, InventoryForm, KeySource, SeenKey, Ssh, SshSettings};
