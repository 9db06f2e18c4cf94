//! The command line.

mod agentless;
mod baselines;
mod blocks;
mod client;
mod demo;
mod device_groups;
mod estate;
mod explore;
mod exposure;
mod feeds;
mod hunting;
mod kql;
mod lifecycle;
mod notifications;
mod orders;
pub(crate) mod output;
mod query;
mod regions;
mod remediations;
mod search;
mod tenants;
mod transfer;
mod usage;
mod vuln;

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
    /// The tenant that is meant, by its name [default: the one that nobody has to name].
    #[arg(long, global = true)]
    tenant: Option<String>,
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
    /// Add a region.
    #[command(subcommand)]
    Region(regions::RegionCommand),
    /// List the regions.
    Regions {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make, list and reset tenants.
    #[command(subcommand)]
    Tenant(tenants::TenantCommand),
    /// Send counts and pseudonyms of all regions to one folder; off unless switched on.
    #[command(subcommand)]
    Export(crate::export::ExportCommand),
    /// Run a hunting query.
    Query(query::QueryArgs),
    /// List devices.
    Devices {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// List, make and change subscriptions.
    #[command(subcommand)]
    Subscriptions(estate::SubscriptionsCommand),
    /// List, make, test and roll out connectors.
    #[command(subcommand)]
    Connectors(estate::ConnectorsCommand),
    /// List machines and do something about them.
    #[command(subcommand)]
    Machines(estate::MachinesCommand),
    /// Scan machines without a sensor over SSH: switch it, see how it stands, ask for a scan.
    #[command(subcommand)]
    Agentless(agentless::AgentlessCommand),
    /// Say of each machine whether it is healthy, and if not, why and what to do.
    Health(estate::HealthArgs),
    /// Look for a name, address, user, file or hash in all that is known.
    Search(search::SearchArgs),
    /// List, make and change device groups.
    #[command(subcommand)]
    DeviceGroups(device_groups::DeviceGroupsCommand),
    /// Functions that queries call, saved queries, and the hosts that queries may read from.
    #[command(subcommand)]
    Hunting(hunting::HuntingCommand),
    /// Ask a question about the estate as a graph.
    Explore(explore::ExploreArgs),
    /// Print metered machine-hours and what they cost.
    Usage(usage::UsageArgs),
    /// Compare versions and match inventories against advisories, offline.
    #[command(subcommand)]
    Vuln(vuln::VulnCommand),
    /// Check or run queries without a server: JSON lines in and out.
    #[command(subcommand)]
    Kql(kql::KqlCommand),
    /// Fetch, carry and watch what is published about vulnerabilities.
    Feeds(feeds::FeedsArgs),
    /// List the vulnerabilities that devices have.
    Vulnerabilities(exposure::ListArgs),
    /// List what is installed on devices.
    Software(exposure::ListArgs),
    /// List what to do about vulnerabilities, most effect first.
    Recommendations(exposure::ListArgs),
    /// Print how exposed devices are.
    Exposure(exposure::ExposureArgs),
    /// List what changed the organisation's exposure, newest first.
    VulnerabilityEvents(notifications::EventsArgs),
    /// Findings that were reported as wrong, a line of JSON each: cases to test the matcher with.
    VulnerabilityCases,
    /// List and make webhooks and rules; what was sent and how that went.
    #[command(subcommand)]
    Notifications(notifications::NotificationsCommand),
    /// Take recommendations on, have sensors carry them out, see how far they are.
    #[command(subcommand)]
    Remediations(remediations::RemediationsCommand),
    /// Warn of vulnerable applications or block them; see on which devices that holds.
    #[command(subcommand)]
    Blocks(blocks::BlocksCommand),
    /// List, import, assign security baselines; what devices found by them.
    #[command(subcommand)]
    Baselines(baselines::BaselinesCommand),
    /// Send an order to a device and wait for its receipt.
    Order(orders::OrderArgs),
    /// Run 20 harmless commands as two users and check that each was recorded.
    Demo,
    /// One role; started by `serve`.
    #[command(hide = true)]
    Role {
        #[arg(value_enum)]
        role: RoleName,
        /// The region that it works for [default: the first one].
        #[arg(long)]
        region: Option<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Ingest,
    Lake,
    Api,
    Query,
    Estate,
    Connect,
    Vuln,
    Feeds,
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
    // Offline commands need no instance and no runtime, and say more by their exit code.
    let done = match &cli.command {
        Command::Vuln(command) => vuln::run(command),
        Command::Kql(command) => kql::run(command),
        Command::Feeds(args) => feeds::run(&instance::home(cli.home.clone()), args),
        _ => dispatch(cli).map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        Err(e) => {
            output::error(&format!("{e:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Result<()> {
    let home = instance::home(cli.home);
    if let Command::Role { role: RoleName::Query, region } = &cli.command {
        log_to_stderr("warn");
        return roles::query::run(&of_region(&home, region.as_deref())?);
    }
    let server = matches!(cli.command, Command::Serve | Command::Role { .. });
    log_to_stderr(if server { "info" } else { "warn" });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let tenant = cli.tenant.as_deref();
        if let (Some(name), true) = (tenant, cli.command.asks_the_api()) {
            // A tenant makes itself when its first subscription connects; its region is fixed by that.
            let new = match &cli.command {
                Command::Subscriptions(command) => command.new_in_region(),
                _ => None,
            };
            client::act_in(&Instance::load(&home)?, name, new).await?;
        }
        match cli.command {
            Command::Up(args) => lifecycle::up(&home, args).await,
            Command::Down => lifecycle::down(&home).await,
            Command::Status => lifecycle::status(&home).await,
            Command::Serve => supervisor::serve(crate::init::ensure(&home)?).await,
            Command::SetupLink => lifecycle::setup_link(&Instance::load(&home)?, tenant).await,
            Command::EnrolmentToken { expires_in_hours, max_uses } => {
                let instance = Instance::load(&home)?;
                lifecycle::enrolment_token(&instance, tenant, expires_in_hours, max_uses).await
            }
            Command::Region(command) => regions::run(Instance::load(&home)?, command).await,
            Command::Regions { format } => regions::list(&Instance::load(&home)?, format).await,
            Command::Tenant(command) => Box::pin(tenants::run(Instance::load(&home)?, command)).await,
            Command::Export(command) => crate::export::run(&Instance::load(&home)?, command).await,
            Command::Query(args) => query::run(&Instance::load(&home)?, args).await,
            Command::Devices { format } => query::devices(&Instance::load(&home)?, format).await,
            Command::Usage(args) => usage::run(&Instance::load(&home)?, args).await,
            Command::Subscriptions(command) => {
                Box::pin(estate::subscriptions(&Instance::load(&home)?, command)).await
            }
            Command::Connectors(command) => estate::connectors(&Instance::load(&home)?, command).await,
            Command::Machines(command) => estate::machines(&Instance::load(&home)?, command).await,
            Command::Agentless(command) => agentless::run(&Instance::load(&home)?, command).await,
            Command::Health(args) => estate::health(&Instance::load(&home)?, args).await,
            Command::Search(args) => search::run(&Instance::load(&home)?, args).await,
            Command::DeviceGroups(command) => device_groups::run(&Instance::load(&home)?, command).await,
            Command::Hunting(command) => hunting::run(&Instance::load(&home)?, command).await,
            Command::Explore(args) => explore::run(&Instance::load(&home)?, args).await,
            Command::Vulnerabilities(args) => {
                exposure::list(&Instance::load(&home)?, exposure::List::Vulnerabilities, args).await
            }
            Command::Software(args) => {
                exposure::list(&Instance::load(&home)?, exposure::List::Software, args).await
            }
            Command::Recommendations(args) => {
                exposure::list(&Instance::load(&home)?, exposure::List::Recommendations, args).await
            }
            Command::Exposure(args) => exposure::exposure(&Instance::load(&home)?, args).await,
            Command::VulnerabilityCases => exposure::cases(&Instance::load(&home)?).await,
            Command::VulnerabilityEvents(args) => notifications::events(&Instance::load(&home)?, args).await,
            Command::Notifications(command) => notifications::run(&Instance::load(&home)?, command).await,
            Command::Remediations(command) => remediations::run(&Instance::load(&home)?, command).await,
            Command::Blocks(command) => blocks::run(&Instance::load(&home)?, command).await,
            Command::Baselines(command) => baselines::run(&Instance::load(&home)?, command).await,
            Command::Order(args) => orders::run(&Instance::load(&home)?, args).await,
            Command::Vuln(_) | Command::Feeds(_) | Command::Kql(_) => unreachable!("run before"),
            Command::Demo => demo::run(&Instance::load(&home)?).await,
            Command::Role { role, region } => {
                let instance = of_region(&home, region.as_deref())?;
                match role {
                    RoleName::Ingest => roles::ingest::run(instance).await,
                    RoleName::Lake => Box::pin(roles::lake::run(instance)).await,
                    RoleName::Api => roles::api::run(instance).await,
                    RoleName::Estate => Box::pin(roles::estate::run(instance)).await,
                    RoleName::Connect => roles::connect::run(instance).await,
                    RoleName::Feeds => roles::feeds::run(instance).await,
                    RoleName::Vuln => Box::pin(roles::vuln::run(instance)).await,
                    RoleName::Query => unreachable!("dispatched above"),
                }
            }
        }
    })
}

impl Command {
    /// Whether it works through the API, for which it needs a credential of the tenant that is meant.
    fn asks_the_api(&self) -> bool {
        !matches!(
            self,
            Self::Up(_)
                | Self::Down
                | Self::Serve
                | Self::Status
                | Self::SetupLink
                | Self::EnrolmentToken { .. }
                | Self::Region(_)
                | Self::Regions { .. }
                | Self::Tenant(_)
                | Self::Export(_)
                | Self::Demo
                | Self::Hunting(hunting::HuntingCommand::ExternalHosts(_))
                | Self::Vuln(_)
                | Self::Kql(_)
                | Self::Feeds(_)
                | Self::Role { .. }
        )
    }
}

/// The instance as a role of that region sees it.
fn of_region(home: &std::path::Path, region: Option<&str>) -> Result<Instance> {
    let instance = Instance::load(home)?;
    match region {
        Some(name) => instance.in_region(name),
        None => Ok(instance),
    }
}

fn log_to_stderr(default: &str) {
    let filter = EnvFilter::try_from_env("PALISADE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
