//! Making an instance: folders, keys, certificates, ports. All steps can be repeated.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ed25519_dalek::SigningKey;
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
    for (role, user) in [("ingest", "palisade-ingest"), ("api", "palisade-api")] {
        server_certificate(&instance, role, system::account(user)?)?;
    }
    action_key(&instance)?;
    Ok(instance)
}

fn new_record() -> Result<Record> {
    let mut id = [0u8; 4];
    getrandom::fill(&mut id).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    Ok(Record {
        instance_id: hex::encode(id),
        ports: free_ports()?,
        tenant: None,
        region: "local".into(),
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

fn folders(instance: &Instance, root: Account) -> Result<()> {
    let ingest = system::account("palisade-ingest")?;
    let lake = system::account("palisade-lake")?;
    let pg = system::account("palisade-pg")?;
    let group = Account { uid: root.uid, gid: lake.gid };
    let home = instance.home();
    system::folder(&home.join("secrets"), root, 0o711)?;
    system::folder(&home.join("bin"), root, 0o755)?;
    system::folder(&home.join("pg"), pg, 0o750)?;
    system::folder(&home.join("regions"), root, 0o755)?;
    system::folder(&instance.region(), group, 0o750)?;
    system::folder(&instance.log_dir(), ingest, 0o2770)?;
    system::folder(&instance.ingest_dir(), ingest, 0o750)?;
    system::folder(&instance.cursors_dir(), group, 0o2770)?;
    system::folder(&instance.lake_dir(), lake, 0o2750)?;
    system::folder(&instance.run_dir(), group, 0o770)?;
    system::folder(&instance.logs_dir(), root, 0o750)?;
    system::folder(&instance.sensor_dir(), root, 0o755)?;
    system::folder(&instance.shm_dir(), group, 0o750)?;
    system::folder(&instance.hot_dir(), lake, 0o2750)?;
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

fn server_certificate(instance: &Instance, role: &str, owner: Account) -> Result<()> {
    let pem = instance.secret(&format!("{role}-tls.pem"));
    if pem.exists() && fresh(&pem)? {
        return Ok(());
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
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, format!("Palisade {role}"));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    validity(&mut params, SERVER_DAYS);
    let certificate = params.signed_by(&key, &issuer)?;
    secret(instance, &format!("{role}-tls.key"), key.serialize_pem().as_bytes(), owner, 0o400)?;
    write_atomic(&pem, format!("{}{ca_pem}", certificate.pem()).as_bytes(), 0o444)
}

/// Whether a server certificate has more than a third of its life before it.
fn fresh(pem: &Path) -> Result<bool> {
    let made = fs::metadata(pem)?.modified()?;
    let age = made.elapsed().unwrap_or_default();
    Ok(age.as_secs() < (SERVER_DAYS as u64) * 86_400 * 2 / 3)
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
