//! Making an instance: folders, keys, certificates, ports. All steps can be repeated.

use std::fs;
use std::net::{IpAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ed25519_dalek::SigningKey;
use palisade_state::FIRST_REGION;
use palisade_types::TimeMicros;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::instance::{Instance, Ports, Record, write_atomic};
use crate::system::{self, Account};

/// Ports that are tried first: console, ingest, admin.
const PORTS: [u16; 3] = [8443, 8444, 8445];

/// Days that a server certificate lives; it is made anew at a start in its last third.
const SERVER_DAYS: i64 = 365;

/// Makes what is missing and returns the instance.
pub fn ensure(home: &Path) -> Result<Instance> {
    system::ensure_accounts()?;
    let root = Account { uid: nix::unistd::Uid::effective(), gid: nix::unistd::Gid::effective() };
    system::folder(home, root, 0o755)?;
    let instance = if home.join("instance.json").exists() {
        Instance::load(home)?
    } else {
        Instance::store(home, &new_record()?)?
    };
    folders(&instance, root)?;
    authority(&instance)?;
    server_certificates(&instance)?;
    action_key(&instance)?;
    connect_key(&instance)?;
    Ok(instance)
}

fn new_record() -> Result<Record> {
    let mut id = [0u8; 4];
    getrandom::fill(&mut id).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    Ok(Record {
        instance_id: hex::encode(id),
        ports: free_ports()?,
        tenant: None,
        region: FIRST_REGION.into(),
        regions: Vec::new(),
        listen: Vec::new(),
        names: Vec::new(),
        plain_http: None,
        external_hosts: Vec::new(),
        created: TimeMicros::now(),
        own_sensor: false,
    })
}

/// The usual ports if all are free, else any that are.
fn free_ports() -> Result<Ports> {
    let usual: Result<Vec<_>, _> = PORTS.iter().map(|p| TcpListener::bind(("127.0.0.1", *p))).collect();
    if std::env::var_os("PALISADE_ANY_PORTS").is_none() && usual.is_ok() {
        return Ok(Ports { console: PORTS[0], ingest: PORTS[1], admin: PORTS[2] });
    }
    let any: Vec<TcpListener> = (0..3)
        .map(|_| TcpListener::bind(("127.0.0.1", 0)))
        .collect::<Result<_, _>>()
        .context("finding free ports")?;
    let port = |i: usize| -> Result<u16> { Ok(any[i].local_addr()?.port()) };
    Ok(Ports { console: port(0)?, ingest: port(1)?, admin: port(2)? })
}

/// Says so when another program has one of the instance's ports; to be asked while it does not run.
pub fn ensure_ports_free(instance: &Instance) -> Result<()> {
    let ports = instance.record.ports;
    let mut all = vec![("console", ports.console), ("ingest", ports.ingest), ("admin", ports.admin)];
    all.extend(instance.record.plain_http.map(|port| ("plain HTTP", port)));
    all.extend(instance.record.regions.iter().map(|r| ("region's ingest", r.ingest)));
    for (name, port) in all {
        if let Err(e) = TcpListener::bind(("127.0.0.1", port)) {
            bail!(
                "the {name} port {port} cannot be taken ({e}): end the program that has it, or name another port in {}",
                instance.home().join("instance.json").display()
            );
        }
    }
    Ok(())
}

/// Who may reach what; `tests/product/access.rs` tries all of it with the users that run.
fn folders(instance: &Instance, root: Account) -> Result<()> {
    let home = instance.home();
    system::folder(&home.join("secrets"), root, 0o711)?;
    system::folder(&home.join("bin"), root, 0o755)?;
    system::folder(&home.join("regions"), root, 0o711)?;
    system::folder(&instance.run_dir(), root, 0o711)?;
    system::folder(&instance.role_run_dir("api"), system::account("palisade-api")?, 0o700)?;
    system::folder(&instance.sensor_dir(), root, 0o711)?;
    system::folder_among_strangers(&instance.shm_dir(), root, 0o711)?;
    feeds(&home.join("feeds"))?;
    for region in instance.all_regions() {
        self::region(&region)?;
    }
    Ok(())
}

/// The folders of the region that is meant: its root, its sockets, its hot rows.
pub fn region(region: &Instance) -> Result<()> {
    let root = Account { uid: nix::unistd::Uid::effective(), gid: nix::unistd::Gid::effective() };
    let ingest = system::account("palisade-ingest")?;
    let lake = system::account("palisade-lake")?;
    let log = system::group(system::LOG_GROUP)?;
    let query = system::group(system::QUERY_GROUP)?;
    system::folder(&region.region(), root, 0o711)?;
    system::folder(&region.region_pg_dir(), system::account("palisade-pg")?, 0o750)?;
    shared(&region.log_dir(), Account { gid: log, ..ingest }, 0o2750)?;
    system::folder(&region.ingest_dir(), ingest, 0o700)?;
    shared(&region.cursors_dir(), Account { gid: log, ..root }, 0o2770)?;
    shared(&region.lake_dir(), Account { gid: query, ..lake }, 0o2750)?;
    system::folder(&region.spill_dir(), system::account("palisade-query")?, 0o700)?;
    system::folder(&region.hunting_dir(), system::account("palisade-api")?, 0o700)?;
    for role in ["ingest", "lake", "estate", "connect", "vuln"] {
        let own = system::account(&format!("palisade-{role}"))?;
        system::folder(&region.role_run_dir(role), own, 0o700)?;
    }
    system::folder(&region.logs_dir(), root, 0o750)?;
    shared(&region.hot_dir(), Account { gid: query, ..lake }, 0o2750)?;
    Ok(())
}

/// The feeds' folder, which everybody reads. What root fetched before there was a role for it is handed over; keys and
/// the site's wishes stay root's.
fn feeds(path: &Path) -> Result<()> {
    let owner = system::account("palisade-feeds")?;
    let before = fs::symlink_metadata(path).ok().map(|m| m.uid());
    if system::privileged() && before == Some(0) {
        for name in ["objects", "snapshots", "incoming", "current", "lock", "sync.json"] {
            system::hand_over(&path.join(name), owner)?;
        }
    }
    system::folder(path, owner, 0o755)
}

/// A folder that one role writes and a group reads, with all that is in it.
fn shared(path: &Path, owner: Account, mode: u32) -> Result<()> {
    let before = fs::metadata(path).ok().map(|m| m.gid());
    system::folder(path, owner, mode)?;
    if system::privileged() && before.is_some_and(|gid| gid != owner.gid.as_raw()) {
        system::regroup(path, owner.gid)?;
    }
    Ok(())
}

/// The instance's certificate authority: it signs sensors' certificates and the servers' own.
fn authority(instance: &Instance) -> Result<()> {
    if instance.secret("ca.pem").exists() {
        return Ok(());
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.distinguished_name.push(DnType::CommonName, format!("Palisade {}", instance.record.instance_id));
    validity(&mut params, 3650);
    let certificate = params.self_signed(&key)?;
    secret(instance, "ca.key", key.serialize_pem().as_bytes(), system::account("palisade-ingest")?, 0o400)?;
    write_atomic(&instance.secret("ca.pem"), certificate.pem().as_bytes(), 0o444)
}

/// Makes the certificates of both doors where they are missing or in the last third of their life;
/// says whose are new.
pub fn server_certificates(instance: &Instance) -> Result<Vec<&'static str>> {
    let mut renewed = Vec::new();
    for role in ["ingest", "api"] {
        if server_certificate(instance, role, system::account(&format!("palisade-{role}"))?)? {
            renewed.push(role);
        }
    }
    Ok(renewed)
}

fn server_certificate(instance: &Instance, role: &str, owner: Account) -> Result<bool> {
    let pem = instance.secret(&format!("{role}-tls.pem"));
    if fresh(&pem) {
        return Ok(false);
    }
    let ca_key = KeyPair::from_pem(&fs::read_to_string(instance.secret("ca.key"))?)?;
    let ca_pem = fs::read_to_string(instance.secret("ca.pem"))?;
    let issuer = Issuer::from_ca_cert_pem(&ca_pem, ca_key)?;
    let key = KeyPair::generate()?;
    let host = nix::unistd::gethostname()?.to_string_lossy().into_owned();
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".into(), "::1".into()];
    if !host.is_empty() && host != "localhost" && host.is_ascii() {
        names.push(host);
    }
    names.extend(instance.record.names.iter().cloned());
    names.extend(instance.record.listen.iter().filter(|ip| !ip.is_unspecified()).map(ToString::to_string));
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, format!("Palisade {role}"));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    validity(&mut params, SERVER_DAYS);
    let certificate = params.signed_by(&key, &issuer)?;
    secret(instance, &format!("{role}-tls.key"), key.serialize_pem().as_bytes(), owner, 0o400)?;
    write_atomic(&pem, format!("{}{ca_pem}", certificate.pem()).as_bytes(), 0o444)?;
    Ok(true)
}

/// Where the sensors' doors listen from the next start on, and by which names machines reach them.
/// Says whether that is new; then their certificates are made anew, with these names in them.
pub fn listen(instance: &mut Instance, on: &[IpAddr], names: &[String]) -> Result<bool> {
    let on: Vec<IpAddr> = on.iter().copied().filter(|ip| !ip.is_loopback()).collect();
    if let Some(bad) = names.iter().find(|n| !palisade_estate::inventory::is_host(n)) {
        bail!("{bad} cannot be the name of a host");
    }
    if on == instance.record.listen && names == instance.record.names {
        return Ok(false);
    }
    let record = Record { listen: on, names: names.to_vec(), ..instance.record.clone() };
    *instance = Instance::store(instance.home(), &record)?;
    for entry in fs::read_dir(instance.home().join("secrets"))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("ingest") && name.ends_with("-tls.pem") {
            fs::remove_file(entry.path())?;
        }
    }
    server_certificates(instance)?;
    Ok(true)
}

/// The port on loopback where programs are served without TLS from the next start on; 0 ends it. Says
/// whether that is new.
pub fn plain_http(instance: &mut Instance, port: u16) -> Result<bool> {
    let port = Some(port).filter(|port| *port != 0);
    if port == instance.record.plain_http {
        return Ok(false);
    }
    let ports = instance.record.ports;
    let further = instance.record.regions.iter().map(|r| r.ingest);
    let taken: Vec<u16> = [ports.console, ports.ingest, ports.admin].into_iter().chain(further).collect();
    if let Some(port) = port.filter(|port| taken.contains(port)) {
        bail!("port {port} is the instance's own already");
    }
    let record = Record { plain_http: port, ..instance.record.clone() };
    *instance = Instance::store(instance.home(), &record)?;
    Ok(true)
}

/// Whether there is a server certificate with more than a third of its life before it, by its own
/// word: the file's time changes when a data folder is copied.
fn fresh(pem: &Path) -> bool {
    let left = || {
        let bytes = fs::read(pem).ok()?;
        let (_, block) = x509_parser::pem::parse_x509_pem(&bytes).ok()?;
        Some(block.parse_x509().ok()?.validity().not_after.timestamp() - TimeMicros::now().0 / 1_000_000)
    };
    left().is_some_and(|seconds| seconds > SERVER_DAYS * 86_400 / 3)
}

fn validity(params: &mut CertificateParams, days: i64) {
    let now = std::time::SystemTime::now();
    // A clock that is a little behind must not refuse a certificate just made.
    params.not_before = (now - std::time::Duration::from_secs(3600)).into();
    params.not_after = (now + std::time::Duration::from_secs(days.unsigned_abs() * 86_400)).into();
}

fn action_key(instance: &Instance) -> Result<()> {
    if instance.secret("action.pub").exists() {
        return Ok(());
    }
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    let key = SigningKey::from_bytes(&seed);
    secret(instance, "action.key", hex::encode(seed).as_bytes(), system::account("palisade-api")?, 0o400)?;
    write_atomic(
        &instance.secret("action.pub"),
        hex::encode(key.verifying_key().to_bytes()).as_bytes(),
        0o444,
    )
}

/// The key to connectors' credentials: the api seals to its public half, only connect opens.
fn connect_key(instance: &Instance) -> Result<()> {
    if instance.secret("connect.pub").exists() {
        return Ok(());
    }
    let (opening, sealing) = palisade_connectors::secret::generate();
    let owner = system::account("palisade-connect")?;
    secret(instance, "connect.key", opening.as_bytes(), owner, 0o400)?;
    write_atomic(&instance.secret("connect.pub"), sealing.as_bytes(), 0o444)
}

/// Writes a secret for the one account that reads it.
pub fn secret(instance: &Instance, name: &str, bytes: &[u8], owner: Account, mode: u32) -> Result<()> {
    let path = instance.secret(name);
    write_atomic(&path, bytes, mode)?;
    system::own(&path, owner)
}

/// Copies an executable into the instance, where every role's user can reach it. Says whether it
/// differs from what was there.
pub fn install(instance: &Instance, from: &Path, name: &str) -> Result<bool> {
    let to: PathBuf = instance.bin(name);
    if from == to {
        return Ok(false);
    }
    let source = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    if fs::read(&to).is_ok_and(|present| present == source) {
        return Ok(false);
    }
    write_atomic(&to, &source, 0o755)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_fresh_by_its_own_word() {
        let dir = tempfile::tempdir().expect("a folder");
        let pem = dir.path().join("c.pem");
        assert!(!fresh(&pem), "there is none");
        let of = |days: i64| {
            let key = KeyPair::generate().expect("a key");
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
            validity(&mut params, days);
            params.self_signed(&key).expect("signed").pem()
        };
        for (days, expected) in
            [(SERVER_DAYS, true), (SERVER_DAYS / 3 + 1, true), (SERVER_DAYS / 3, false), (1, false)]
        {
            fs::write(&pem, of(days)).expect("written just now, whatever its age");
            assert_eq!(fresh(&pem), expected, "{days} days left");
        }
        fs::write(&pem, "torn").expect("written");
        assert!(!fresh(&pem), "a damaged one is made anew");
    }
}
