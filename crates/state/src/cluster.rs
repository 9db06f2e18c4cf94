//! The embedded PostgreSQL: a private cluster in the instance's folder, run by an ordinary user,
//! reachable through a Unix socket only, where the kernel says who connects (peer authentication).

mod files;
mod process;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{CONTROL_DATABASE, DbRole, REGION_DATABASE, Result, StateError, bootstrap, bootstrap_region};

pub use process::{ClusterStatus, find_binaries};

/// The port number that is part of the socket's file name; nothing listens on a network port.
pub const PORT: u16 = 5432;

/// The role that owns the cluster itself; only used to make the other roles and the databases.
pub const SUPERUSER: &str = "palisade_super";

/// The longest path of a Unix socket that the kernel takes.
const MAX_SOCKET_PATH: usize = 107;

/// An ordinary user of the operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsUser {
    /// Name, as the kernel's user database has it.
    pub name: String,
    /// User number.
    pub uid: u32,
    /// Group number.
    pub gid: u32,
}

/// Where a cluster lies and who may connect as what.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// The cluster's data; made when absent. Its parent must be one that `user` can pass.
    pub data_dir: PathBuf,
    /// The folder for the socket; made when absent. Its path may have about 90 bytes.
    pub socket_dir: PathBuf,
    /// Where PostgreSQL writes its log.
    pub log_file: PathBuf,
    /// Who runs PostgreSQL; `None` for the current user, who must not be root then.
    pub user: Option<OsUser>,
    /// The group that may reach the socket; `None` lets every user try, and peer authentication
    /// decide.
    pub socket_group: Option<u32>,
    /// Which user of the operating system may connect as which role. The current user, root and
    /// `user` may connect as every role without being named.
    pub logins: Vec<(String, DbRole)>,
    /// Settings on top of the built-in ones, such as `("max_connections", "200")`.
    pub settings: Vec<(String, String)>,
}

/// What starting did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// The data was made just now.
    pub fresh: bool,
    /// It was running already.
    pub already_running: bool,
}

/// A cluster, running or not.
#[derive(Clone, Debug)]
pub struct Cluster {
    config: ClusterConfig,
}

impl Cluster {
    /// A cluster as described; nothing is touched yet.
    ///
    /// # Errors
    /// `internal` when a path is relative or the socket's path would be too long, or when root
    /// names no ordinary user.
    pub fn new(config: ClusterConfig) -> Result<Self> {
        let socket = config.socket_dir.join(format!(".s.PGSQL.{PORT}"));
        if socket.as_os_str().len() > MAX_SOCKET_PATH {
            return Err(StateError::Cluster(format!(
                "the socket's path {} is longer than the {MAX_SOCKET_PATH} bytes that the kernel takes",
                socket.display()
            )));
        }
        for path in [&config.data_dir, &config.socket_dir, &config.log_file] {
            if !path.is_absolute() {
                return Err(StateError::Cluster(format!("the path {} must be absolute", path.display())));
            }
        }
        if process::current_uid() == 0 && config.user.as_ref().is_none_or(|u| u.uid == 0) {
            return Err(StateError::Cluster("postgresql must run as an ordinary user, not as root".into()));
        }
        Ok(Self { config })
    }

    /// Makes the data where it is missing, writes the configuration, and starts PostgreSQL if it
    /// is not running. A cluster that was killed recovers; what a killed one left behind does not
    /// stand in the way.
    ///
    /// # Errors
    /// `internal` with PostgreSQL's own words when it cannot be made or started.
    pub async fn start(&self) -> Result<Started> {
        let fresh = files::prepare(&self.config).await?;
        files::write_configuration(&self.config)?;
        if self.status().await? == ClusterStatus::Running {
            process::reload(&self.config).await?;
            return Ok(Started { fresh: false, already_running: true });
        }
        process::clear_stale(&self.config).await?;
        process::start(&self.config).await?;
        Ok(Started { fresh, already_running: false })
    }

    /// Starts, then makes roles, databases and tables where they are missing.
    ///
    /// # Errors
    /// Those of [`Cluster::start`] and of [`bootstrap`].
    pub async fn start_with_databases(&self) -> Result<Started> {
        let started = self.start().await?;
        let owner = self.options(DbRole::Owner.name(), CONTROL_DATABASE);
        bootstrap(&self.superuser("postgres"), &owner, CONTROL_DATABASE, REGION_DATABASE).await?;
        Ok(started)
    }

    /// Starts the cluster of a further region, then makes roles, its database and tables where they are
    /// missing.
    ///
    /// # Errors
    /// Those of [`Cluster::start`] and of [`bootstrap_region`].
    pub async fn start_with_region(&self) -> Result<Started> {
        let started = self.start().await?;
        let owner = self.options(DbRole::Owner.name(), REGION_DATABASE);
        bootstrap_region(&self.superuser("postgres"), &owner, REGION_DATABASE).await?;
        Ok(started)
    }

    /// Stops PostgreSQL, ending its connections; within the given time by itself, else at once
    /// (it then recovers at its next start). Nothing happens if it is not running.
    ///
    /// # Errors
    /// `internal` when it cannot be stopped.
    pub async fn stop(&self, within: Duration) -> Result<()> {
        if self.status().await? == ClusterStatus::Running {
            process::stop(&self.config, within).await?;
        }
        Ok(())
    }

    /// Whether PostgreSQL is running.
    ///
    /// # Errors
    /// `internal` when there is no PostgreSQL on this machine.
    pub async fn status(&self) -> Result<ClusterStatus> {
        process::status(&self.config).await
    }

    /// How to connect as a role to a database.
    pub fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.config.socket_dir)
            .port(PORT)
            .username(role)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .application_name(role)
    }

    /// How to connect as the role that owns the cluster.
    pub fn superuser(&self, database: &str) -> PgConnectOptions {
        self.options(SUPERUSER, database)
    }

    /// The folder of the socket.
    pub fn socket_dir(&self) -> &Path {
        &self.config.socket_dir
    }
}
