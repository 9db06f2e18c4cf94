use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use palisade_types::DeviceId;
use palisade_wire::{CONTENT_TYPE, PROTOCOL, msg};
use prost::Message;
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, Identity};

use crate::Product;

/// A sensor without a machine: speaks the real protocol at the real door, from a test's own data.
pub struct VirtualSensor {
    /// Its connection, with its certificate.
    pub http: Client,
    /// The door.
    pub url: String,
    /// The device that the server made of it.
    pub device: DeviceId,
}

impl VirtualSensor {
    /// Enrols with a token of `palisade enrolment-token`.
    pub async fn enrol(product: &Product, token: &str, name: &str) -> Result<Self> {
        let port = product.record()?["ports"]["ingest"].as_u64().context("the ingest port")?;
        Self::enrol_at(product, u16::try_from(port)?, token, name).await
    }

    /// Enrols at another region's door.
    pub async fn enrol_at(product: &Product, port: u16, token: &str, name: &str) -> Result<Self> {
        let url = format!("https://localhost:{port}");
        let ca = Certificate::from_pem(&std::fs::read(product.home().join("secrets/ca.pem"))?)?;
        let client = || {
            Client::builder()
                .tls_certs_only([ca.clone()])
                .resolve("localhost", SocketAddr::from(([127, 0, 0, 1], port)))
                .no_proxy()
                .timeout(Duration::from_secs(60))
        };
        let key = KeyPair::generate()?;
        let csr = CertificateParams::default().serialize_request(&key)?;
        let request = msg::EnrolRequest {
            protocol: PROTOCOL,
            token: token.to_owned(),
            csr: csr.der().to_vec().into(),
            device: Some(msg::DeviceInfo {
                name: name.to_owned(),
                os_platform: "Linux".into(),
                ..Default::default()
            }),
            previous_device_id: String::new(),
        };
        let answer = post(&client().build()?, &format!("{url}/v1/enrol"), &request).await?;
        let enrolled = msg::EnrolResponse::decode(answer.as_slice())?;
        let pem = format!("{}{}", key.serialize_pem(), certificate_pem(&enrolled.certificate));
        let http = client().identity(Identity::from_pem(pem.as_bytes())?).build()?;
        Ok(Self { http, url, device: enrolled.device_id.parse()? })
    }

    /// Sends batches; the server's word on each.
    pub async fn upload(&self, batches: Vec<msg::SealedBatch>) -> Result<msg::UploadResponse> {
        let request = msg::UploadRequest { protocol: PROTOCOL, batches };
        let answer = post(&self.http, &format!("{}/v1/batches", self.url), &request).await?;
        Ok(msg::UploadResponse::decode(answer.as_slice())?)
    }
}

async fn post(http: &Client, url: &str, body: &impl Message) -> Result<Vec<u8>> {
    let response =
        http.post(url).header("content-type", CONTENT_TYPE).body(body.encode_to_vec()).send().await?;
    let status = response.status();
    let bytes = response.bytes().await?;
    if !status.is_success() {
        let error = msg::Error::decode(bytes.as_ref()).unwrap_or_default();
        bail!("{status}: {} {}", error.code, error.message);
    }
    Ok(bytes.to_vec())
}

fn certificate_pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|i| &text[i..text.len().min(i + 64)]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
