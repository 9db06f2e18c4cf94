//! Two tenants with an administrator, a reader and a device each, and a way to call the service.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use ed25519_dalek::SigningKey;
use http_body_util::BodyExt;
use palisade_api::{ApiConfig, ApiMetrics, ApiServer, OnboardingOffer, Warning};
use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_state::{
    AuditRecord, DbRole, DeviceFacts, NewCertificate, NewDeviceGroup, NewEnrolmentToken, NewToken, NewUser,
    Role, State, Tenant, TokenScope,
};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, TimeMicros, UserId};
use serde_json::Value;
use tower::ServiceExt;

use crate::recorder::Recorder;

pub const PASSWORD: &str = "correct horse battery staple";
pub const HOUR: i64 = 3_600_000_000;
/// Certificates that nobody checks.
const CA_PEM: &str = "-----BEGIN CERTIFICATE-----\nQUFB\n-----END CERTIFICATE-----\n";

/// A tenant with what belongs to it.
pub struct Side {
    pub tenant: Tenant,
    /// Token of an administrator.
    pub admin: String,
    pub admin_user: UserId,
    /// Token of a reader.
    pub reader: String,
    pub reader_user: UserId,
    /// Token of an operator.
    pub operator: String,
    pub device: DeviceId,
}

pub struct World {
    pub a: Side,
    pub b: Side,
    pub state: State,
    pub query: Arc<Recorder>,
    pub key: SigningKey,
    pub router: Router,
    /// What machines that come by themselves are given; not a program.
    pub sensor: tempfile::TempDir,
    /// Where files of hunting lie.
    pub hunting: tempfile::TempDir,
    config: ApiConfig,
    // Last, so that the connections are closed before the databases are dropped.
    pub db: TestDb,
}

impl World {
    pub async fn new() -> Self {
        Self::with_attempts(10_000).await
    }

    /// With so many attempts without an account per minute and address.
    pub async fn with_attempts(attempts_per_minute: u32) -> Self {
        let db = TestDb::new().await;
        let state = db.state(DbRole::Api).await;
        let a = side(&db, &state, "alpha").await;
        let b = side(&db, &state, "beta").await;
        let query = Arc::new(Recorder::default());
        let key = SigningKey::from_bytes(&[9; 32]);
        let sensor = palisade_testkit::scratch();
        let program = sensor.path().join("palisade-sensor");
        std::fs::write(&program, b"the sensor").expect("written");
        let warning = Warning { code: "disk_low".to_owned(), message: "the disk is nearly full".to_owned() };
        let hunting = palisade_testkit::scratch();
        let config = ApiConfig {
            state: state.clone(),
            query: query.clone(),
            external: Some(Arc::new(crate::uploads::Lists)),
            action_key: key.clone(),
            default_tenant: a.tenant.id,
            region: "local".to_owned(),
            instance_id: "0badcafe".to_owned(),
            version: "0.1.0".to_owned(),
            further_doors: std::collections::BTreeMap::new(),
            sensor_version: "1.0".into(),
            onboarding: Some(OnboardingOffer { sensor: program, ca_pem: CA_PEM.to_owned() }),
            explorer: std::sync::Arc::default(),
            sealing_key: Some(
                palisade_connectors::secret::SealingKey::parse(&palisade_connectors::secret::generate().1)
                    .expect("a key"),
            ),
            ingest_url: "https://localhost:8444".to_owned(),
            console_url: "https://localhost:8443".to_owned(),
            enrol_command: Some("enrol {token}".to_owned()),
            allowed_hosts: vec!["console.example".to_owned()],
            secure_cookies: true,
            query_slots: 4,
            attempts_per_minute,
            warnings: Arc::new(move || vec![warning.clone()]),
            metrics: ApiMetrics::default(),
            hunting_folders: [("local".to_owned(), hunting.path().to_owned())].into(),
        };
        let router = ApiServer::router(config.clone());
        Self { a, b, state, query, key, router, sensor, hunting, config, db }
    }

    /// What the service does by itself, until the handle is aborted.
    pub fn background(&self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(ApiServer::service(self.config.clone()).1.run())
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        let address = SocketAddr::from(([192, 0, 2, 9], 4711));
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8443");
        request = request.extension(ConnectInfo(address));
        Call { router: self.router.clone(), request, body: Body::empty() }
    }

    pub fn get(&self, path: &str, token: &str) -> Call {
        self.call("GET", path).bearer(token)
    }

    /// The entries of a tenant, newest first.
    pub async fn audit(&self, tenant: &Tenant) -> Vec<AuditRecord> {
        self.state.audit_log(tenant.id, 1000, None).await.expect("the audit log is read").items
    }

    /// Enrols one more device.
    pub async fn enrol(&self, tenant: &Tenant, name: &str, distribution: &str) -> DeviceId {
        enrol(&self.db, &self.state, tenant, name, distribution).await
    }
}

async fn side(db: &TestDb, state: &State, name: &str) -> Side {
    let tenant = db.tenant(name).await;
    let (admin_user, admin) = person(state, &tenant, Role::Administrator).await;
    let (reader_user, reader) = person(state, &tenant, Role::Reader).await;
    let (_, operator) = person(state, &tenant, Role::Operator).await;
    let device = enrol(db, state, &tenant, &format!("{name}-1"), "Debian").await;
    Side { tenant, admin, admin_user, reader, reader_user, operator, device }
}

/// A person who has set up their account, and a token of theirs.
async fn person(state: &State, tenant: &Tenant, role: Role) -> (UserId, String) {
    let now = TimeMicros::now();
    let email = format!("{role}@{}.example", tenant.name);
    let new = NewUser { email: email.clone(), name: role.to_string(), role, groups: None, valid_for: None };
    let (user, link) = state.invite_user(tenant.id, new, now).await.expect("invited");
    let begin =
        palisade_state::BeginSetup { token: &link.token, email: &email, name: "Name", password: PASSWORD };
    let started = state.begin_setup(begin, now).await.expect("set-up begun");
    let code = palisade_state::totp_code(&started.totp_secret, now).expect("a code");
    let confirm = palisade_state::ConfirmSetup {
        setup_session: &started.setup_session,
        code: Some(&code),
        address: "",
        user_agent: "",
    };
    state.confirm_setup(confirm, now).await.expect("set-up confirmed");
    let new = NewToken {
        name: "test".to_owned(),
        role,
        scope: TokenScope::default(),
        expires_at: Some(now.plus_micros(HOUR)),
    };
    let (_, token) = state.create_token(tenant.id, Some(user.id), new, now).await.expect("a token");
    (user.id, token)
}

/// A device group of those devices that have this name.
pub async fn group_of(state: &State, tenant: &Tenant, name: &str) -> uuid::Uuid {
    let rule = serde_json::json!({"field": "name", "op": "equals", "value": name});
    let new = NewDeviceGroup {
        name: format!("group of {name}"),
        description: String::new(),
        rank: None,
        rule: Rule::from_json(&rule).expect("a good rule"),
        criticality: Criticality::High,
        automation: Automation::Semi,
    };
    state.create_device_group(tenant.id, &new, TimeMicros::now()).await.expect("a device group").id
}

/// A token of a user that is limited to some device groups.
pub async fn limited_token(
    state: &State,
    tenant: &Tenant,
    user: UserId,
    role: Role,
    groups: Vec<uuid::Uuid>,
) -> String {
    let now = TimeMicros::now();
    let scope = TokenScope { permissions: None, groups: Some(groups) };
    let new = NewToken { name: "limited".to_owned(), role, scope, expires_at: Some(now.plus_micros(HOUR)) };
    state.create_token(tenant.id, Some(user), new, now).await.expect("a limited token").1
}

async fn enrol(db: &TestDb, state: &State, tenant: &Tenant, name: &str, distribution: &str) -> DeviceId {
    let now = TimeMicros::now();
    let expires_at = now.plus_micros(HOUR);
    let new = NewEnrolmentToken {
        created_by: "test".to_owned(),
        expires_at,
        max_uses: 1,
        ..NewEnrolmentToken::default()
    };
    let (_, token) = state.create_enrolment_token(tenant.id, new, now).await.expect("an enrolment token");
    let ingest = db.state(DbRole::Ingest).await;
    let device = DeviceId::random();
    let facts = DeviceFacts {
        name: name.to_owned(),
        os_platform: "Linux".to_owned(),
        os_distribution: distribution.to_owned(),
        os_version: "12".to_owned(),
        ..DeviceFacts::default()
    };
    let certificate = NewCertificate {
        serial: device.to_string(),
        fingerprint: [1; 32],
        not_before: now,
        not_after: now.plus_micros(30 * 24 * HOUR),
    };
    let enrolment = ingest.begin_enrolment(&token, now).await.expect("a good token");
    enrolment.finish(device, &facts, &certificate, now).await.expect("enrolled");
    ingest.close().await;
    device
}

pub struct Call {
    router: Router,
    request: axum::http::request::Builder,
    body: Body,
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        // The last one wins, so that a test can replace the host.
        if let Some(headers) = self.request.headers_mut() {
            headers.remove(name);
        }
        self.request = self.request.header(name, value);
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn cookie(self, value: &str) -> Self {
        self.header("cookie", &format!("palisade_session={value}"))
    }

    pub fn csrf(self) -> Self {
        self.header("x-palisade-csrf", "1")
    }

    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub fn raw(mut self, kind: &str, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    pub async fn send(self) -> Answer {
        let request = self.request.body(self.body).expect("a request");
        let response = self.router.oneshot(request).await.expect("the service never fails");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, bytes: bytes.to_vec() }
    }

    /// Sends, and fails the test unless the answer has this status.
    pub async fn expect(self, status: u16) -> Answer {
        let answer = self.send().await;
        assert_eq!(answer.status, status, "{}", answer.body);
        answer
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The error's code; empty when there is none. What Kusto's clients are told has ours within.
    pub fn code(&self) -> &str {
        let error = &self.body["error"];
        error["innererror"]["code"].as_str().or(error["code"].as_str()).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The value that the session cookie was set to.
    pub fn cookie(&self) -> String {
        let text = self.header("set-cookie");
        let value = text.strip_prefix("palisade_session=").and_then(|t| t.split(';').next());
        value.expect("a session cookie").to_owned()
    }

    pub fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_default()
    }
}
