//! The product's API as this story asks it, by the credential that is on the server's host. What is
//! done goes by the command line instead, so that a reader can do it too.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use palisade_e2e::Product;
use reqwest::{Certificate, Client, Method};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A connection to one instance.
pub struct Api {
    runtime: Runtime,
    http: Client,
    base: String,
    token: String,
}

/// A machine as the API shows it.
#[derive(Clone, Debug)]
pub struct Machine {
    pub id: String,
    pub name: String,
    pub status: String,
    pub subscription: String,
    pub os: String,
    pub extension: String,
    pub extension_name: String,
    pub device: Option<String>,
}

/// A finding that stands.
#[derive(Clone, Debug)]
pub struct Finding {
    pub kind: String,
    pub code: String,
    pub weight: String,
    pub message: String,
    pub remediation: String,
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn items(value: &Value) -> Vec<Value> {
    value["items"].as_array().cloned().unwrap_or_default()
}

impl Api {
    /// Connects to a running instance.
    pub fn of(product: &Product) -> Result<Self> {
        let port = product.record()?["ports"]["console"].as_u64().context("the console's port")?;
        let secrets = product.home().join("secrets");
        let token = std::fs::read_to_string(secrets.join("cli.token"))?;
        let ca = Certificate::from_pem(&std::fs::read(secrets.join("ca.pem"))?)?;
        let to = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port)?));
        // Another one may have been installed before; both are ring.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .tls_certs_only([ca])
            .resolve("localhost", to)
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let base = format!("https://localhost:{port}/api/v1");
        Ok(Self { runtime, http, base, token: token.trim().to_owned() })
    }

    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        self.runtime.block_on(async {
            let mut request =
                self.http.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(&self.token);
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = request.send().await?;
            let status = answer.status();
            let text = answer.text().await?;
            if !status.is_success() {
                bail!("{method} {path}: {status}: {text}");
            }
            Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
        })
    }

    fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None)
    }

    /// Sets how long a heartbeat may be missing before it is lost, and how long the longest pause is
    /// before a machine that was refused is looked at again; seconds.
    pub fn thresholds(&self, lost: u64, look_again: u64) -> Result<()> {
        let mut all = self.get("/settings/health-thresholds")?;
        all["late"] = lost.into();
        all["lost"] = lost.into();
        all["look_again"] = look_again.into();
        self.call(Method::PUT, "/settings/health-thresholds", Some(&all)).map(|_| ())
    }

    /// How a subscription's endpoint protection is called, such as `1 of 2 components missing`.
    pub fn protection(&self, subscription: &str) -> Result<String> {
        let all = items(&self.get("/subscriptions")?);
        let found = all.iter().find(|s| s["name"] == subscription).context("no such subscription")?;
        Ok(text(&found["endpoint_protection"], "label"))
    }

    /// All machines.
    pub fn machines(&self) -> Result<Vec<Machine>> {
        let all = items(&self.get("/machines?limit=1000")?);
        let one = |m: &Value| Machine {
            id: text(m, "id"),
            name: text(m, "name"),
            status: text(m, "status"),
            subscription: text(m, "subscription"),
            os: text(m, "os"),
            extension: text(m, "extension"),
            extension_name: text(m, "extension_name"),
            device: m["device_id"].as_str().map(str::to_owned),
        };
        Ok(all.iter().map(one).collect())
    }

    /// The machine of that name.
    pub fn machine(&self, name: &str) -> Result<Machine> {
        self.machines()?.into_iter().find(|m| m.name == name).with_context(|| format!("no machine {name}"))
    }

    /// The findings of a machine that stand, those that make it unhealthy first.
    pub fn findings(&self, machine: &str) -> Result<Vec<Finding>> {
        let health = self.get(&format!("/machines/{machine}/health"))?;
        let one = |f: &Value| Finding {
            kind: text(f, "kind"),
            code: text(f, "code"),
            weight: text(f, "weight"),
            message: text(f, "message"),
            remediation: text(f, "remediation"),
        };
        Ok(health["findings"].as_array().into_iter().flatten().map(one).collect())
    }

    /// What a machine's last preflight found: check, result, words.
    pub fn preflight(&self, machine: &str) -> Result<Vec<(String, String, String)>> {
        let health = self.get(&format!("/machines/{machine}/health"))?;
        let checks = health["preflight"].as_array().cloned().unwrap_or_default();
        Ok(checks.iter().map(|c| (text(c, "check"), text(c, "result"), text(c, "found"))).collect())
    }

    /// Codes that a machine had, newest first, with whether they are cleared.
    pub fn history(&self, machine: &str) -> Result<Vec<(String, bool)>> {
        let health = self.get(&format!("/machines/{machine}/health"))?;
        let past = health["history"].as_array().cloned().unwrap_or_default();
        Ok(past.iter().map(|h| (text(h, "code"), !h["cleared_at"].is_null())).collect())
    }

    /// What was done on a machine, newest first: action, who asked for it, outcome.
    pub fn tasks(&self, machine: &str) -> Result<Vec<(String, String, String)>> {
        let all = items(&self.get(&format!("/machines/{machine}/tasks"))?);
        Ok(all.iter().map(|t| (text(t, "action"), text(t, "by"), text(t, "outcome"))).collect())
    }

    /// How many events of a device's timeline hold a text.
    pub fn timeline(&self, device: &str, search: &str) -> Result<usize> {
        let found = items(&self.get(&format!("/devices/{device}/timeline?search={search}"))?);
        let process = |i: &&Value| i["Table"] == "DeviceProcessEvents";
        Ok(found.iter().filter(process).count())
    }

    /// The metered hours of a machine from an instant on, with the subscription that each belongs to, oldest
    /// first.
    pub fn hours(&self, machine: &str, from: &str) -> Result<Vec<(String, String)>> {
        let path = format!("/usage?by=hour,subscription&limit=1000&machine={machine}&from={from}");
        let rows = items(&self.get(&path)?);
        let mut hours: Vec<_> =
            rows.iter().map(|r| (text(r, "hour"), text(&r["subscription"], "name"))).collect();
        hours.sort();
        Ok(hours)
    }

    /// What a connector may do, and whether it has a credential.
    pub fn connector(&self, name: &str) -> Result<(String, bool)> {
        let all = items(&self.get("/connectors")?);
        let found = all.iter().find(|c| c["name"] == name).context("no such connector")?;
        Ok((text(found, "state"), found["has_credential"] == true))
    }

    /// How many enrolment tokens there are for a machine.
    pub fn enrolment_tokens(&self, machine: &str) -> Result<usize> {
        let all = items(&self.get("/enrolment-tokens")?);
        Ok(all.iter().filter(|t| t["machine_id"] == machine).count())
    }
}
