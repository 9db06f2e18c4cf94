//! The instance: where its parts lie and what was decided when it was made.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use palisade_types::{TenantId, TimeMicros};
use serde::{Deserialize, Serialize};

/// Ports on loopback.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Ports {
    /// Console and API, HTTPS.
    pub console: u16,
    /// The sensors' door, HTTPS with client certificates.
    pub ingest: u16,
    /// Health and metrics, plain HTTP.
    pub admin: u16,
}

/// A further region of the instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionRecord {
    /// Its name.
    pub name: String,
    /// Its own sensors' door.
    pub ingest: u16,
    /// When it was added.
    pub created: TimeMicros,
}

/// What `instance.json` holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Eight lower-case hexadecimal digits; in pins, sockets and names, so that two instances
    /// can live on one machine.
    pub instance_id: String,
    /// Where it listens.
    pub ports: Ports,
    /// The first tenant; unset until the databases were made.
    pub tenant: Option<TenantId>,
    /// The first region, whose cluster holds the control database too.
    pub region: String,
    /// The further regions, in the order in which they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionRecord>,
    /// Where the sensors' doors listen besides loopback.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listen: Vec<IpAddr>,
    /// The names by which machines reach the doors, the one to use first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The port on loopback where programs are served without TLS; none unless it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_http: Option<u16>,
    /// The hosts outside that queries may read files from, as the operator lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_hosts: Vec<String>,
    /// When it was made.
    pub created: TimeMicros,
    /// Whether the supervisor also runs this machine's own sensor.
    pub own_sensor: bool,
}

/// An instance on disk, seen from one of its regions: the first one unless [`Instance::in_region`] says
/// otherwise.
#[derive(Clone, Debug)]
pub struct Instance {
    home: PathBuf,
    /// The further region that is meant; `None` is the first one.
    further: Option<String>,
    /// What was decided when it was made.
    pub record: Record,
}

/// The data folder: the argument, else `PALISADE_HOME`, else `/var/lib/palisade`.
pub fn home(argument: Option<PathBuf>) -> PathBuf {
    let home = argument
        .or_else(|| std::env::var_os("PALISADE_HOME").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("/var/lib/palisade"));
    // The roles work in another folder than the command that starts them.
    std::path::absolute(&home).unwrap_or(home)
}

impl Instance {
    /// Finds the instance in that folder.
    pub fn load(home: &Path) -> Result<Self> {
        let file = home.join("instance.json");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                bail!("no instance in {}: run `palisade up` first", home.display())
            }
            Err(e) => return Err(e).with_context(|| format!("reading {}", file.display())),
        };
        let record = serde_json::from_str(&text).with_context(|| format!("{} is damaged", file.display()))?;
        Ok(Self { home: home.to_owned(), further: None, record })
    }

    /// The same instance, seen from one of its regions.
    pub fn in_region(&self, name: &str) -> Result<Self> {
        let further = match name {
            first if first == self.record.region => None,
            other if self.record.regions.iter().any(|r| r.name == other) => Some(other.to_owned()),
            other => bail!("there is no region {other}: `palisade regions` lists them"),
        };
        Ok(Self { further, ..self.clone() })
    }

    /// The instance seen from each of its regions, the first one first.
    pub fn all_regions(&self) -> Vec<Self> {
        let further = self.record.regions.iter().map(|r| Some(r.name.clone()));
        std::iter::once(None).chain(further).map(|further| Self { further, ..self.clone() }).collect()
    }

    /// The name of the region that is meant.
    pub fn region_name(&self) -> &str {
        self.further.as_deref().unwrap_or(&self.record.region)
    }

    /// Whether it is the instance's first region.
    pub fn is_first_region(&self) -> bool {
        self.further.is_none()
    }

    /// How a role of this region is called: as itself in the first region, `role@region` in others.
    pub fn role_name(&self, role: &str) -> String {
        match &self.further {
            None => role.to_owned(),
            Some(region) => format!("{role}@{region}"),
        }
    }

    /// Writes `instance.json`; it appears whole or not at all.
    pub fn store(home: &Path, record: &Record) -> Result<Self> {
        write_atomic(&home.join("instance.json"), serde_json::to_string_pretty(record)?.as_bytes(), 0o644)?;
        Ok(Self { home: home.to_owned(), further: None, record: record.clone() })
    }

    /// The data folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The first tenant.
    pub fn tenant(&self) -> Result<TenantId> {
        self.record.tenant.context("the instance has no tenant yet: its server never ran")
    }

    /// The folder of the socket of the PostgreSQL that holds the control database.
    pub fn pg_socket_dir(&self) -> PathBuf {
        self.home.join("pg/run")
    }

    /// The folder of the PostgreSQL that holds the region's database: the first region shares one with
    /// the control database, every further one has its own below its root.
    pub fn region_pg_dir(&self) -> PathBuf {
        if self.is_first_region() { self.home.join("pg") } else { self.region().join("pg") }
    }

    /// A file among the secrets.
    pub fn secret(&self, name: &str) -> PathBuf {
        self.home.join("secrets").join(name)
    }

    /// The region's root: log, lake, cursors and everything else that was collected.
    pub fn region(&self) -> PathBuf {
        self.home.join("regions").join(self.region_name())
    }

    /// The region's log.
    pub fn log_dir(&self) -> PathBuf {
        self.region().join("log")
    }

    /// Durable positions of the log's consumers.
    pub fn cursors_dir(&self) -> PathBuf {
        self.region().join("cursors")
    }

    /// What ingest keeps of which batches are known.
    pub fn ingest_dir(&self) -> PathBuf {
        self.region().join("ingest")
    }

    /// Delta tables.
    pub fn lake_dir(&self) -> PathBuf {
        self.region().join("lake")
    }

    /// Rows that queries put aside; each worker has a folder of its own in it.
    pub fn spill_dir(&self) -> PathBuf {
        self.region().join("spill")
    }

    /// Files of hunting: exports by the clock.
    pub fn hunting_dir(&self) -> PathBuf {
        self.region().join("hunting")
    }

    /// Hot rows, on tmpfs.
    pub fn hot_dir(&self) -> PathBuf {
        self.shm_dir().join(match &self.further {
            None => "hot".to_owned(),
            Some(region) => format!("hot-{region}"),
        })
    }

    /// The root of what this instance keeps on tmpfs.
    pub fn shm_dir(&self) -> PathBuf {
        PathBuf::from("/dev/shm").join(format!("palisade-{}", self.record.instance_id))
    }

    /// Sockets, pids, readiness.
    pub fn run_dir(&self) -> PathBuf {
        self.home.join("run")
    }

    /// The socket of the query workers.
    pub fn query_socket(&self) -> PathBuf {
        self.run_dir().join(format!("{}.sock", self.role_name("query")))
    }

    /// The socket on which the api asks the region's connect process for files of hosts outside.
    pub fn external_socket(&self) -> PathBuf {
        self.run_dir().join(format!("{}.sock", self.role_name("external")))
    }

    /// Where a role makes its own sockets; nobody else can put anything there. The api is one for all
    /// regions.
    pub fn role_run_dir(&self, role: &str) -> PathBuf {
        if role == "api" { self.run_dir().join(role) } else { self.run_dir().join(self.role_name(role)) }
    }

    /// A role's admin socket.
    pub fn admin_socket(&self, role: &str) -> PathBuf {
        self.role_run_dir(role).join("admin.sock")
    }

    /// Logs of the roles: a further region's lie below its root.
    pub fn logs_dir(&self) -> PathBuf {
        if self.is_first_region() { self.home.join("logs") } else { self.region().join("logs") }
    }

    /// State of this machine's own sensor.
    pub fn sensor_dir(&self) -> PathBuf {
        self.home.join("sensor")
    }

    /// Executables as installed; users other than root can reach these.
    pub fn bin(&self, name: &str) -> PathBuf {
        self.home.join("bin").join(name)
    }

    /// The console's address.
    pub fn console_url(&self) -> String {
        format!("https://localhost:{}", self.record.ports.console)
    }

    /// The port of the region's sensors' door.
    pub fn ingest_port(&self) -> u16 {
        let further = self.record.regions.iter().find(|r| Some(&r.name) == self.further.as_ref());
        further.map_or(self.record.ports.ingest, |r| r.ingest)
    }

    /// Where the region's sensors' door listens besides loopback.
    pub fn door_addresses(&self) -> Vec<SocketAddr> {
        self.record.listen.iter().map(|ip| SocketAddr::from((*ip, self.ingest_port()))).collect()
    }

    /// The region's sensors' door as other machines reach it.
    pub fn door_url(&self) -> String {
        let listens = self.record.listen.iter().find(|ip| !ip.is_unspecified());
        let host = match (self.record.names.first(), listens) {
            (Some(name), _) => name.clone(),
            (None, Some(IpAddr::V6(ip))) => format!("[{ip}]"),
            (None, Some(ip)) => ip.to_string(),
            (None, None) => "localhost".into(),
        };
        format!("https://{host}:{}", self.ingest_port())
    }

    /// The region's sensors' door, on this machine.
    pub fn ingest_url(&self) -> String {
        format!("https://localhost:{}", self.ingest_port())
    }
}

/// Writes a file beside its place and renames it, synced.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    use std::io::Write;
    let dir = path.parent().context("the path has a folder")?;
    let temp = dir.join(format!(
        ".{}.{}",
        path.file_name().unwrap_or_default().to_string_lossy(),
        std::process::id()
    ));
    let write = || -> std::io::Result<()> {
        let mut f = fs::File::create(&temp)?;
        f.set_permissions(fs::Permissions::from_mode(mode))?;
        f.write_all(bytes)?;
        f.sync_all()?;
        fs::rename(&temp, path)?;
        fs::File::open(dir)?.sync_all()
    };
    write().with_context(|| format!("writing {}", path.display()))
}
