//! Blocking vulnerable applications: programs of packages in a named range of versions are denied, or
//! reported when they run (`docs/application-blocking.md`).
//!
//! Four parts, each of which may fail without hurting the host. The list in force lies in the state folder
//! ([`list`]). A process of its own finds the files of the packages ([`resolver`]); another one, small and with
//! locked memory, answers the kernel ([`responder`]), and everything unclear is allowed. A thread of the sensor
//! that opens no file kills that one when it is silent ([`watchdog`]), which lets all that waits go on.

pub mod arm;
pub mod control;
pub mod event;
pub mod list;
pub mod resolver;
pub mod responder;
mod safe;
mod view;
mod watchdog;
mod words;

pub use control::Applications;
