//! What the tests of this crate share.

use palisade_state::{
    BeginSetup, ConfirmSetup, DbRole, DeviceFacts, NewCertificate, NewEnrolmentToken, Role, SignIn, SignedIn,
    State, Tenant, totp_code,
};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, TenantId, TimeMicros};

pub const NOW: TimeMicros = TimeMicros(1_700_000_000_000_000);
pub const SECOND: i64 = 1_000_000;
pub const PASSWORD: &str = "correct horse battery";

pub fn after(seconds: i64) -> TimeMicros {
    NOW.plus_micros(seconds * SECOND)
}

/// A tenant with an administrator who has just set up their account.
pub struct World {
    pub db: TestDb,
    pub api: State,
    pub tenant: Tenant,
    pub signed_in: SignedIn,
    pub totp_secret: String,
}

pub const EMAIL: &str = "ann@example.org";

pub async fn world() -> World {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await;
    let api = db.state(DbRole::Api).await;
    let (signed_in, totp_secret) = administrator(&api, tenant.id, EMAIL).await;
    World { db, api, tenant, signed_in, totp_secret }
}

pub async fn administrator(api: &State, tenant: TenantId, email: &str) -> (SignedIn, String) {
    let link = api.create_setup_link(tenant, Role::Administrator, NOW).await.expect("a link");
    let begin = BeginSetup { token: &link.token, email, name: "Ann", password: PASSWORD };
    let started = api.begin_setup(begin, NOW).await.expect("begun");
    let code = totp_code(&started.totp_secret, NOW).expect("a code");
    let confirm = ConfirmSetup {
        setup_session: &started.setup_session,
        code: Some(&code),
        address: "192.0.2.1",
        user_agent: "test",
    };
    (api.confirm_setup(confirm, NOW).await.expect("confirmed"), started.totp_secret)
}

pub fn sign_in<'a>(email: &'a str, password: &'a str, code: Option<&'a str>) -> SignIn<'a> {
    SignIn { tenant: None, email, password, code, client: None, address: "192.0.2.1", user_agent: "test" }
}

pub fn facts(name: &str) -> DeviceFacts {
    DeviceFacts {
        name: name.into(),
        os_platform: "Linux".into(),
        os_distribution: "Debian".into(),
        os_version: "12".into(),
        kernel: "6.1.0".into(),
        architecture: "x86_64".into(),
        sensor_version: "0.1.0".into(),
        scope: String::new(),
        ip_addresses: vec!["192.0.2.7".into()],
        extra: serde_json::json!({"cpus": 2}),
    }
}

pub fn certificate(serial: &str) -> NewCertificate {
    NewCertificate {
        serial: serial.into(),
        fingerprint: [7; 32],
        not_before: NOW,
        not_after: after(30 * 86_400),
    }
}

/// Enrols a device the way ingest does.
pub async fn enrol(db: &TestDb, tenant: TenantId, name: &str) -> DeviceId {
    let owner = db.state(DbRole::Owner).await;
    let new = NewEnrolmentToken {
        created_by: "test".into(),
        expires_at: after(3600),
        max_uses: 1,
        ..NewEnrolmentToken::default()
    };
    let (_, token) = owner.create_enrolment_token(tenant, new, NOW).await.expect("a token");
    owner.close().await;
    let ingest = db.state(DbRole::Ingest).await;
    let device = DeviceId::random();
    let enrolment = ingest.begin_enrolment(&token, NOW).await.expect("a good token");
    let serial = &device.to_string()[..16];
    enrolment.finish(device, &facts(name), &certificate(serial), NOW).await.expect("enrolled");
    ingest.close().await;
    device
}
