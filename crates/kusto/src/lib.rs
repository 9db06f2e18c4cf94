//! The Kusto wire protocol: answers, request properties and management commands; pure.
//!
//! Nothing here runs a query or knows who asks. [`v1`] and [`v2`] write answers, [`error`] refusals,
//! [`properties`] reads what a client asks for beside its query, [`statements`] what the query's own first
//! statements ask for, and [`command`] reads management commands, which [`schema`] answers.
//!
//! The formats are those of the public REST interface, as its official clients for Python and Node.js
//! read them (azure-kusto-python and azure-kusto-node, MIT), and as their tests show servers' answers.

pub mod command;
pub mod error;
pub mod properties;
pub mod schema;
pub mod statements;
pub mod table;
pub mod timespan;
pub mod v1;
pub mod v2;

mod status;

pub use command::{Command, CommandError};
pub use error::OneApiError;
pub use properties::{DynamicForm, Properties};
pub use status::Completion;
pub use table::{Column, Kind, Table};
