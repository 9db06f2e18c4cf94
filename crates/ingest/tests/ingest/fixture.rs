use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use palisade_ingest::{IngestConfig, IngestServer, Limits};
use palisade_log::{LogOptions, LogReader, Record};
use palisade_state::{DbRole, NewEnrolmentToken, State, Tenant};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_wire::msg::{DeviceInfo, EnrolRequest, EnrolResponse};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, SerialNumber,
};

use crate::client::{Client, Identity};

pub const DAY: u64 = 86_400;

pub struct Fixture {
    pub db: TestDb,
    pub dir: tempfile::TempDir,
    pub api: State,
    pub tenant: Tenant,
    pub server: IngestServer,
    pub ca: Issuer<'static, KeyPair>,
    pub ca_pem: String,
}

/// A device as it is after enrolment.
pub struct Device {
    pub id: DeviceId,
    pub tenant: TenantId,
    pub client: Client,
    pub enrolled: EnrolResponse,
    pub identity: Identity,
}

pub fn limits() -> Limits {
    // Statuses are asked each time, so that a test need not wait for them to age.
    Limits { status_ttl: Duration::ZERO, seen_every: Duration::ZERO, ..Limits::default() }
}

pub fn make_ca(name: &str) -> (Issuer<'static, KeyPair>, String, String) {
    let key = KeyPair::generate().expect("key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    let pem = params.self_signed(&key).expect("certificate").pem();
    let key_pem = key.serialize_pem();
    (Issuer::from_ca_cert_pem(&pem, key).expect("issuer"), pem, key_pem)
}

fn secrets(dir: &Path) -> (Issuer<'static, KeyPair>, String) {
    let (ca, ca_pem, ca_key) = make_ca("Palisade test");
    let key = KeyPair::generate().expect("key");
    let mut params = CertificateParams::new(vec!["localhost".into()]).expect("params");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let tls = params.signed_by(&key, &ca).expect("certificate");
    for (name, text) in [
        ("ca.pem", ca_pem.clone()),
        ("ca.key", ca_key),
        ("tls.pem", tls.pem()),
        ("tls.key", key.serialize_pem()),
    ] {
        std::fs::write(dir.join(name), text).expect("writes");
    }
    (ca, ca_pem)
}

pub fn config(dir: &Path, state: State, limits: Limits, log: LogOptions) -> IngestConfig {
    IngestConfig {
        listen: "127.0.0.1:0".parse().expect("address"),
        also: Vec::new(),
        sensor: std::env::current_exe().ok(),
        tls_certificate: dir.join("tls.pem"),
        tls_key: dir.join("tls.key"),
        ca_certificate: dir.join("ca.pem"),
        ca_key: dir.join("ca.key"),
        action_key: [7; 32],
        log_dir: dir.join("log"),
        cursors_dir: dir.join("cursors"),
        checkpoint_dir: dir.join("checkpoint"),
        state,
        log: LogOptions { min_free_bytes: 0, ..log },
        limits,
        required_consumers: vec!["lake".into()],
    }
}

impl Fixture {
    pub async fn new() -> Self {
        Box::pin(Self::with(limits(), LogOptions::default())).await
    }

    pub async fn with(limits: Limits, log: LogOptions) -> Self {
        // Boxed: the futures of every test would be large.
        Box::pin(async {
            let db = TestDb::new().await;
            let state = db.state(DbRole::Ingest).await;
            Box::pin(Self::with_state(db, state, limits, log)).await
        })
        .await
    }

    pub async fn with_state(db: TestDb, state: State, limits: Limits, log: LogOptions) -> Self {
        let dir = tempfile::tempdir().expect("temp dir");
        let (ca, ca_pem) = secrets(dir.path());
        let tenant = db.tenant("first").await;
        let api = db.state(DbRole::Api).await;
        let server = IngestServer::start(config(dir.path(), state, limits, log)).await.expect("starts");
        Self { db, dir, api, tenant, server, ca, ca_pem }
    }

    /// Ends the server and starts it again over the same folders.
    pub async fn restart(&mut self, limits: Limits) {
        Box::pin(self.begin_again(limits)).await;
    }

    async fn begin_again(&mut self, limits: Limits) {
        let state = self.db.state(DbRole::Ingest).await;
        let config = config(self.dir.path(), state, limits, LogOptions::default());
        let placeholder = self.detached().await;
        std::mem::replace(&mut self.server, placeholder).shutdown(Duration::from_secs(5)).await;
        let fresh = IngestServer::start(config).await.expect("starts again");
        std::mem::replace(&mut self.server, fresh).shutdown(Duration::from_secs(5)).await;
    }

    /// A server over folders of its own, to stand in while the real one restarts.
    async fn detached(&self) -> IngestServer {
        let state = self.db.state(DbRole::Ingest).await;
        let mut config = config(self.dir.path(), state, limits(), LogOptions::default());
        for (dir, name) in [
            (&mut config.log_dir, "x-log"),
            (&mut config.cursors_dir, "x-cur"),
            (&mut config.checkpoint_dir, "x-ck"),
        ] {
            *dir = self.dir.path().join(name);
        }
        IngestServer::start(config).await.expect("starts")
    }

    pub fn anonymous(&self) -> Client {
        Client::new(self.server.address(), &self.ca_pem, None)
    }

    pub fn client(&self, identity: &Identity) -> Client {
        Client::new(self.server.address(), &self.ca_pem, Some(identity))
    }

    pub async fn token(&self, tenant: TenantId, max_uses: i32) -> String {
        let now = TimeMicros::now();
        let new = NewEnrolmentToken {
            created_by: "test".into(),
            expires_at: now.plus_micros(3_600_000_000),
            max_uses,
            ..NewEnrolmentToken::default()
        };
        self.api.create_enrolment_token(tenant, new, now).await.expect("a token").1
    }

    pub async fn enrol(&self) -> Device {
        self.enrol_in(self.tenant.id).await
    }

    pub async fn enrol_in(&self, tenant: TenantId) -> Device {
        let token = self.token(tenant, 1).await;
        let (request, key) = enrol_request(&token);
        let enrolled: EnrolResponse = self.anonymous().post("/v1/enrol", &request).await.expect("enrols");
        self.device(enrolled, &key)
    }

    pub fn device(&self, enrolled: EnrolResponse, key: &KeyPair) -> Device {
        let identity = Identity { certificate: enrolled.certificate.to_vec(), key: key.serialize_der() };
        Device {
            id: enrolled.device_id.parse().expect("a device id"),
            tenant: enrolled.tenant_id.parse().expect("a tenant id"),
            client: self.client(&identity),
            enrolled,
            identity,
        }
    }

    /// The sum of the counters of that name with these labels.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let text = self.server.metrics_text();
        let prefix = format!("{name}_total");
        text.lines()
            .filter(|l| {
                l.starts_with(&prefix) && labels.iter().all(|(k, v)| l.contains(&format!("{k}=\"{v}\"")))
            })
            .filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    pub fn refused(&self, code: &str) -> u64 {
        self.count(palisade_ingest::names::REFUSED, &[("code", code)])
    }

    pub fn log(&self) -> Vec<Record> {
        LogReader::open(&self.dir.path().join("log"), 0)
            .and_then(|mut r| r.next_batch(usize::MAX))
            .expect("reads")
    }
}

pub fn enrol_request(token: &str) -> (EnrolRequest, KeyPair) {
    let key = KeyPair::generate().expect("key");
    let csr = CertificateParams::default().serialize_request(&key).expect("request").der().to_vec();
    let device =
        DeviceInfo { name: "web-1".into(), os_platform: "Linux".into(), cpus: 2, ..DeviceInfo::default() };
    let request = EnrolRequest {
        protocol: 1,
        token: token.into(),
        csr: csr.into(),
        device: Some(device),
        previous_device_id: String::new(),
    };
    (request, key)
}

/// What a certificate of a test says.
pub struct Forged {
    pub common_name: String,
    pub uri: Option<String>,
    pub begins_days_ago: u64,
    pub ends_in_days: i64,
}

/// A certificate of any content by any CA; its serial number too.
pub fn forge(ca: &Issuer<'static, KeyPair>, f: &Forged) -> (Identity, String) {
    static SERIAL: AtomicU64 = AtomicU64::new(1);
    let key = KeyPair::generate().expect("key");
    let now = SystemTime::now();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, &f.common_name);
    params.subject_alt_names =
        f.uri.iter().map(|u| SanType::URI(u.as_str().try_into().expect("ascii"))).collect();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = (now - Duration::from_secs(f.begins_days_ago * DAY)).into();
    let length = Duration::from_secs(f.ends_in_days.unsigned_abs() * DAY);
    params.not_after = (if f.ends_in_days < 0 { now - length } else { now + length }).into();
    let serial = (0x4000_0000_0000 + SERIAL.fetch_add(1, Ordering::Relaxed)).to_be_bytes();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let certificate = params.signed_by(&key, ca).expect("certificate").der().to_vec();
    (Identity { certificate, key: key.serialize_der() }, hex::encode(serial))
}

pub fn uri(tenant: TenantId, device: DeviceId) -> String {
    format!("palisade://{tenant}/{device}")
}
