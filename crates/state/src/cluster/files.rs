//! The cluster's files: made once, configured at every start.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use super::process::{self, run};
use super::{ClusterConfig, SUPERUSER};
use crate::{DbRole, Result, StateError};

/// What we write, included from postgresql.conf.
const OUR_CONF: &str = "palisade.conf";
const MAP: &str = "palisade";

fn failed(what: &str, path: &Path, error: &std::io::Error) -> StateError {
    StateError::Cluster(format!("{what} {}: {error}", path.display()))
}

/// Makes a folder for PostgreSQL's user with exactly these permissions.
fn folder(config: &ClusterConfig, path: &Path, mode: u32) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| failed("cannot make", path, &e))?;
    if let Some(user) = &config.user {
        chown(path, Some(user.uid), Some(user.gid)).map_err(|e| failed("cannot give away", path, &e))?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|e| failed("cannot protect", path, &e))
}

/// Makes folders and, where it is missing, the data; tells whether the data is new.
pub(super) async fn prepare(config: &ClusterConfig) -> Result<bool> {
    match config.socket_group {
        None => folder(config, &config.socket_dir, 0o755)?,
        Some(gid) => {
            folder(config, &config.socket_dir, 0o750)?;
            chown(&config.socket_dir, None, Some(gid))
                .map_err(|e| failed("cannot give", &config.socket_dir, &e))?;
        }
    }
    if let Some(logs) = config.log_file.parent() {
        fs::create_dir_all(logs).map_err(|e| failed("cannot make", logs, &e))?;
    }
    let log = fs::OpenOptions::new().create(true).append(true).open(&config.log_file);
    log.map_err(|e| failed("cannot open", &config.log_file, &e))?;
    if let Some(user) = &config.user {
        chown(&config.log_file, Some(user.uid), Some(user.gid))
            .map_err(|e| failed("cannot give away", &config.log_file, &e))?;
    }
    if config.data_dir.join("PG_VERSION").is_file() {
        return Ok(false);
    }
    // Made beside its place and moved there, so that a killed attempt leaves nothing half made.
    let making = config.data_dir.with_extension("making");
    process::wait_for_makers(&making).await?;
    if making.exists() {
        fs::remove_dir_all(&making).map_err(|e| failed("cannot remove", &making, &e))?;
    }
    if let Some(parent) = config.data_dir.parent() {
        fs::create_dir_all(parent).map_err(|e| failed("cannot make", parent, &e))?;
    }
    folder(config, &making, 0o700)?;
    let initdb = |locale: &'static str| {
        let mut command = process::tool(config, "initdb")?;
        command.arg("--pgdata").arg(&making).args([
            "--username",
            SUPERUSER,
            "--encoding",
            "UTF8",
            "--locale",
            locale,
        ]);
        command.args([
            "--auth-local",
            "peer",
            "--auth-host",
            "reject",
            "--data-checksums",
            "--no-instructions",
        ]);
        Ok::<_, StateError>(command)
    };
    // C.UTF-8 knows letters beyond ASCII; not every system has it.
    if let Err(first) = run(initdb("C.UTF-8")?, "initdb").await {
        tracing::debug!(error = %first, "initdb with C.UTF-8 failed, trying C");
        folder(config, &making, 0o700)?;
        run(initdb("C")?, "initdb").await?;
    }
    match fs::remove_dir(&config.data_dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed("there is something else in", &config.data_dir, &e));
        }
        _ => {}
    }
    fs::rename(&making, &config.data_dir).map_err(|e| failed("cannot move to", &config.data_dir, &e))?;
    Ok(true)
}

/// Writes the three files that are ours, each at once.
pub(super) fn write_configuration(config: &ClusterConfig) -> Result<()> {
    let main = config.data_dir.join("postgresql.conf");
    let text = fs::read_to_string(&main).map_err(|e| failed("cannot read", &main, &e))?;
    let include = format!("include = '{OUR_CONF}'");
    if !text.lines().any(|line| line.trim() == include) {
        write(config, "postgresql.conf", &format!("{text}\n{include}\n"))?;
    }
    write(config, OUR_CONF, &settings(config))?;
    write(config, "pg_hba.conf", &format!("# Written at every start.\nlocal all all peer map={MAP}\n"))?;
    write(config, "pg_ident.conf", &ident(config))
}

fn write(config: &ClusterConfig, name: &str, text: &str) -> Result<()> {
    let path = config.data_dir.join(name);
    let new = config.data_dir.join(format!("{name}.new"));
    let failed = |e: &std::io::Error| failed("cannot write", &path, e);
    fs::write(&new, text).map_err(|e| failed(&e))?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).map_err(|e| failed(&e))?;
    if let Some(user) = &config.user {
        chown(&new, Some(user.uid), Some(user.gid)).map_err(|e| failed(&e))?;
    }
    fs::rename(&new, &path).map_err(|e| failed(&e))
}

fn settings(config: &ClusterConfig) -> String {
    let socket_dir = config.socket_dir.display().to_string();
    let builtin = [
        ("listen_addresses", ""),
        ("unix_socket_directories", socket_dir.as_str()),
        ("unix_socket_permissions", "0777"),
        ("port", "5432"),
        ("max_connections", "60"),
        ("shared_buffers", "64MB"),
        ("effective_cache_size", "256MB"),
        ("work_mem", "4MB"),
        ("maintenance_work_mem", "32MB"),
        ("max_wal_size", "512MB"),
        ("min_wal_size", "32MB"),
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        ("max_parallel_workers", "2"),
        ("autovacuum_max_workers", "2"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("jit", "off"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("log_min_messages", "warning"),
        // A statement's text may hold what must not reach a log.
        ("log_min_error_statement", "panic"),
        ("log_statement", "none"),
        // Nor may the values of a row that a constraint refused.
        ("log_error_verbosity", "terse"),
        // Segments of the write-ahead log that are no longer needed go, instead of being kept with what
        // they hold until they are written over: what is deleted shall be gone.
        ("wal_recycle", "off"),
    ];
    let mut text = String::from(
        "# Written at every start; put your own settings into postgresql.conf after the include.\n",
    );
    let ours = builtin.iter().map(|(k, v)| (*k, *v));
    let given = config.settings.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    for (key, value) in ours.chain(given) {
        text.push_str(&format!("{key} = '{}'\n", value.replace('\'', "''")));
    }
    text
}

/// Who may connect as what. The current user, root and PostgreSQL's user may be anything: each of
/// them could read the data's files anyway.
fn ident(config: &ClusterConfig) -> String {
    let mut all: BTreeSet<String> = BTreeSet::from(["root".to_owned()]);
    all.extend(process::current_user_name());
    all.extend(config.user.as_ref().map(|u| u.name.clone()));
    let mut lines: BTreeSet<(String, &str)> = BTreeSet::new();
    for user in all {
        lines.insert((user.clone(), SUPERUSER));
        lines.extend(DbRole::ALL.map(|role| (user.clone(), role.name())));
    }
    lines.extend(config.logins.iter().map(|(user, role)| (user.clone(), role.name())));
    let mut text = String::from("# Written at every start.\n");
    for (user, role) in lines {
        text.push_str(&format!("{MAP} \"{}\" {role}\n", user.replace('"', "")));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn config() -> ClusterConfig {
        ClusterConfig {
            data_dir: PathBuf::from("/x/data"),
            socket_dir: PathBuf::from("/x/it's"),
            log_file: PathBuf::from("/x/log"),
            user: Some(super::super::OsUser { name: "pg".into(), uid: 12, gid: 12 }),
            socket_group: None,
            logins: vec![("palisade-api".into(), DbRole::Api)],
            settings: vec![("fsync".into(), "off".into())],
        }
    }

    #[test]
    fn a_service_user_is_mapped_to_its_own_role_only() {
        let text = ident(&config());
        let of =
            |user: &str| text.lines().filter(|l| l.starts_with(&format!("palisade \"{user}\" "))).count();
        assert_eq!(of("palisade-api"), 1);
        assert!(text.contains("palisade \"palisade-api\" palisade_api\n"));
        assert_eq!((of("root"), of("pg")), (8, 8));
    }

    #[test]
    fn later_settings_win_and_quotes_are_doubled() {
        let text = settings(&config());
        assert!(text.contains("unix_socket_directories = '/x/it''s'\n"));
        assert!(text.rfind("fsync = 'off'") > text.rfind("fsync = 'on'"));
        assert!(text.contains("listen_addresses = ''\n"));
    }
}
