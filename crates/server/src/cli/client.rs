//! The API as the command line on the server's host uses it: local credential, our own CA.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use palisade_state::{NewToken, Role, TokenScope};
use palisade_types::{TenantId, TimeMicros};
use reqwest::Method;
use serde_json::Value;

use super::output;
use crate::database::{self, OPERATOR};
use crate::instance::Instance;

/// How long the credential is good that a command gets for another tenant than the first.
const BORROWED_US: i64 = 15 * 60_000_000;

/// That credential, once [`act_in`] was called.
static BORROWED: OnceLock<(TenantId, String)> = OnceLock::new();

/// From now on, this process calls the API as an administrator of that tenant. With `new` a tenant that
/// does not exist is made, in the region that is named there or else in the first one. Only root can.
pub async fn act_in(instance: &Instance, name: &str, new: Option<Option<&str>>) -> Result<()> {
    let state = database::owner(instance).await?;
    let now = TimeMicros::now();
    let tenant = match new {
        Some(region) => {
            let (tenant, made) = state.ensure_tenant(name, region, now).await?;
            if made {
                output::note(&format!("tenant {} is made in region {}", tenant.name, tenant.region));
                output::note(&database::setup_link(instance, tenant.id).await?.0);
            }
            tenant.id
        }
        None => database::tenant_named(instance, &state, Some(name)).await?,
    };
    for old in state.tokens(tenant, None).await? {
        // Those of earlier commands that are over.
        if old.name == OPERATOR && old.expires_at.is_some_and(|end| end <= now) {
            state.delete_token(tenant, None, old.id).await?;
        }
    }
    let new = NewToken {
        name: OPERATOR.into(),
        role: Role::Administrator,
        scope: TokenScope::default(),
        expires_at: Some(now.plus_micros(BORROWED_US)),
    };
    let (_, text) = state.create_token(tenant, None, new, now).await?;
    state.close().await;
    // Nobody else in this process calls it.
    let _ = BORROWED.set((tenant, text));
    Ok(())
}

/// The tenant that this process acts in, where that is not the first one.
pub fn acting_in() -> Option<TenantId> {
    BORROWED.get().map(|(tenant, _)| *tenant)
}

/// Talks to this instance's API.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// Reads the local credential, which only root or the instance's owner can.
    pub fn local(instance: &Instance) -> Result<Self> {
        let token = match BORROWED.get() {
            Some((_, borrowed)) => borrowed.clone(),
            None => std::fs::read_to_string(instance.secret("cli.token")).context(
                "reading the local credential: run this as the instance's owner, after `palisade up`",
            )?,
        };
        let ca = reqwest::Certificate::from_pem(&std::fs::read(instance.secret("ca.pem"))?)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, instance.record.ports.console));
        let http = reqwest::Client::builder()
            .tls_certs_only([ca])
            .resolve("localhost", address)
            .no_proxy()
            .timeout(Duration::from_secs(660))
            .build()?;
        Ok(Self { http, base: format!("{}/api/v1", instance.console_url()), token: token.trim().to_owned() })
    }

    /// A GET below `/api/v1`.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// A POST below `/api/v1`.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// A PUT below `/api/v1`.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// A PATCH below `/api/v1`.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// A DELETE below `/api/v1`.
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    /// A GET of what is no JSON, such as CSV.
    pub async fn text(&self, path: &str) -> Result<String> {
        self.send(Method::GET, path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let text = self.send(method, path, body).await?;
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// A GET of what is too large for memory; a body to be read piece by piece.
    pub async fn download(&self, path: &str) -> Result<reqwest::Response> {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let response = request.send().await.context("the server does not answer: is it up?")?;
        let status = response.status();
        if status.is_success() { Ok(response) } else { bail!(refusal(status, &response.text().await?)) }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<String> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.context("the server does not answer: is it up?")?;
        let status = response.status();
        let text = response.text().await?;
        if status.is_success() {
            return Ok(text);
        }
        bail!(refusal(status, &text))
    }
}

/// What an answer that is none says, for people.
fn refusal(status: reqwest::StatusCode, text: &str) -> String {
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    let error = &answer["error"];
    let (code, message) =
        (error["code"].as_str().unwrap_or("unknown"), error["message"].as_str().unwrap_or(text));
    let details = &error["details"];
    let mut shown = format!("{message} [{code}, HTTP {}]", status.as_u16());
    if let (Some(line), Some(column)) = (details["line"].as_u64(), details["column"].as_u64())
        && line > 0
    {
        shown = format!("line {line}, column {column}: {shown}");
    }
    if let Some(suggestion) = details["suggestion"].as_str()
        && !shown.contains("did you mean")
    {
        shown.push_str(&format!("; did you mean `{suggestion}`?"));
    }
    shown
}
