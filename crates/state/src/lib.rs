//! The state of a Palisade instance in PostgreSQL: tenants, people, sessions, devices, orders, audit.
//!
//! One database `control` (ids, names, routing), and one `region` for each region (everything about
//! people and devices), the further ones in clusters of their own. Row-level security is forced in a
//! region's database, and every access goes through a transaction that has set its tenant
//! ([`State::tenant_tx`], which also finds the region), so a forgotten condition returns nothing
//! instead of another tenant's rows. Every function that depends on time is given `now`.
//!
//! Secrets: passwords are kept as Argon2id hashes, every token as a SHA-256 hash. A TOTP secret
//! must be readable to check a code; it lies as it is in columns that of the service roles only
//! `palisade_api` can read.

mod assessment;
mod audit;
mod bootstrap;
mod certificates;
pub mod cluster;
mod counts;
mod device_list;
mod device_scope;
mod devices;
mod enrolment;
mod error;
pub mod estate;
mod groups;
pub mod health;
pub mod hunting;
pub mod hunting_exports;
pub mod hunting_uploads;
mod instance_audit;
mod inventories;
mod known_clients;
mod limits;
mod listener;
mod metering;
pub mod notifications;
mod orders;
mod page;
mod password;
mod plans;
mod policy;
mod pool;
mod presence;
mod principal;
mod rate_cards;
pub mod remediations;
mod roles;
mod row;
mod search;
mod secrets;
mod sessions;
mod setup;
mod sign_in;
mod tenants;
mod throttle;
mod tokens;
mod totp;
mod touch;
mod transfers;
mod usage;
mod users;
pub mod vulnerabilities;
mod wipe;

pub use assessment::{
    ActiveException, AssessmentBasis, AssessmentWrite, BaselineCheckRow, BaselinePoint, ComponentRow,
    DeviceBaselineRow, DeviceComponentsRow, ExposurePoint, ExposureRow, FeedStateRow, FindingRow,
    KeptPosture, PostureWrite, RecommendationRow, SecureCheckRow, SecurePoint, SecureScoreRow,
    VulnerabilityRow,
};
pub use audit::{Actor, AuditEntry, AuditOutcome, AuditRecord};
pub use bootstrap::{
    CONTROL_DATABASE, REGION_DATABASE, bootstrap, bootstrap_region, migrate, migrations_fingerprint,
};
pub use certificates::{Certificate, CertificateStatus, NewCertificate};
pub use counts::{SubscriptionCounts, TenantCounts};
pub use device_list::{DeviceQuery, DeviceSort};
pub use device_scope::DeviceScope;
pub use devices::{Component, Device, DeviceFacts, DeviceSource, DeviceStatus};
pub use enrolment::{Enrolment, EnrolmentToken, NewEnrolmentToken};
pub use error::StateError;
pub use groups::{
    DeviceGroup, GroupOfDevice, GroupPreview, MAX_DEVICE_GROUPS, NewDeviceGroup, PreviewedDevice,
};
pub use health::{Health, HealthState};
pub use instance_audit::InstanceDeed;
pub use inventories::{InventoryList, InventoryTouched, InventoryUpdate, KeptInventory};
pub use listener::{ORDERS_CHANNEL, OrderListener, OrderNotice};
pub use metering::{METER_WINDOW, Metered};
pub use orders::{Completed, NewOrder, OrderReceipt, OrderRecord, OrderState};
pub use page::Page;
pub use policy::AuthPolicy;
pub use pool::{FIRST_REGION, State, StateOptions};
pub use principal::{Principal, PrincipalKind, Role};
pub use rate_cards::KeptRateCard;
pub use roles::DbRole;
pub use search::{DeviceHit, MachineHit, NamedHit, SearchRange, UserHit};
pub use sessions::Session;
pub use setup::{BeginSetup, ConfirmSetup, SetupInfo, SetupLink, SetupStarted};
pub use sign_in::{SignIn, SignedIn};
pub use tenants::Tenant;
pub use tokens::{ApiToken, NewToken, TokenScope};
pub use totp::totp_code;
pub use touch::{DeviceTouch, HeartbeatUpdate};
pub use transfers::{Transfer, TransferPlan, TransferState};
pub use usage::{Usage, UsageBy, UsageQuery, UsageRow};
pub use users::{NewUser, User, UserChange, UserState};
pub use wipe::{TableSearch, Wiped, scrub, search_tables, wipe_rows};

/// What every function of this crate returns.
pub type Result<T, E = StateError> = std::result::Result<T, E>;
