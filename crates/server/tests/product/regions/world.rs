//! What these tests share: an instance of the regions `local` and `eu`, with activity in both.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Output;

use palisade_e2e::{Product, VirtualSensor};
use palisade_state::{
    BeginSetup, ConfirmSetup, DbRole, NewEnrolmentToken, NewToken, Role, State, StateOptions, Tenant,
    TokenScope, totp_code,
};
use palisade_testkit::eventually;
use palisade_types::{Epoch, Lane, TenantId, TimeMicros};
use palisade_wire::{SealParams, msg, seal};
use prost::Message;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000_000;

/// An instance that runs, with `default` in `local` and `Alpha` in `eu`.
pub struct World {
    pub product: Product,
    pub owner: State,
    pub http: Client,
    pub api: String,
    /// The tenant of the first region.
    pub beta: Tenant,
    /// The tenant of the further region.
    pub alpha: Tenant,
    /// The further region's sensors' door.
    pub eu_door: u16,
}

/// Runs a command of the product that has to succeed; what it printed.
pub fn palisade(product: &Product, args: &[&str]) -> String {
    let out: Output = product.palisade(args).output().expect("runs");
    let shown = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{args:?}: {shown}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

impl World {
    pub async fn new() -> Self {
        let product = Product::up(false).expect("up");
        palisade(&product, &["region", "add", "eu"]);
        let again = palisade(&product, &["region", "add", "eu"]);
        assert!(again.contains("already"), "{again}");
        palisade(&product, &["tenant", "create", "Alpha", "--region", "eu"]);
        let owner = owner(&product).await;
        let tenants = owner.tenants().await.expect("tenants");
        let named = |name: &str| tenants.iter().find(|t| t.name == name).expect("there is one").clone();
        let record = product.record().expect("the record");
        let port = |value: &Value| u16::try_from(value.as_u64().expect("a port")).expect("a port");
        let console = port(&record["ports"]["console"]);
        let ca = std::fs::read(product.home().join("secrets/ca.pem")).expect("the CA");
        let http = Client::builder()
            .tls_certs_only([Certificate::from_pem(&ca).expect("a certificate")])
            .resolve("localhost", SocketAddr::from(([127, 0, 0, 1], console)))
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            http,
            api: format!("https://localhost:{console}/api/v1"),
            beta: named("default"),
            alpha: named("Alpha"),
            eu_door: port(&record["regions"][0]["ingest"]),
            owner,
            product,
        }
    }

    /// A call of the API that has to succeed.
    pub async fn call(&self, token: &str, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.api)).bearer_auth(token).json(&body);
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// How many rows of a table hold a text in any of its columns.
    pub async fn rows_with(&self, token: &str, table: &str, text: &str) -> u64 {
        let query = format!("{table} | where * contains '{text}' | count");
        let answer = self.call(token, Method::POST, "/hunting/query", json!({ "query": query })).await;
        answer["rows"][0][0].as_u64().expect("a number")
    }

    /// The roots outside which nothing of a region may lie: the region's own, and its hot rows.
    pub fn roots(&self, region: &str) -> Vec<PathBuf> {
        let home = self.product.home();
        let record = self.product.record().expect("the record");
        let shm = format!("/dev/shm/palisade-{}", record["instance_id"].as_str().expect("an id"));
        match region {
            "local" => {
                // The first region's roles write into the instance's own folder of logs.
                let (logs, hot) = (home.join("logs"), PathBuf::from(shm).join("hot"));
                vec![home.join("regions/local"), home.join("pg"), logs, hot]
            }
            other => vec![home.join("regions").join(other), PathBuf::from(shm).join(format!("hot-{other}"))],
        }
    }

    /// Everything that the instance keeps.
    pub fn all(&self) -> Vec<PathBuf> {
        let record = self.product.record().expect("the record");
        let shm = format!("/dev/shm/palisade-{}", record["instance_id"].as_str().expect("an id"));
        vec![self.product.home().to_owned(), PathBuf::from(shm)]
    }
}

/// The operator's way into all regions.
pub async fn owner(product: &Product) -> State {
    let options = StateOptions::embedded(&product.home().join("pg/run"), DbRole::Owner);
    let options = options.and_region("eu", &product.home().join("regions/eu/pg/run"), DbRole::Owner);
    State::connect(options).await.expect("the state store")
}

/// One tenant's side: what was typed and sent there, each with a mark of its own.
pub struct Side {
    pub tenant: TenantId,
    /// An administrator's API token.
    pub token: String,
    pub sensor: VirtualSensor,
    /// What a search must not find elsewhere, by what it stands for.
    pub marks: Vec<(&'static str, String)>,
}

impl Side {
    pub fn mark(&self, what: &str) -> &str {
        &self.marks.iter().find(|(name, _)| *name == what).expect("a mark of that name").1
    }
}

/// An enrolment token.
pub async fn enrolment(owner: &State, tenant: TenantId) -> String {
    let now = TimeMicros::now();
    let new = NewEnrolmentToken {
        created_by: "test".into(),
        expires_at: now.plus_micros(HOUR),
        max_uses: 1,
        ..NewEnrolmentToken::default()
    };
    owner.create_enrolment_token(tenant, new, now).await.expect("an enrolment token").1
}

/// An API token of an administrator.
pub async fn api_token(owner: &State, tenant: TenantId, name: &str) -> String {
    let now = TimeMicros::now();
    let new = NewToken {
        name: name.into(),
        role: Role::Administrator,
        scope: TokenScope::default(),
        expires_at: Some(now.plus_micros(HOUR)),
    };
    owner.create_token(tenant, None, new, now).await.expect("a token").1
}

/// What a machine sends: a process with that command line.
pub fn batch(command: &str, path: &str) -> msg::SealedBatch {
    let now = TimeMicros::now().0;
    let process = msg::Process {
        unique_id: 1,
        pid: 100,
        start_us: now,
        path: path.into(),
        command_line: command.into(),
        user: "root".into(),
        ..msg::Process::default()
    };
    let created = msg::fact::Kind::ProcessCreated(msg::ProcessCreated { created: 1 });
    let batch = msg::Batch {
        boot_id: vec![7; 16].into(),
        processes: vec![process],
        facts: vec![msg::Fact { time_us: now, report_id: 1, process: 1, kind: Some(created) }],
    };
    let params = SealParams {
        epoch: Epoch(1),
        lane: Lane::Priority,
        sequence: 1,
        dropped_below: 0,
        sealed_us: now,
        facts: 1,
    };
    seal(&batch.encode_to_vec(), params).expect("sealed")
}

/// A person, a machine, events, tags, an order, a query and failures, all through the product's doors.
pub async fn live(world: &World, tenant: &Tenant, door: Option<u16>, word: &str) -> Side {
    let owner = &world.owner;
    let now = TimeMicros::now();
    let mark = |what: &str| format!("{word}{what}{}", hex::encode(rand()));
    let marks: Vec<(&'static str, String)> =
        ["mail", "person", "host", "command", "path", "tag", "reason", "guess", "query", "invited", "part"]
            .into_iter()
            .map(|what| (what, mark(what)))
            .collect();
    let m = |what: &str| marks.iter().find(|(name, _)| *name == what).expect("a mark").1.clone();
    let email = format!("{}@example.org", m("mail"));
    let link = owner.create_setup_link(tenant.id, Role::Administrator, now).await.expect("a link");
    let begin = BeginSetup {
        token: &link.token,
        email: &email,
        name: &m("person"),
        password: "correct horse battery",
    };
    let started = owner.begin_setup(begin, now).await.expect("begun");
    let code = totp_code(&started.totp_secret, now).expect("a code");
    let confirm = ConfirmSetup {
        setup_session: &started.setup_session,
        code: Some(&code),
        address: "192.0.2.1",
        user_agent: "test",
    };
    owner.confirm_setup(confirm, now).await.expect("confirmed");

    let token = api_token(owner, tenant.id, "test").await;
    let enrolment = enrolment(owner, tenant.id).await;
    let sensor = match door {
        Some(port) => VirtualSensor::enrol_at(&world.product, port, &enrolment, &m("host")).await,
        None => VirtualSensor::enrol(&world.product, &enrolment, &m("host")).await,
    }
    .expect("enrolled");
    let device = sensor.device.to_string();
    let answer =
        sensor.upload(vec![batch(&m("command"), &format!("/opt/{}", m("path")))]).await.expect("uploaded");
    assert!(answer.results.iter().all(|r| r.status == "acked"), "{:?}", answer.results);

    let tags = json!({ "tags": [m("tag")] });
    world.call(&token, Method::PUT, &format!("/devices/{device}/tags"), tags).await;
    let order = json!({ "kind": "ping", "reason": m("reason") });
    world.call(&token, Method::POST, &format!("/devices/{device}/orders"), order).await;
    let invited = json!({ "email": format!("{}@example.org", m("invited")), "name": "x", "role": "reader" });
    world.call(&token, Method::POST, "/users", invited).await;
    let part = palisade_state::estate::NewSubscription {
        name: m("part"),
        kind: "ssh".into(),
        external_id: m("part"),
        owner_tag: String::new(),
    };
    owner.create_subscription(tenant.id, &part, now).await.expect("a subscription");
    // What fails is remembered too: a guess at a password, a query with a fault in it.
    let guess = json!({
        "tenant": tenant.name, "email": format!("{}@example.org", m("guess")), "password": "wrong horse battery",
    });
    let refused =
        world.http.post(format!("{}/session", world.api)).json(&guess).send().await.expect("an answer");
    assert_eq!(refused.status().as_u16(), 401);
    let faulty = json!({ "query": format!("DeviceProcessEvents | where NoSuch == '{}'", m("query")) });
    let request = world.http.post(format!("{}/hunting/query", world.api)).bearer_auth(&token).json(&faulty);
    assert_eq!(request.send().await.expect("an answer").status().as_u16(), 400);
    eventually("the event can be queried", async || {
        world.rows_with(&token, "DeviceProcessEvents", &m("command")).await > 0
    })
    .await;
    let mut side = Side { tenant: tenant.id, token, sensor, marks };
    side.marks.push(("device", device));
    side
}

fn rand() -> [u8; 6] {
    let mut bytes = [0u8; 6];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes
}
