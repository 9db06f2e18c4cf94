//! One PostgreSQL for every test process of this user on this machine.
//!
//! Whoever needs it first starts it, under a lock. Every process that uses it holds a shared lock
//! for its life; a small keeper process waits for the last of them, gives the next test a moment to
//! come, then ends the cluster and removes it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::fcntl::{Flock, FlockArg};
use palisade_state::cluster::{Cluster, ClusterConfig, OsUser};
use palisade_state::{DbRole, bootstrap, migrations_fingerprint};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// Ends the cluster when nobody has used it for a while. Locks are taken in the order of
/// [`Shared::attach`].
const KEEPER: &str = r#"
dir=$1
exec 9>>"$dir/keeper"
flock -n 9 || exit 0
while :; do
    exec 8>>"$dir/users"
    flock -x 8
    exec 8>&-
    sleep 15
    exec 7>>"$dir/lock"
    flock -x 7
    exec 8>>"$dir/users"
    if flock -n -x 8; then
        pid=$(head -n 1 "$dir/pg/data/postmaster.pid" 2>/dev/null)
        if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$dir/pg/data" ]; then
            kill -QUIT "$pid"
            while [ "$(readlink "/proc/$pid/cwd")" = "$dir/pg/data" ]; do sleep 0.1; done
        fi
        rm -rf "$dir/pg"
        exit 0
    fi
    exec 8>&- 7>&-
done
"#;

/// The shared cluster, in use by this process for as long as the value lives.
pub(crate) struct Shared {
    pub(crate) cluster: Cluster,
    /// The names of the template databases, control and region.
    pub(crate) templates: [String; 2],
    _in_use: Flock<File>,
}

fn lock_file(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}

fn lock(path: &Path, how: FlockArg) -> Result<Flock<File>> {
    Flock::lock(lock_file(path)?, how)
        .map_err(|(_, e)| e)
        .with_context(|| format!("cannot lock {}", path.display()))
}

/// The folder that this user's test processes share.
fn folder() -> Result<PathBuf> {
    let uid = nix::unistd::geteuid();
    let dir = std::env::temp_dir().canonicalize()?.join(format!("palisade-tests-{uid}"));
    match fs::create_dir(&dir) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            return Err(e).context("cannot make the tests' folder");
        }
        _ => {}
    }
    let meta = fs::symlink_metadata(&dir)?;
    ensure!(meta.is_dir() && meta.uid() == uid.as_raw(), "{} belongs to someone else", dir.display());
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755))?;
    Ok(dir)
}

/// Who runs PostgreSQL: an ordinary user that exists when we are root, else ourselves.
fn ordinary_user() -> Result<Option<OsUser>> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = nix::unistd::User::from_name(name)? {
            return Ok(Some(OsUser { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
        }
    }
    anyhow::bail!("there is neither a user postgres nor nobody to run PostgreSQL as")
}

impl Shared {
    /// Starts the cluster where it is not running, makes this build's templates where they are
    /// missing, and holds it for this process.
    pub(crate) async fn attach() -> Result<Self> {
        let dir = folder()?;
        let (starting, in_use) = tokio::task::spawn_blocking({
            let dir = dir.clone();
            move || {
                Ok::<_, anyhow::Error>((
                    lock(&dir.join("lock"), FlockArg::LockExclusive)?,
                    lock(&dir.join("users"), FlockArg::LockShared)?,
                ))
            }
        })
        .await??;
        let pg = dir.join("pg");
        let setting = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let cluster = Cluster::new(ClusterConfig {
            data_dir: pg.join("data"),
            socket_dir: pg.join("run"),
            log_file: pg.join("log"),
            user: ordinary_user()?,
            socket_group: None,
            logins: Vec::new(),
            // What a power cut would lose is only tests.
            settings: vec![
                setting("fsync", "off"),
                setting("synchronous_commit", "off"),
                setting("full_page_writes", "off"),
                setting("max_connections", "300"),
            ],
        })?;
        if let Err(first) = cluster.start().await {
            fs::remove_dir_all(&pg).ok();
            cluster.start().await.with_context(|| format!("a second time, after: {first}"))?;
        }
        let fingerprint = migrations_fingerprint();
        let templates = [format!("tpl_{fingerprint}_control"), format!("tpl_{fingerprint}_region")];
        make_templates(&cluster, &templates).await?;
        spawn_keeper(&dir)?;
        drop(starting);
        Ok(Self { cluster, templates, _in_use: in_use })
    }

    /// A connection that may do everything.
    pub(crate) async fn superuser(&self) -> Result<PgConnection> {
        Ok(self.cluster.superuser("postgres").connect().await?)
    }
}

async fn make_templates(cluster: &Cluster, templates: &[String; 2]) -> Result<()> {
    let mut connection = cluster.superuser("postgres").connect().await?;
    let ready: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = ANY($1) AND datistemplate")
            .bind(&templates[..])
            .fetch_one(&mut connection)
            .await?;
    if ready < 2 {
        for name in templates {
            let sql = format!("ALTER DATABASE \"{name}\" IS_TEMPLATE false");
            // It fails where there is no such database, which is the usual case.
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.ok();
            let sql = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        }
        let owner = cluster.options(DbRole::Owner.name(), &templates[0]);
        bootstrap(&cluster.superuser("postgres"), &owner, &templates[0], &templates[1]).await?;
        for name in templates {
            let sql = format!("ALTER DATABASE \"{name}\" IS_TEMPLATE true");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        }
    }
    connection.close().await?;
    Ok(())
}

fn spawn_keeper(dir: &Path) -> Result<()> {
    match Flock::lock(lock_file(&dir.join("keeper"))?, FlockArg::LockExclusiveNonblock) {
        Err(_) => return Ok(()),
        Ok(free) => drop(free),
    }
    // In a session of its own: it has to outlive this process and its process group.
    Command::new("setsid")
        .args(["sh", "-c", KEEPER, "palisade-tests-keeper"])
        .arg(dir)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the keeper of the tests' cluster")?;
    Ok(())
}
