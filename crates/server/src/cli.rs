//! The command line.

mod client;
mod demo;
mod lifecycle;
mod orders;
mod output;
mod query;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::instance::{self, Instance};
use crate::{roles, supervisor};

#[derive(Parser)]
#[command(name = "palisade", version, about = "Palisade: self-hosted security for servers")]
struct Cli {
    /// The instance's data folder [default: $PALISADE_HOME, else /var/lib/palisade].
    #[arg(long, global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create the instance if there is none, start everything in the background, enrol this
    /// machine's own sensor, wait for the first event, print the console's address.
    Up(lifecycle::UpArgs),
    /// End everything that `up` started; the data stays.
    Down,
    /// Run the server in the foreground: PostgreSQL and all roles.
    Serve,
    /// Say what runs and whether it is ready.
    Status,
    /// Print a new one-time set-up link for an administrator.
    SetupLink,
    /// Create a token with which sensors enrol.
    EnrolmentToken {
        /// Hours that it is valid.
        #[arg(long, default_value_t = 24)]
        expires_in_hours: u32,
        /// How many sensors may use it.
        #[arg(long, default_value_t = 1)]
        max_uses: u32,
    },
    /// Run a hunting query.
    Query(query::QueryArgs),
    /// List devices.
    Devices {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Send an order to a device and wait for its receipt.
    Order(orders::OrderArgs),
    /// Run 20 harmless commands as two users and check that each was recorded.
    Demo,
    /// One role; started by `serve`.
    #[command(hide = true)]
    Role {
        #[arg(value_enum)]
        role: RoleName,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Ingest,
    Lake,
    Api,
    Query,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated, RFC 4180.
    Csv,
}

/// Parses, runs, reports.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            output::error(&format!("{e:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Result<()> {
    let home = instance::home(cli.home);
    if let Command::Role { role: RoleName::Query } = cli.command {
        log_to_stderr("warn");
        return roles::query::run(&Instance::load(&home)?);
    }
    let server = matches!(cli.command, Command::Serve | Command::Role { .. });
    log_to_stderr(if server { "info" } else { "warn" });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Up(args) => lifecycle::up(&home, args).await,
            Command::Down => lifecycle::down(&home).await,
            Command::Status => lifecycle::status(&home).await,
            Command::Serve => supervisor::serve(crate::init::ensure(&home)?).await,
            Command::SetupLink => lifecycle::setup_link(&Instance::load(&home)?).await,
            Command::EnrolmentToken { expires_in_hours, max_uses } => {
                lifecycle::enrolment_token(&Instance::load(&home)?, expires_in_hours, max_uses).await
            }
            Command::Query(args) => query::run(&Instance::load(&home)?, args).await,
            Command::Devices { format } => query::devices(&Instance::load(&home)?, format).await,
            Command::Order(args) => orders::run(&Instance::load(&home)?, args).await,
            Command::Demo => demo::run(&Instance::load(&home)?).await,
            Command::Role { role } => {
                let instance = Instance::load(&home)?;
                match role {
                    RoleName::Ingest => roles::ingest::run(instance).await,
                    RoleName::Lake => roles::lake::run(instance).await,
                    RoleName::Api => roles::api::run(instance).await,
                    RoleName::Query => unreachable!("dispatched above"),
                }
            }
        }
    })
}

fn log_to_stderr(default: &str) {
    let filter = EnvFilter::try_from_env("PALISADE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
