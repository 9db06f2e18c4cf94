//! The hunting route of a running product, and tenants with devices that have rows in every table.

use std::net::SocketAddr;

use palisade_e2e::{Product, VirtualSensor};
use palisade_state::{DbRole, NewEnrolmentToken, NewToken, Role, State, StateOptions, TokenScope};
use palisade_types::{Epoch, Lane, TenantId, TimeMicros};
use palisade_wire::{SealParams, msg, seal};
use prost::Message;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};

pub const HOUR: i64 = 3_600_000_000;

/// A tenant with one device that has rows in every table.
pub struct Side {
    pub tenant: TenantId,
    pub device: String,
    pub admin: String,
    pub reader: String,
}

pub struct Console {
    http: Client,
    url: String,
}

impl Console {
    pub fn of(product: &Product) -> Self {
        let port = product.record().expect("the record")["ports"]["console"].as_u64().expect("a port");
        let port = u16::try_from(port).expect("a port");
        let ca = std::fs::read(product.home().join("secrets/ca.pem")).expect("the CA");
        let http = Client::builder()
            .tls_certs_only([Certificate::from_pem(&ca).expect("a certificate")])
            .resolve("localhost", SocketAddr::from(([127, 0, 0, 1], port)))
            .no_proxy()
            .build()
            .expect("a client");
        Self { http, url: format!("https://localhost:{port}/api/v1/hunting/query") }
    }

    pub async fn ask(&self, token: Option<&str>, query: &str) -> (u16, Value) {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.json().await.expect("JSON"))
    }

    /// Prepares an export and begins to download it; the answer's body is not read yet.
    pub async fn export(&self, token: &str, body: &Value) -> reqwest::Response {
        let base = self.url.trim_end_matches("/api/v1/hunting/query");
        let prepare = self.http.post(format!("{base}/api/v1/hunting/exports")).bearer_auth(token).json(body);
        let made = prepare.send().await.expect("an answer");
        assert_eq!(made.status().as_u16(), 201, "{body}");
        let made: Value = made.json().await.expect("JSON");
        let at = format!("{base}{}", made["download"].as_str().expect("an address"));
        self.http.get(at).bearer_auth(token).send().await.expect("an answer")
    }

    /// Uploads a file for queries; the status.
    pub async fn upload(&self, token: &str, name: &str, bytes: Vec<u8>) -> u16 {
        let url = self.url.replace("/hunting/query", &format!("/hunting/uploads?name={name}"));
        let request = self.http.post(url).bearer_auth(token).body(bytes);
        request.send().await.expect("an answer").status().as_u16()
    }

    /// All rows of a query as one text.
    pub async fn text(&self, token: &str, query: &str) -> String {
        let (status, answer) = self.ask(Some(token), query).await;
        assert_eq!(status, 200, "{query}: {answer}");
        answer["rows"].to_string()
    }

    /// Rows by device.
    pub async fn devices(&self, token: &str, table: &str) -> Vec<(String, u64)> {
        let query = format!("{table} | summarize Rows = count() by DeviceId");
        let (status, answer) = self.ask(Some(token), &query).await;
        assert_eq!(status, 200, "{table}: {answer}");
        let rows = answer["rows"].as_array().expect("rows").iter();
        rows.map(|r| (r[0].as_str().expect("a device").to_owned(), r[1].as_u64().expect("a number")))
            .collect()
    }

    pub async fn count_of(&self, token: &str, table: &str, device: &str) -> u64 {
        let query = format!("{table} | where DeviceId == '{device}' | count");
        let (status, answer) = self.ask(Some(token), &query).await;
        assert_eq!(status, 200, "{table}: {answer}");
        answer["rows"][0][0].as_u64().expect("a number")
    }
}

/// The state store of a running product, as its owner.
pub async fn owner(product: &Product) -> State {
    let options = StateOptions::embedded(&product.home().join("pg/run"), DbRole::Owner);
    State::connect(options).await.expect("the state store")
}

/// One batch for each lane that a real sensor would use, with a fact for every table.
fn batches(name: &str) -> Vec<msg::SealedBatch> {
    let now = TimeMicros::now().0;
    let process = msg::Process {
        unique_id: 1,
        pid: 100,
        start_us: now,
        path: "/usr/bin/walk".into(),
        command_line: "walk".into(),
        user: "root".into(),
        ..msg::Process::default()
    };
    let fact = |report_id, kind| msg::Fact { time_us: now, report_id, process: 1, kind: Some(kind) };
    let connection = msg::Connection {
        local_ip: vec![127, 0, 0, 1].into(),
        remote_ip: vec![192, 0, 2, 1].into(),
        local_port: 4000,
        remote_port: 443,
        protocol: 6,
        ..msg::Connection::default()
    };
    let blocked = msg::ApplicationBlocked { path: "/usr/bin/walk".into(), pid: 100, ..Default::default() };
    let events = msg::Batch {
        boot_id: vec![7; 16].into(),
        processes: vec![process],
        facts: vec![
            fact(1, msg::fact::Kind::ProcessCreated(msg::ProcessCreated { created: 1 })),
            fact(2, msg::fact::Kind::Connection(connection)),
            fact(3, msg::fact::Kind::File(msg::FileEvent { path: "/tmp/walk".into(), ..Default::default() })),
            fact(6, msg::fact::Kind::ApplicationBlocked(blocked)),
        ],
    };
    let counter = msg::Counter { kind: "walk".into(), value: 1 };
    let about = msg::Batch {
        boot_id: vec![7; 16].into(),
        facts: vec![
            fact(4, msg::fact::Kind::DeviceInfo(msg::DeviceInfo { name: name.into(), ..Default::default() })),
            fact(
                5,
                msg::fact::Kind::Heartbeat(msg::Heartbeat { counters: vec![counter], ..Default::default() }),
            ),
        ],
        ..msg::Batch::default()
    };
    let sealed = |batch: &msg::Batch, lane| {
        let facts = u32::try_from(batch.facts.len()).expect("a few");
        let params =
            SealParams { epoch: Epoch(1), lane, sequence: 1, dropped_below: 0, sealed_us: now, facts };
        seal(&batch.encode_to_vec(), params).expect("sealed")
    };
    vec![sealed(&events, Lane::Priority), sealed(&about, Lane::Control)]
}

pub async fn side(product: &Product, owner: &State, tenant: TenantId, name: &str) -> Side {
    let now = TimeMicros::now();
    let expires_at = now.plus_micros(HOUR);
    let token = async |role| {
        let new = NewToken {
            name: format!("{name} {role}"),
            role,
            scope: TokenScope::default(),
            expires_at: Some(expires_at),
        };
        owner.create_token(tenant, None, new, now).await.expect("a token").1
    };
    Side {
        tenant,
        device: device(product, owner, tenant, name).await,
        admin: token(Role::Administrator).await,
        reader: token(Role::Reader).await,
    }
}

/// A device that has rows in every table.
pub async fn device(product: &Product, owner: &State, tenant: TenantId, name: &str) -> String {
    let now = TimeMicros::now();
    let expires_at = now.plus_micros(HOUR);
    let new = NewEnrolmentToken {
        created_by: "test".into(),
        expires_at,
        max_uses: 1,
        ..NewEnrolmentToken::default()
    };
    let (_, enrolment) = owner.create_enrolment_token(tenant, new, now).await.expect("an enrolment token");
    let sensor = VirtualSensor::enrol(product, &enrolment, name).await.expect("enrolled");
    let answer = sensor.upload(batches(name)).await.expect("uploaded");
    assert!(answer.results.iter().all(|r| r.status == "acked"), "{:?}", answer.results);
    sensor.device.to_string()
}
