//! The API as the command line on the server's host uses it: local credential, our own CA.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;

use crate::instance::Instance;

/// Talks to this instance's API.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// Reads the local credential, which only root or the instance's owner can.
    pub fn local(instance: &Instance) -> Result<Self> {
        let token = std::fs::read_to_string(instance.secret("cli.token"))
            .context("reading the local credential: run this as the instance's owner, after `palisade up`")?;
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

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.context("the server does not answer: is it up?")?;
        let status = response.status();
        let text = response.text().await?;
        if status.is_success() {
            return if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) };
        }
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let error = &answer["error"];
        let (code, message) =
            (error["code"].as_str().unwrap_or("unknown"), error["message"].as_str().unwrap_or(&text));
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
        bail!(shown)
    }
}
