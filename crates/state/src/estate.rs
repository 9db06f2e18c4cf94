//! The estate in the region's database: subscriptions, connectors, machines, findings and tasks.
//!
//! The API writes what people decide (subscriptions, connectors, a machine's tags and switches) and
//! asks for deeds by [`Request`]s. The estate process alone writes what follows from it
//! (`machine_state`, findings, tasks); the connect process writes listings and outcomes.

mod agentless;
mod connectors;
pub mod facts;
mod findings;
mod follow;
mod host_keys;
mod inventory;
mod machine_list;
mod machines;
mod products;
mod recommendations;
mod requests;
mod settings;
mod subscriptions;
mod tasks;

pub use agentless::{
    AgentlessCounts, AgentlessStand, AgentlessSwitch, Found, ScanOutcome, ScanPast, ScanSubject, WantedScan,
    agentless_device,
};
pub use connectors::{Connector, ConnectorCounts, ConnectorState, NewConnector};
pub use findings::{FindingCount, FindingPast, FindingRow, TrendQuery, UnhealthyKinds};
pub use follow::{DeviceView, MachineKept, MachineWrite, Raised};
pub use host_keys::HostKey;
pub use inventory::MachineEntry;
pub use machine_list::{MachineQuery, MachineSort, MachineSummary};
pub use machines::{Listed, Machine, MachineChange, Placement};
pub(crate) use machines::{decoded, encoded};
pub(crate) use products::write_of_devices;
pub use products::{FactsBy, KnownProducts, ProductsLook, WantedLook};
pub use recommendations::{AffectedQuery, AffectedRow, Assessed, ExplorerStand, StandRow};
pub(crate) use requests::wake;
pub use requests::{EstateListener, Request};
pub use settings::{HEALTH_THRESHOLDS, PLAN_ENFORCEMENT};
pub(crate) use subscriptions::read as read_subscription;
pub use subscriptions::{NewSubscription, Subscription, SubscriptionChange};
pub use tasks::{NewTask, Task, TaskOutcome, TaskRow};

/// The estate's channel for notifications: something waits for the estate or the connect process.
pub const ESTATE_CHANNEL: &str = "palisade_estate";
