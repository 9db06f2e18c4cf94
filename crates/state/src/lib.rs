//! The state of a Palisade instance in PostgreSQL: tenants, people, sessions, devices, orders, audit.
//!
//! Two databases: `control` (ids, names, routing) and one `region` (everything about people and
//! devices). Row-level security is forced in the region database, and every access goes through a
//! transaction that has set its tenant ([`State::tenant_tx`]), so a forgotten condition returns
//! nothing instead of another tenant's rows. Every function that depends on time is given `now`.
//!
//! Secrets: passwords are kept as Argon2id hashes, every token as a SHA-256 hash. A TOTP secret
//! must be readable to check a code; it lies as it is in columns that of the service roles only
//! `palisade_api` can read.

mod audit;
mod bootstrap;
mod certificates;
pub mod cluster;
mod device_list;
mod devices;
mod enrolment;
mod error;
pub mod health;
mod known_clients;
mod listener;
mod orders;
mod page;
mod password;
mod policy;
mod pool;
mod presence;
mod principal;
mod roles;
mod row;
mod secrets;
mod sessions;
mod setup;
mod sign_in;
mod tenants;
mod throttle;
mod tokens;
mod totp;
mod touch;
mod users;

pub use audit::{Actor, AuditEntry, AuditOutcome, AuditRecord};
pub use bootstrap::{CONTROL_DATABASE, REGION_DATABASE, bootstrap, migrate, migrations_fingerprint};
pub use certificates::{Certificate, CertificateStatus, NewCertificate};
pub use device_list::{DeviceQuery, DeviceSort};
pub use devices::{Component, Device, DeviceFacts, DeviceStatus};
pub use enrolment::{Enrolment, EnrolmentToken, NewEnrolmentToken};
pub use error::StateError;
pub use health::{Health, HealthState};
pub use listener::{ORDERS_CHANNEL, OrderListener, OrderNotice};
pub use orders::{Completed, NewOrder, OrderReceipt, OrderRecord, OrderState};
pub use page::Page;
pub use policy::AuthPolicy;
pub use pool::{State, StateOptions};
pub use principal::{Principal, PrincipalKind, Role};
pub use roles::DbRole;
pub use sessions::Session;
pub use setup::{BeginSetup, ConfirmSetup, SetupInfo, SetupLink, SetupStarted};
pub use sign_in::{SignIn, SignedIn};
pub use tenants::Tenant;
pub use tokens::{ApiToken, NewToken};
pub use totp::totp_code;
pub use touch::{DeviceTouch, HeartbeatUpdate};
pub use users::{NewUser, User, UserState};

/// What every function of this crate returns.
pub type Result<T, E = StateError> = std::result::Result<T, E>;
