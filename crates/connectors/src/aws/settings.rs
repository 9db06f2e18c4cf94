use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::ConnectorError;

/// The settings of an AWS connector.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsSettings {
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// Another address for EC2, such as that of a VPC endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ec2_endpoint: Option<String>,
    /// Another address for SSM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssm_endpoint: Option<String>,
    /// Only machines with these tags: `key` or `key=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_tags: Vec<String>,
}

impl AwsSettings {
    /// A whole region at its usual addresses.
    pub fn new(region: impl Into<String>) -> Self {
        Self { region: region.into(), ec2_endpoint: None, ssm_endpoint: None, only_tags: Vec::new() }
    }

    /// Checks them; also for whoever stores them.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), ConnectorError> {
        let region = self.region.as_str();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if region.is_empty() || region.len() > 40 || !region.bytes().all(plain) {
            return Err(ConnectorError::Own(format!("{region:?} cannot be a region")));
        }
        if self.only_tags.len() > 50 || self.only_tags.iter().any(|t| t.is_empty() || t.len() > 400) {
            return Err(ConnectorError::Own("there are too many, or empty, tags to choose by".into()));
        }
        self.endpoint("ec2", self.ec2_endpoint.as_deref())?;
        self.endpoint("ssm", self.ssm_endpoint.as_deref()).map(|_| ())
    }

    /// The address of a service.
    pub(super) fn endpoint(&self, service: &str, other: Option<&str>) -> Result<Url, ConnectorError> {
        let tail = if self.region.starts_with("cn-") { ".cn" } else { "" };
        let usual = format!("https://{service}.{}.amazonaws.com{tail}/", self.region);
        let text = other.unwrap_or(&usual);
        let url = Url::parse(text).map_err(|e| ConnectorError::Own(format!("{text:?}: {e}")))?;
        // Credentials are not sent, but what comes back is believed: only this host may skip TLS.
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" => Ok(url),
            "http" if local => Ok(url),
            _ => Err(ConnectorError::Own(format!("{text:?} is not an https address"))),
        }
    }
}
